#include <fmt/format.h>
#include <unistd.h>
#include <CLI/CLI.hpp>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/repository/repository_options.h"
#include "cli/shared/print_json.h"
#include "cli/shared/progress.h"
#include "cli/shared/verbs.h"
#include "engine/base/bytes.h"
#include "engine/base/document.h"
#include "engine/base/text.h"
#include "engine/source/exclude.h"
#include "engine/store/work/backup.h"

namespace backcast::cli {
namespace {

using nlohmann::json;

struct Options {
  RepositoryOptions repository;
  store::BackupOptions backup;
  std::vector<std::string> exclude_files;
  std::vector<std::string> command;
  std::string time;
  bool from_stdin = false, from_command = false, no_cache = false;
};

std::string own_host() {
  char name[256] = {};
  ::gethostname(name, sizeof name - 1);
  return name;
}

constexpr std::uint64_t kMaxExcludeFileBytes = 16 << 20;

// What says how folders are read means nothing for a pipe, and the other way round.
Status check_fit(const CLI::App& verb, bool piped) {
  constexpr const char* kForFolders[] = {"--exclude",         "--exclude-file", "--exclude-caches",
                                         "--one-file-system", "--read-all",     "--dry-run",
                                         "--no-cache"};
  constexpr const char* kForPipes[] = {"--stdin-name"};
  const auto is_given = [&](const char* name) { return verb.get_option(name)->count() > 0; };
  for (const char* name : kForFolders) {
    if (!piped || !is_given(name)) continue;
    return bad_input(std::string(name) + " is for folders", "a pipe is saved as it comes");
  }
  for (const char* name : kForPipes) {
    if (piped || !is_given(name)) continue;
    return bad_input(std::string(name) + " is for a pipe",
                     "give --stdin or --stdin-from-command, too");
  }
  return kOk;
}

Status prepare(Options& options) {
  if (!options.time.empty()) {
    BACKCAST_TRY(const StampedInstant time, parse_instant(options.time));
    options.backup.time = time.instant;
  }
  for (const std::string& file : options.exclude_files) {
    BACKCAST_TRY(const std::string text, read_text_file(file, kMaxExcludeFileBytes));
    for (std::string& line : source::exclude_lines(text)) {
      options.backup.walk.excludes.push_back(std::move(line));
    }
  }
  // A snapshot says where its folders are on the machine, wherever the command was given.
  for (std::string& root : options.backup.walk.roots) {
    root = std::filesystem::absolute(root).lexically_normal().string();
    if (root.size() > 1 && root.ends_with('/')) root.pop_back();
  }
  if (options.backup.host.empty()) options.backup.host = own_host();
  if (options.from_command && options.command.empty()) {
    return bad_input("--stdin-from-command needs a command",
                     "put it last: --stdin-from-command pg_dump -Fc shop");
  }
  if (options.from_command && options.from_stdin) {
    return bad_input("standard input and a command cannot be saved in one snapshot",
                     "give --stdin or --stdin-from-command");
  }
  const bool piped = options.from_stdin || options.from_command;
  BACKCAST_CHECK(check_fit(*options.repository.verb, piped));
  if (piped == !options.backup.walk.roots.empty()) {
    return bad_input(
        piped ? "a pipe and folders cannot be saved in one snapshot" : "nothing to back up",
        "name folders, or give --stdin");
  }
  return kOk;
}

json summary(const store::BackupResult& result, const store::BackupProgress& progress,
             bool dry_run) {
  const store::Snapshot& s = result.snapshot;
  json problems = json::array();
  for (const auto& problem : result.problems) {
    problems.push_back({{"path", problem.path}, {"what", problem.what}});
  }
  return {{"type", "summary"},
          {"version", 1},
          {"dry_run", dry_run},
          {"snapshot", dry_run ? json() : json(to_hex(s.id))},
          {"time", format_instant(s.time)},
          {"files", s.files},
          {"files_new", progress.files_new.load()},
          {"files_changed", progress.files_changed.load()},
          {"files_unmodified", progress.files_unmodified.load()},
          {"folders", s.folders},
          {"others", s.others},
          {"content_bytes", s.content_bytes},
          {"read_bytes", s.read_bytes},
          {"added_chunks", s.added_chunks},
          {"added_bytes", s.added_plain_bytes},
          {"stored_bytes", s.added_stored_bytes},
          {"seconds", std::chrono::duration<double>(s.took).count()},
          {"problems", problems}};
}

std::string summary_text(const store::BackupResult& result, const store::BackupProgress& progress,
                         bool dry_run) {
  const store::Snapshot& s = result.snapshot;
  const std::string files =
      fmt::format("Files:  {} new, {} changed, {} unmodified\n", progress.files_new.load(),
                  progress.files_changed.load(), progress.files_unmodified.load());
  if (dry_run) {
    return fmt::format("Dry run, nothing is saved: {} files, {}\n{}Bytes:  {} would be read\n",
                       s.files, format_bytes(s.content_bytes), files, format_bytes(s.read_bytes));
  }
  return fmt::format("Snapshot {}: {} files, {} folders, {}\n", to_hex(s.id).substr(0, 8), s.files,
                     s.folders, format_bytes(s.content_bytes)) +
         files +
         fmt::format("Bytes:  {} read, {} added, {} stored\nTime:   {:.2f} s\n",
                     format_bytes(s.read_bytes), format_bytes(s.added_plain_bytes),
                     format_bytes(s.added_stored_bytes),
                     std::chrono::duration<double>(s.took).count());
}

// As much as the last snapshot of the same folders; only asked for where somebody watches.
std::uint64_t expected_bytes(const Context& context, store::Repository& repository,
                             const store::BackupOptions& backup) {
  std::uint64_t bytes = 0;
  if (progress_form(context) == reports::ProgressForm::kNone) return bytes;
  std::vector<Error> damaged;
  const auto snapshots = store::load_snapshots(repository, &damaged);
  if (!snapshots.ok()) return bytes;
  for (const store::Snapshot& snapshot : *snapshots) {
    if (snapshot.paths == backup.walk.roots) bytes = snapshot.content_bytes;
  }
  return bytes;
}

Status run(Context& context, Options& options) {
  options.command = context.command;
  BACKCAST_CHECK(prepare(options));
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kWrite));
  const auto cache = options.no_cache ? nullptr : open_cache_folder();
  options.backup.cache = cache.get();
  std::unique_ptr<source::PipeSource> pipe;
  if (!options.command.empty()) {
    BACKCAST_TRY(pipe, source::open_command(options.command));
  } else if (options.from_stdin) {
    pipe = source::standard_input();
  }
  options.backup.pipe = pipe.get();

  store::BackupProgress progress;
  const std::uint64_t expected = expected_bytes(context, *repository, options.backup);
  const auto state = [&progress, expected]() -> reports::ProgressState {
    return {progress.content_bytes, expected, progress.files,
            fmt::format("{} unmodified", progress.files_unmodified.load())};
  };
  auto result = [&] {
    ProgressLine line(context, "backing up", state, progress.stop);
    return store::backup(*repository, options.backup, progress);
  }();
  if (!result.ok()) return result.error();
  for (const auto& problem : result->problems) {
    complain(printable(problem.path, 4096) + ": " + problem.what);
  }
  for (const std::string& text : result->notes) note(context, "backcast: " + text);
  if (context.format == Format::kJson) {
    print_json(summary(*result, progress, options.backup.dry_run));
  } else {
    summarize(context, summary_text(*result, progress, options.backup.dry_run));
  }
  if (!result->problems.empty()) {
    return Error{Errc::kPartialSource,
                 fmt::format("{} entries could not be saved as they are; the rest is saved",
                             result->problems.size()),
                 {},
                 ""};
  }
  return kOk;
}

}  // namespace

void add_backup(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb =
      app.add_subcommand("backup",
                         "Save folders, or what a program prints\n\n"
                         "  backcast backup /srv/backup /home /etc --tag nightly\n"
                         "  pg_dump shop | backcast backup /srv/backup --stdin\n"
                         "  backcast backup /srv/backup --stdin-from-command pg_dump shop");
  add_repository_options(*verb, options->repository);
  store::BackupOptions& backup = options->backup;
  verb->add_option("folders", backup.walk.roots, "What to save");
  verb->add_option("--exclude", backup.walk.excludes, "Leave out what matches this pattern");
  verb->add_option("--exclude-file", options->exclude_files, "File of patterns, one per line");
  verb->add_flag("--exclude-caches", backup.walk.exclude_caches,
                 "Leave out folders with a CACHEDIR.TAG");
  verb->add_flag("--one-file-system", backup.walk.one_file_system,
                 "Do not cross into other file systems");
  verb->add_flag("--stdin", options->from_stdin, "Save standard input as one file");
  verb->add_flag(
      "--stdin-from-command", options->from_command,
      "Save what a command prints; nothing is published if it fails. All that follows is "
      "the command, or all after -- where options come first");
  verb->add_option("--stdin-name", backup.pipe_name, "Name of that file")->capture_default_str();
  verb->add_option(
      "--tag", backup.tags,
      "Tag of the snapshot; may be given often. \"manual\" marks one made by hand, which vendor "
      "policies keep apart");
  verb->add_option("--host", backup.host, "Name of the machine (default: its own)");
  verb->add_option("--time", options->time, "Time of the snapshot, for tests and rehearsals");
  verb->add_flag("--read-all", backup.read_all, "Read every file, changed or not");
  verb->add_flag("--dry-run", backup.dry_run, "Count what is new and changed; save nothing");
  verb->add_flag("--no-cache", options->no_cache, "Neither use nor write the file cache");
  verb->add_option("--threads", backup.threads, "Threads (default: one per core)")
      ->check(CLI::Range(1, 256));
  verb->add_option("--compression", backup.level, "zstd level")
      ->check(CLI::Range(1, 19))
      ->capture_default_str();
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
