#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>

#include "cli/repository/repository_options.h"
#include "cli/shared/verbs.h"
#include "engine/base/bytes.h"
#include "engine/store/snapshots/forgotten.h"

namespace backcast::cli {
namespace {

struct Options {
  RepositoryOptions repository;
  std::vector<std::string> tags;
  std::string host;
  bool forgotten = false;
};

bool is_wanted(const store::Snapshot& snapshot, const Options& options) {
  if (!options.host.empty() && snapshot.host != options.host) return false;
  return std::all_of(options.tags.begin(), options.tags.end(), [&](const std::string& tag) {
    return std::find(snapshot.tags.begin(), snapshot.tags.end(), tag) != snapshot.tags.end();
  });
}

struct Listed {
  store::Snapshot snapshot;
  std::optional<Instant> forgotten;
};

reports::Cell time_cell(Instant time) {
  return {format_instant(time), format_instant(from_unix_seconds(unix_seconds(time)))};
}

reports::Table table_of(const std::vector<Listed>& listed, const Options& options) {
  reports::Table table{"snapshots",
                       {{"id", "Snapshot"},
                        {"time", "Time"},
                        {"received", "Received"},
                        {"host", "Host"},
                        {"paths", "Paths", false, true},
                        {"tags", "Tags", false, true},
                        {"files", "Files", true},
                        {"content_bytes", "Size", true},
                        {"added_stored_bytes", "Added", true}},
                       {}};
  table.version = 2;  // paths and tags are lists
  // Only a policy of the repository's own gives any.
  const bool has_expiry =
      std::any_of(listed.begin(), listed.end(), [](const Listed& l) { return l.snapshot.expires; });
  if (has_expiry) table.columns.push_back({"expires", "Expires"});
  if (options.forgotten) table.columns.push_back({"forgotten", "Forgotten"});
  for (const auto& [s, forgotten] : listed) {
    if (!is_wanted(s, options)) continue;
    const std::string id = to_hex(s.id);
    auto& row = table.rows.emplace_back(std::vector<reports::Cell>{
        {id, id.substr(0, 8)},
        time_cell(s.time),
        time_cell(s.received),
        {s.host, ""},
        reports::list_cell(s.paths, " "),
        reports::list_cell(s.tags, ","),
        {std::to_string(s.files), ""},
        {std::to_string(s.content_bytes), format_bytes(s.content_bytes)},
        {std::to_string(s.added_stored_bytes), format_bytes(s.added_stored_bytes)}});
    if (has_expiry) row.push_back(s.expires ? time_cell(*s.expires) : reports::Cell{});
    if (forgotten) row.push_back(time_cell(*forgotten));
  }
  return table;
}

Result<std::vector<Listed>> list_forgotten(Context& context, store::Repository& repository,
                                           const store::SnapshotNames& names) {
  std::vector<Listed> listed;
  for (const store::Forgotten& forgotten : names.forgotten) {
    auto snapshot = store::load_forgotten(repository, forgotten);
    if (!snapshot.ok() && snapshot.error().code == Errc::kNotFound) continue;  // since the listing
    if (!snapshot.ok()) {
      report(context, snapshot.error());
      continue;
    }
    listed.push_back({*std::move(snapshot), forgotten.since});
  }
  std::sort(listed.begin(), listed.end(), [](const Listed& a, const Listed& b) {
    return std::tie(a.snapshot.sequence, a.snapshot.received, a.snapshot.id) <
           std::tie(b.snapshot.sequence, b.snapshot.received, b.snapshot.id);
  });
  return listed;
}

Status run(Context& context, const Options& options) {
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kWrite));
  BACKCAST_TRY(const auto names, store::list_snapshot_names(*repository));
  std::vector<Listed> listed;
  if (options.forgotten) {
    BACKCAST_TRY(listed, list_forgotten(context, *repository, names));
  } else {
    std::vector<Error> damaged;
    BACKCAST_TRY(auto snapshots, store::load_snapshots(*repository, &damaged));
    for (const Error& error : damaged) report(context, error);
    for (store::Snapshot& snapshot : snapshots) listed.push_back({std::move(snapshot), {}});
  }
  print(context, table_of(listed, options));
  if (!options.forgotten && !names.forgotten.empty()) {
    note(context, fmt::format("{} forgotten snapshots wait for prune: --forgotten lists them, "
                              "unforget brings them back",
                              names.forgotten.size()));
  }
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
  verb->add_flag("--forgotten", options->forgotten,
                 "Those that wait for prune, with when they were forgotten");
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
