#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <nlohmann/json.hpp>

#include "cli/repository/repository_options.h"
#include "cli/shared/progress.h"
#include "cli/shared/verbs.h"
#include "engine/base/bytes.h"
#include "engine/base/text.h"
#include "engine/store/snapshots/forgotten.h"
#include "engine/store/work/copy.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

struct Options {
  RepositoryOptions from;
  std::string to;
  std::vector<std::string> snapshots;
};

// The source needs its private key only where the target cannot read what it sealed.
Result<std::unique_ptr<store::Repository>> open_source(const Options& options,
                                                       const store::Repository& to) {
  BACKCAST_TRY(const store::Config config, store::read_config(env::posix_env(), options.from.path));
  const bool is_sealed = store::shares_keys(config, to.config());
  return open_repository(options.from, is_sealed ? Access::kWrite : Access::kRead);
}

void print_json(const store::CopyResult& result, const std::vector<Error>& unreadable) {
  json skipped = json::array(), damage = json::array();
  for (const auto& s : result.skipped) {
    skipped.push_back({{"snapshot", to_hex(s.id)}, {"what", s.what}});
  }
  for (const auto& d : result.damage) damage.push_back({{"object", d.object}, {"what", d.what}});
  for (const Error& e : unreadable)
    damage.push_back({{"object", "snapshots"}, {"what", e.message}});
  const json out = {{"type", "summary"},
                    {"version", 1},
                    {"copied", result.copied.size()},
                    {"present", result.present.size()},
                    {"chunks", result.chunks},
                    {"stored_bytes", result.stored_bytes},
                    {"unsealed", result.unsealed},
                    {"skipped", skipped},
                    {"damage", damage}};
  print(out.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

void print_text(const Context& context, const store::CopyResult& result,
                const std::vector<Error>& unreadable) {
  summarize(context,
            fmt::format("Copied {} snapshots, {} in {} chunks{}\n", result.copied.size(),
                        format_bytes(result.stored_bytes), result.chunks,
                        result.unsealed ? ", opened and sealed anew" : ", sealed as they are"));
  if (!result.present.empty()) {
    summarize(context, fmt::format("{} were there already\n", result.present.size()));
  }
  for (const auto& damage : result.damage) {
    print(fmt::format("damaged  {}: {}\n", damage.object, printable(damage.what, 4096)));
  }
  for (const Error& error : unreadable) print(fmt::format("damaged  {}\n", error.message));
  for (const auto& skipped : result.skipped) {
    print(fmt::format("skipped  {}: needs {}\n", to_hex(skipped.id).substr(0, 8),
                      printable(skipped.what, 4096)));
  }
  if (!result.skipped.empty()) {
    note(context,
         "A backup of the source stores again what it still has; then copy again. backcast repair "
         "--rewrite-snapshots keeps of a snapshot what is whole.");
  }
}

Status run(Context& context, const Options& options) {
  RepositoryOptions target = options.from;
  target.path = options.to;
  BACKCAST_TRY(const auto to, open_repository(target, Access::kWrite));
  BACKCAST_TRY(const auto from, open_source(options, *to));
  std::vector<Error> unreadable;
  BACKCAST_TRY(const auto all, store::load_snapshots(*from, &unreadable));
  std::vector<store::Snapshot> chosen;
  for (const std::string& name : options.snapshots) {
    BACKCAST_TRY(store::Snapshot snapshot, store::find_snapshot(*from, all, name));
    chosen.push_back(std::move(snapshot));
  }
  if (options.snapshots.empty()) chosen = all;
  store::CopyProgress progress;
  auto result = [&] {
    const auto state = [&]() -> reports::ProgressState { return {progress.bytes}; };
    ProgressLine line(context, "copying", state, progress.stop);
    return store::copy_snapshots(*from, *to, chosen, progress);
  }();
  if (!result.ok()) return result.error();
  if (context.format == Format::kJson) {
    print_json(*result, unreadable);
  } else {
    print_text(context, *result, unreadable);
  }
  const bool is_all = result->skipped.empty() && unreadable.empty();
  if (!is_all || !result->damage.empty()) context.exit_code = 1;
  return kOk;
}

}  // namespace

void add_copy(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "copy",
      "Copy snapshots into another repository\n\n"
      "  backcast init /mnt/second --like /srv/backup    # same keys: nothing is opened\n"
      "  backcast copy /srv/backup --to /mnt/second");
  add_repository_options(*verb, options->from);
  verb->add_option("snapshots", options->snapshots, "Snapshots to copy (default: all)");
  verb->add_option("--to", options->to, "Repository to copy into")->required();
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
