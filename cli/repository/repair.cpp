#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "cli/repository/repository_options.h"
#include "cli/repository/wait_option.h"
#include "cli/shared/progress.h"
#include "cli/shared/verbs.h"
#include "engine/base/text.h"
#include "engine/store/upkeep/repair.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

struct Options {
  RepositoryOptions repository;
  store::RepairOptions repair;
  std::string wait = kDefaultWait;
};

json list_of(const std::vector<store::Damage>& all, const char* name) {
  json out = json::array();
  for (const auto& d : all) out.push_back({{name, d.object}, {"what", d.what}});
  return out;
}

void print_json(const store::RepairResult& r) {
  json snapshots = json::array();
  for (const auto& s : r.snapshots) {
    json out = {{"snapshot", to_hex(s.id)}, {"what", s.what}, {"lost", list_of(s.files, "path")}};
    if (s.rewritten) out["rewritten"] = to_hex(*s.rewritten);
    snapshots.push_back(out);
  }
  const json out = {{"type", "summary"},
                    {"version", 1},
                    {"ok", r.is_whole()},
                    {"set_aside", list_of(r.set_aside, "object")},
                    {"listed_packs", r.listed_packs},
                    {"missing_packs", r.missing_packs},
                    {"damaged_packs", r.damaged_packs},
                    {"moved_chunks", r.moved_chunks},
                    {"lost_chunks", r.lost_chunks},
                    {"mended_records", r.mended_records},
                    {"vanished_snapshots", r.vanished_snapshots},
                    {"left", list_of(r.left, "object")},
                    {"snapshots", snapshots}};
  print(out.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

void print_snapshot(const store::RepairedSnapshot& snapshot) {
  const std::string id = to_hex(snapshot.id).substr(0, 8);
  print(fmt::format("snapshot {}: {}\n", id, printable(snapshot.what, 4096)));
  for (const auto& file : snapshot.files) {
    print(fmt::format("  lost   {}: {}\n", printable(file.object, 4096), file.what));
  }
  if (snapshot.rewritten) {
    print(
        fmt::format("  written anew without it as {}\n", to_hex(*snapshot.rewritten).substr(0, 8)));
  }
}

void print_text(const Context& context, const Options& options, const store::RepairResult& r) {
  const bool dry = options.repair.dry_run;
  summarize(context,
            fmt::format("{} {} missing and {} damaged packs{}, listed {} again\n",
                        dry ? "Would drop" : "Dropped", r.missing_packs, r.damaged_packs,
                        r.moved_chunks > 0 ? fmt::format(" ({} whole chunks kept)", r.moved_chunks)
                                           : std::string(),
                        r.listed_packs));
  for (const auto& aside : r.set_aside) {
    print(fmt::format("{} {}: {}\n", dry ? "damaged  " : "set aside", aside.object,
                      printable(aside.what, 4096)));
  }
  for (const auto& left : r.left) {
    print(fmt::format("left as it is {}: {}\n", left.object, printable(left.what, 4096)));
  }
  if (r.vanished_snapshots > 0) {
    print(fmt::format("{} snapshots vanished, neither here nor forgotten; noted\n",
                      r.vanished_snapshots));
  }
  for (const auto& snapshot : r.snapshots) print_snapshot(snapshot);
  if (r.is_whole()) {
    summarize(context, "Everything that is left is whole\n");
    return;
  }
  if (r.lost_chunks > 0) print(fmt::format("{} chunks are lost\n", r.lost_chunks));
  if (r.snapshots.empty()) return;
  note(context,
       "Back up now: what the source still has is stored again and heals these snapshots. What is "
       "left then, repair --rewrite-snapshots writes anew without what is lost.");
}

Status run(Context& context, Options& options) {
  store::RepairProgress progress;
  BACKCAST_TRY(options.repair.wait, waiting(context, options.wait, progress.stop));
  BACKCAST_TRY(const auto repository, options.repair.rewrite_snapshots
                                          ? open_repository(options.repository, Access::kRead)
                                          : open_repository_as_given(options.repository));
  if (repository->is_unlocking()) BACKCAST_CHECK(repository->unlock());
  const auto state = [&]() -> reports::ProgressState { return {progress.bytes}; };
  auto result = [&] {
    ProgressLine line(context, "repairing", state, progress.stop);
    return store::repair(*repository, options.repair, progress);
  }();
  if (!result.ok()) return result.error();
  if (context.format == Format::kJson) {
    print_json(*result);
  } else {
    print_text(context, options, *result);
  }
  if (!result->is_whole()) context.exit_code = 1;
  return kOk;
}

}  // namespace

void add_repair(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "repair",
      "Mend what check found; sets aside what is bad, deletes nothing\n\n"
      "  backcast check /srv/backup --read-data    # finds and records damage\n"
      "  backcast backup /srv/backup /home         # stores again what the source still has\n"
      "  backcast repair /srv/backup               # tidies up");
  add_repository_options(*verb, options->repository);
  verb->add_flag("--read-data", options->repair.read_data,
                 "Read every pack, not only those that are known to be damaged");
  verb->add_flag("--rewrite-snapshots", options->repair.rewrite_snapshots,
                 "Write damaged snapshots anew without what is lost; needs the passphrase");
  verb->add_flag("-n,--dry-run", options->repair.dry_run, "Only say what would be done");
  add_wait_option(*verb, options->wait);
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
