#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "cli/repository_options.h"
#include "cli/verbs.h"
#include "engine/base/bytes.h"
#include "engine/store/snapshot.h"

namespace backcast::cli {
namespace {

struct Options {
  RepositoryOptions repository;
  std::vector<std::string> tags;
  std::string host;
};

bool is_wanted(const store::Snapshot& snapshot, const Options& options) {
  if (!options.host.empty() && snapshot.host != options.host) return false;
  return std::all_of(options.tags.begin(), options.tags.end(), [&](const std::string& tag) {
    return std::find(snapshot.tags.begin(), snapshot.tags.end(), tag) != snapshot.tags.end();
  });
}

Status run(Context& context, const Options& options) {
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kWrite));
  std::vector<Error> damaged;
  BACKCAST_TRY(const auto snapshots, store::load_snapshots(*repository, &damaged));
  for (const Error& error : damaged) report(context, error);
  reports::Table table{"snapshots",
                       {{"id", "Snapshot"},
                        {"time", "Time"},
                        {"received", "Received"},
                        {"host", "Host"},
                        {"paths", "Paths"},
                        {"tags", "Tags"},
                        {"files", "Files", true},
                        {"content_bytes", "Size", true},
                        {"added_stored_bytes", "Added", true}},
                       {}};
  for (const store::Snapshot& s : snapshots) {
    if (!is_wanted(s, options)) continue;
    const std::string id = to_hex(s.id);
    table.rows.push_back(
        {{id, id.substr(0, 8)},
         {format_instant(s.time), format_instant(from_unix_seconds(unix_seconds(s.time)))},
         {format_instant(s.received),
          s.received == s.time ? "" : format_instant(from_unix_seconds(unix_seconds(s.received)))},
         {s.host, ""},
         {fmt::format("{}", fmt::join(s.paths, " ")), ""},
         {fmt::format("{}", fmt::join(s.tags, ",")), ""},
         {std::to_string(s.files), ""},
         {std::to_string(s.content_bytes), format_bytes(s.content_bytes)},
         {std::to_string(s.added_stored_bytes), format_bytes(s.added_stored_bytes)}});
  }
  print(context, table);
  return kOk;
}

}  // namespace

void add_snapshots(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb =
      app.add_subcommand("snapshots", "List snapshots\n\n  backcast snapshots /srv/backup");
  add_repository_options(*verb, options->repository);
  verb->add_option("--tag", options->tags, "Only those with this tag; all of several");
  verb->add_option("--host", options->host, "Only those of this machine");
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
