#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/repository/snapshot_choice.h"
#include "cli/shared/verbs.h"
#include "engine/base/bytes.h"
#include "engine/base/text.h"
#include "engine/store/work/diff.h"

namespace backcast::cli {
namespace {

struct Options {
  RepositoryOptions repository;
  std::string older, newer = "latest", path;
  bool metadata = false;
};

const char* sign_of(store::Change change) {
  switch (change) {
    case store::Change::kAdded:
      return "+";
    case store::Change::kRemoved:
      return "-";
    case store::Change::kContent:
      return "M";
    case store::Change::kMetadata:
      return "U";
    case store::Change::kKind:
      return "T";
  }
  return "?";
}

Status run(Context& context, const Options& options) {
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kRead));
  std::vector<Error> damaged;  // those that are not meant do not stand in the way
  BACKCAST_TRY(const auto all, store::load_snapshots(*repository, &damaged));
  BACKCAST_TRY(const auto older, store::find_snapshot(*repository, all, options.older));
  BACKCAST_TRY(const auto newer, store::find_snapshot(*repository, all, options.newer));
  BACKCAST_TRY(const auto result,
               store::diff(*repository, older, newer, store::Selection(options.path)));
  reports::Table table{"diff",
                       {{"change", "Change"},
                        {"path", "Path"},
                        {"old_bytes", "Old", true},
                        {"new_bytes", "New", true}},
                       {}};
  for (const store::DiffEntry& entry : result.entries) {
    if (entry.change == store::Change::kMetadata && !options.metadata) continue;
    table.rows.push_back({{sign_of(entry.change), ""},
                          {"/" + entry.path, ""},
                          {std::to_string(entry.old_bytes), format_bytes(entry.old_bytes)},
                          {std::to_string(entry.new_bytes), format_bytes(entry.new_bytes)}});
  }
  print(context, table);
  note(context, fmt::format("{} added, {} removed, {} changed, {} unchanged; contents: {} came, "
                            "{} went",
                            result.added, result.removed, result.changed, result.unchanged,
                            format_bytes(result.added_bytes), format_bytes(result.removed_bytes)));
  return kOk;
}

}  // namespace

void add_diff(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("diff",
                                  "What changed between two snapshots\n\n"
                                  "  backcast diff /srv/backup 1a2b3c4d latest\n\n"
                                  "+ added, - removed, M content, T kind, U metadata only");
  add_repository_options(*verb, options->repository);
  verb->add_option("older", options->older, "First digits of its id")->required();
  verb->add_option("newer", options->newer, "Snapshot: first digits of its id, or latest")
      ->capture_default_str();
  verb->add_option("--path", options->path, "Only this path");
  verb->add_flag("--metadata", options->metadata, "Show what changed in metadata only, too");
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
