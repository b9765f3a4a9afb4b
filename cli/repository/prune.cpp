#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "cli/repository/repository_options.h"
#include "cli/repository/wait_option.h"
#include "cli/shared/progress.h"
#include "cli/shared/verbs.h"
#include "engine/base/bytes.h"
#include "engine/base/text.h"
#include "engine/store/upkeep/prune.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

struct Options {
  RepositoryOptions repository;
  store::PruneOptions prune;
  std::string grace = "1d", wait = kDefaultWait;
};

void print_json(const store::PruneResult& r) {
  json damage = json::array();
  for (const auto& d : r.damage) damage.push_back({{"object", d.object}, {"what", d.what}});
  const json out = {{"type", "summary"},
                    {"version", 1},
                    {"packs", r.packs},
                    {"stored_bytes", r.stored_bytes},
                    {"unused_bytes", r.unused_bytes},
                    {"copied_bytes", r.copied_bytes},
                    {"marked_packs", r.marked_packs},
                    {"marked_bytes", r.marked_bytes},
                    {"deleted_packs", r.deleted_packs},
                    {"deleted_bytes", r.deleted_bytes},
                    {"rescued_packs", r.rescued_packs},
                    {"orphans", r.orphans},
                    {"orphan_bytes", r.orphan_bytes},
                    {"deleted_snapshots", r.deleted_snapshots},
                    {"forgotten_snapshots", r.forgotten_snapshots},
                    {"others_at_work", r.others_at_work},
                    {"held_back", r.held_back},
                    {"damage", damage}};
  print(out.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

void print_text(const Context& context, const Options& options, const store::PruneResult& r) {
  summarize(context, fmt::format("Unused: {}; copied {} out of packs that were mostly unused\n",
                                 format_bytes(r.unused_bytes), format_bytes(r.copied_bytes)));
  summarize(context, fmt::format("Deleted {} packs, {}\n", r.deleted_packs + r.orphans,
                                 format_bytes(r.deleted_bytes + r.orphan_bytes)));
  summarize(context, fmt::format("Left: {} packs, {}\n", r.packs, format_bytes(r.stored_bytes)));
  if (r.deleted_snapshots > 0) {
    summarize(context,
              fmt::format("Deleted {} forgotten snapshots for good\n", r.deleted_snapshots));
  }
  if (r.forgotten_snapshots > 0) {
    note(context, fmt::format("{} forgotten snapshots still wait; unforget brings them back",
                              r.forgotten_snapshots));
  }
  for (const auto& damage : r.damage) {
    print(fmt::format("damaged  {}: {}\n", damage.object, printable(damage.what, 4096)));
  }
  if (!r.held_back.empty()) {
    print(fmt::format("Nothing that snapshots may need was deleted: {}\n",
                      printable(r.held_back, 4096)));
  }
  if (r.rescued_packs > 0) {
    summarize(context, fmt::format("{} marked packs were taken back, for they are needed\n",
                                   r.rescued_packs));
  }
  if (!r.damage.empty()) {
    note(context, "What is damaged was left as it is; backcast repair mends what can be mended.");
  }
  if (r.marked_packs > 0) {
    note(context,
         fmt::format("{} packs, {}, are marked; {}", r.marked_packs, format_bytes(r.marked_bytes),
                     r.others_at_work > 0
                         ? "others are at work, so a later prune deletes them"
                         : "a prune after the grace period of " + options.grace + " deletes them"));
  }
}

Status run(Context& context, Options& options) {
  if (options.grace == "0") options.grace = "0s";
  BACKCAST_TRY(options.prune.grace, parse_duration(options.grace));
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kWrite));
  store::PruneProgress progress;
  BACKCAST_TRY(options.prune.wait, waiting(context, options.wait, progress.stop));
  const auto state = [&]() -> reports::ProgressState { return {progress.copied_bytes}; };
  auto result = [&] {
    ProgressLine line(context, "copying out of old packs", state, progress.stop);
    return store::prune(*repository, options.prune, progress);
  }();
  if (!result.ok()) return result.error();
  if (context.format == Format::kJson) {
    print_json(*result);
  } else {
    print_text(context, options, *result);
  }
  if (!result->damage.empty()) context.exit_code = 1;
  return kOk;
}

}  // namespace

void add_prune(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("prune",
                                  "Free the space of forgotten snapshots\n\n"
                                  "  backcast prune /srv/backup\n\n"
                                  "Marks what is not needed; the next prune after the grace "
                                  "period deletes it.");
  add_repository_options(*verb, options->repository);
  verb->add_option("--grace", options->grace,
                   "Time between marking and deleting; 0 deletes at once")
      ->capture_default_str();
  verb->add_option("--max-unused", options->prune.max_unused_percent,
                   "Percent of the stored bytes that may stay as holes")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  add_wait_option(*verb, options->wait);
  verb->add_flag("-n,--dry-run", options->prune.dry_run, "Only say what would be done");
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
