#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/progress.h"
#include "cli/repository_options.h"
#include "cli/verbs.h"
#include "engine/base/bytes.h"
#include "engine/store/copy.h"
#include "engine/store/forgotten.h"

namespace backcast::cli {
namespace {

struct Options {
  RepositoryOptions from;
  std::string to;
  std::vector<std::string> snapshots;
};

// The source needs its private key only where the two are of different projects.
Result<std::unique_ptr<store::Repository>> open_source(const Options& options,
                                                       const store::Repository& to) {
  BACKCAST_TRY(const store::Config config, store::read_config(env::posix_env(), options.from.path));
  const bool same_project = config.project == to.config().project;
  return open_repository(options.from, same_project ? Access::kWrite : Access::kRead);
}

Status run(Context& context, const Options& options) {
  RepositoryOptions target = options.from;
  target.path = options.to;
  BACKCAST_TRY(const auto to, open_repository(target, Access::kWrite));
  BACKCAST_TRY(const auto from, open_source(options, *to));
  BACKCAST_TRY(const auto all, store::load_snapshots(*from));
  std::vector<store::Snapshot> chosen;
  for (const std::string& name : options.snapshots) {
    BACKCAST_TRY(store::Snapshot snapshot, store::find_snapshot(*from, all, name));
    chosen.push_back(std::move(snapshot));
  }
  if (options.snapshots.empty()) chosen = all;
  store::CopyProgress progress;
  auto result = [&] {
    ProgressLine line(
        context,
        [&]() -> ProgressState {
          return {progress.bytes, 0, 0, "copied"};
        },
        progress.stop);
    return store::copy_snapshots(*from, *to, chosen, progress);
  }();
  if (!result.ok()) return result.error();
  if (context.format == Format::kJson) {
    print(
        fmt::format("{{\"type\": \"summary\", \"version\": 1, \"copied\": {}, \"present\": {}, "
                    "\"chunks\": {}, \"stored_bytes\": {}, \"unsealed\": {}}}\n",
                    result->copied.size(), result->present.size(), result->chunks,
                    result->stored_bytes, result->unsealed));
    return kOk;
  }
  summarize(context,
            fmt::format("Copied {} snapshots, {} in {} chunks{}\n", result->copied.size(),
                        format_bytes(result->stored_bytes), result->chunks,
                        result->unsealed ? ", opened and sealed anew" : ", sealed as they are"));
  if (!result->present.empty()) {
    summarize(context, fmt::format("{} were there already\n", result->present.size()));
  }
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
  verb->add_option("snapshots", options->snapshots, "Which (default: all)");
  verb->add_option("--to", options->to, "Repository to copy into")->required();
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
