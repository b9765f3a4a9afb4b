#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/progress.h"
#include "cli/repository_options.h"
#include "cli/verbs.h"
#include "engine/base/bytes.h"
#include "engine/store/prune.h"

namespace backcast::cli {
namespace {

struct Options {
  RepositoryOptions repository;
  store::PruneOptions prune;
  std::string grace = "1d";
};

void print_json(const store::PruneResult& r) {
  print(fmt::format(
      "{{\"type\": \"summary\", \"version\": 1, \"packs\": {}, \"stored_bytes\": {}, "
      "\"unused_bytes\": {}, \"copied_bytes\": {}, \"marked_packs\": {}, \"marked_bytes\": {}, "
      "\"deleted_packs\": {}, \"deleted_bytes\": {}, \"rescued_packs\": {}, \"orphans\": {}, "
      "\"orphan_bytes\": {}, \"deleted_snapshots\": {}, \"forgotten_snapshots\": {}, "
      "\"others_at_work\": {}}}\n",
      r.packs, r.stored_bytes, r.unused_bytes, r.copied_bytes, r.marked_packs, r.marked_bytes,
      r.deleted_packs, r.deleted_bytes, r.rescued_packs, r.orphans, r.orphan_bytes,
      r.deleted_snapshots, r.forgotten_snapshots, r.others_at_work));
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
  const auto state = [&]() -> ProgressState { return {progress.copied_bytes, 0, 0, "copied"}; };
  auto result = [&] {
    ProgressLine line(context, state, progress.stop);
    return store::prune(*repository, options.prune, progress);
  }();
  if (!result.ok()) return result.error();
  if (context.format == Format::kJson) {
    print_json(*result);
  } else {
    print_text(context, options, *result);
  }
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
  verb->add_flag("-n,--dry-run", options->prune.dry_run, "Only say what would be done");
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
