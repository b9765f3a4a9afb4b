#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/repository/repository_options.h"
#include "cli/shared/verbs.h"
#include "engine/store/snapshots/forgotten.h"

namespace backcast::cli {
namespace {

struct Options {
  RepositoryOptions repository;
  std::vector<std::string> snapshots;
};

reports::Table table_of(const store::UnforgetResult& result) {
  reports::Table table{"unforget", {{"id", "Snapshot"}, {"action", "Action"}}, {}};
  const auto add = [&](const store::Id& snapshot, const char* action) {
    const std::string id = to_hex(snapshot);
    table.rows.push_back({{id, id.substr(0, 8)}, {action, ""}});
  };
  for (const store::Id& id : result.back) add(id, "back");
  for (const store::Id& id : result.present) add(id, "there already");
  return table;
}

Status run(Context& context, const Options& options) {
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kWrite));
  BACKCAST_TRY(const auto result, store::unforget(*repository, options.snapshots));
  summarize(context, table_of(result));
  return kOk;
}

}  // namespace

void add_unforget(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("unforget",
                                  "Bring back snapshots that forget set aside\n\n"
                                  "  backcast snapshots /srv/backup --forgotten\n"
                                  "  backcast unforget /srv/backup 1a2b3c4d\n\n"
                                  "Until prune has deleted them or data that only they need.");
  add_repository_options(*verb, options->repository);
  verb->add_option("snapshots", options->snapshots, "At least 4 digits of each id")->required();
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
