#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>

#include "cli/repository/repository_options.h"
#include "cli/shared/verbs.h"
#include "engine/base/bytes.h"
#include "engine/base/text.h"
#include "engine/store/format/chunker.h"
#include "engine/store/packs/load_index.h"
#include "engine/store/snapshots/presence.h"

namespace backcast::cli {
namespace {

// Gaps whose losses calibration fits the survival curve to.
constexpr std::uint32_t kGaps[] = {1, 2, 4, 7, 14, 28, 56};

struct Options {
  RepositoryOptions repository;
  std::string host;
  std::vector<std::string> paths;
  bool presence = false;
};

void print_presence(const store::Presence& presence) {
  print(fmt::format("# generations={} mean_chunk_kib={} bytes=stored\n", presence.snapshot_count(),
                    store::kDataSizes.target >> 10));
  print("present,bytes\n");
  for (const auto& pattern : presence.patterns()) {
    std::string runs;
    for (const auto& run : pattern.runs) {
      runs += fmt::format("{}{}-{}", runs.empty() ? "" : ";", run.first, run.last);
    }
    print(fmt::format("{},{}\n", runs, pattern.stored_bytes));
  }
}

void note_totals(const Context& context, const store::Index& index,
                 const store::Presence& presence) {
  const std::uint64_t needed = presence.needed_bytes();
  std::uint64_t stored = 0, packs_bytes = 0;
  for (const auto& pack : index.packs()) packs_bytes += pack.size_bytes;
  for (const auto& entry : index.entries()) stored += entry.stored_bytes;
  note(context, fmt::format("{} in {} packs; {} needed by the snapshots shown, {} not",
                            format_bytes(packs_bytes), index.packs().size(), format_bytes(needed),
                            format_bytes(stored - needed)));
}

// A history is one source's: mixed with another, each would seem to replace all of the other.
using Source = std::pair<std::string, std::vector<std::string>>;  // host, paths
using Histories = std::map<Source, std::vector<store::Snapshot>>;

Histories histories_of(std::vector<store::Snapshot> snapshots, const Options& options) {
  std::vector<std::string> wanted = options.paths;
  std::sort(wanted.begin(), wanted.end());
  Histories histories;
  for (store::Snapshot& s : snapshots) {
    std::vector<std::string> paths = s.paths;
    std::sort(paths.begin(), paths.end());
    if (!options.host.empty() && s.host != options.host) continue;
    if (!wanted.empty() && paths != wanted) continue;
    histories[{s.host, paths}].push_back(std::move(s));
  }
  return histories;
}

Error several_sources(const Histories& histories) {
  std::string all;
  for (const auto& [source, snapshots] : histories) {
    all += (all.empty() ? "" : "; ") + printable(source.first);
    for (const std::string& path : source.second) all += ' ' + printable(path);
    if (all.size() > 1000) break;
  }
  return bad_input(
      fmt::format("a presence table is of one source; here are {}: {}", histories.size(), all),
      "choose one by --host and --path");
}

reports::Table empty_table() {
  reports::Table table{"stats",
                       {{"id", "Snapshot"},
                        {"time", "Time"},
                        {"host", "Host"},
                        {"paths", "Paths", false, true},
                        {"content_bytes", "Content", true},
                        {"size_bytes", "Stored", true},
                        {"new_bytes", "New", true}},
                       {}};
  table.version = 2;  // paths are a list; what is new or lost is so within one host and its paths
  for (const std::uint32_t gap : kGaps) {
    table.columns.push_back(
        {fmt::format("lost_{}_bytes", gap), fmt::format("Lost since {}", gap), true});
  }
  return table;
}

void add_rows(reports::Table& table, const std::vector<store::Snapshot>& snapshots,
              const store::Presence& presence) {
  const auto bytes = [](std::uint64_t n) {
    return reports::Cell{std::to_string(n), format_bytes(n)};
  };
  std::vector<std::vector<std::uint64_t>> lost;  // by gap, then snapshot
  for (const std::uint32_t gap : kGaps) lost.push_back(presence.lost_bytes(gap));
  for (std::uint32_t i = 0; i < snapshots.size(); ++i) {
    const store::Snapshot& s = snapshots[i];
    const std::string id = to_hex(s.id);
    std::vector<reports::Cell> row{{id, id.substr(0, 8)},
                                   {format_instant(s.time), ""},
                                   {s.host, ""},
                                   reports::list_cell(s.paths, " "),
                                   bytes(s.content_bytes),
                                   bytes(presence.stored_bytes(i)),
                                   bytes(presence.new_bytes(i))};
    for (std::size_t g = 0; g < std::size(kGaps); ++g) {
      row.push_back(kGaps[g] > i ? reports::Cell{} : bytes(lost[g][i]));
    }
    table.rows.push_back(std::move(row));
  }
}

Status run(Context& context, const Options& options) {
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kWrite));
  // Snapshots before the index: what is listed is in the index that is read after it.
  BACKCAST_TRY(auto snapshots, store::load_snapshots(*repository));
  BACKCAST_TRY(const store::Index index, load_index(*repository));
  const Histories histories = histories_of(std::move(snapshots), options);
  if (options.presence && histories.size() > 1) return several_sources(histories);
  if (histories.empty() && (options.presence || !options.host.empty() || !options.paths.empty())) {
    return Error{
        Errc::kNotFound, "no snapshot is of that kind", {}, "backcast snapshots lists all"};
  }
  store::PackFiles packs(*repository, index);
  reports::Table table = empty_table();
  for (const auto& [source, history] : histories) {
    BACKCAST_TRY(const auto presence, store::Presence::of(packs, history));
    if (options.presence) {
      print_presence(presence);
      return kOk;
    }
    add_rows(table, history, presence);
    if (histories.size() == 1 && context.format == Format::kText) {
      print(context, table);
      note_totals(context, index, presence);
      return kOk;
    }
  }
  print(context, table);
  if (context.format != Format::kText) return kOk;
  std::vector<store::Snapshot> shown;
  for (const auto& [source, history] : histories) {
    shown.insert(shown.end(), history.begin(), history.end());
  }
  BACKCAST_TRY(const auto presence, store::Presence::of(packs, shown));
  note_totals(context, index, presence);
  return kOk;
}

}  // namespace

Result<std::string> stats_document(const RepositoryOptions& options) {
  BACKCAST_TRY(const auto repository, open_repository(options, Access::kWrite));
  BACKCAST_TRY(auto snapshots, store::load_snapshots(*repository));
  BACKCAST_TRY(const store::Index index, load_index(*repository));
  store::PackFiles packs(*repository, index);
  reports::Table table = empty_table();
  for (const auto& [source, history] : histories_of(std::move(snapshots), {})) {
    BACKCAST_TRY(const auto presence, store::Presence::of(packs, history));
    add_rows(table, history, presence);
  }
  return reports::to_json(table);
}

void add_stats(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "stats",
      "What each snapshot stores, adds and has lost within its host and paths: what calibrate "
      "reads\n\n"
      "  backcast stats /srv/backup --json > history.json\n"
      "  backcast stats /srv/backup --presence > presence.csv   # exact for any subset");
  add_repository_options(*verb, options->repository);
  verb->add_option("--host", options->host, "Only snapshots of this machine");
  verb->add_option("--path", options->paths,
                   "Only snapshots of exactly this path; may be given often")
      ->expected(1)
      ->take_all();
  verb->add_flag("--presence", options->presence, "Bytes by the snapshots that hold them");
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
