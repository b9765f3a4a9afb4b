// backcast import: another tool's snapshots as a history of ours.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "cli/policy/history_input.h"
#include "cli/shared/verbs.h"
#include "engine/base/document.h"

namespace backcast::cli {
namespace {

struct Options {
  std::string tool;
  std::string path = "-";
  std::string zone = "UTC";
  std::string stats;
};

Status run(const Options& options, Context& context) {
  BACKCAST_TRY(const policy::Zone zone, policy::Zone::find(options.zone));
  BACKCAST_TRY(policy::History history, read_history(options.path, options.tool, zone));
  if (!options.stats.empty()) {
    if (options.tool != "restic") return bad_input("--stats belongs to restic");
    BACKCAST_TRY(const std::string text, read_text_file(options.stats, 1 << 20));
    BACKCAST_CHECK(policy::add_restic_stats(history, text, {options.stats, zone}));
  }
  print(policy::to_json(history));
  if (history.snapshots.empty()) {
    note(context, "imported no restore point: the export is empty");
    return kOk;
  }
  const auto [oldest, newest] = std::minmax_element(
      history.snapshots.begin(), history.snapshots.end(),
      [](const policy::Snapshot& a, const policy::Snapshot& b) { return a.time < b.time; });
  note(context, fmt::format("imported {} restore points from {} to {}", history.snapshots.size(),
                            format_instant(oldest->time), format_instant(newest->time)));
  return kOk;
}

}  // namespace

void add_import(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "import",
      "Read another tool's snapshots into a history\n\n"
      "  restic snapshots --json | backcast import restic > history.json\n"
      "  borg info --json --last 999 REPO > borg.json; backcast import borg borg.json\n"
      "  kopia snapshot list --json --all | backcast import kopia\n"
      "  zfs list -H -p -t snapshot -o name,creation,used,refer | backcast import zfs\n"
      "  backcast import csv FILE   # columns: id,time,size_bytes,tags,host,paths,protected,...\n");
  verb->add_option("TOOL", options->tool, "restic, borg, kopia, zfs, csv or backcast")->required();
  verb->add_option("FILE", options->path, "The export; - is standard input")->capture_default_str();
  verb->add_option("--zone", options->zone, "Zone of times written without an offset")
      ->capture_default_str();
  verb->add_option("--stats", options->stats,
                   "Output of restic stats --json --mode raw-data: the size of the repository");
  verb->callback([options, &context] {
    const Status status = run(*options, context);
    if (!status.ok()) report(context, status.error());
  });
}

}  // namespace backcast::cli
