#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "cli/repository/repository_options.h"
#include "cli/shared/progress.h"
#include "cli/shared/verbs.h"
#include "engine/base/bytes.h"
#include "engine/base/text.h"
#include "engine/store/snapshots/forgotten.h"
#include "engine/store/work/restore.h"
#include "reports/parts/escape.h"

namespace backcast::cli {
namespace {

struct Options {
  RepositoryOptions repository;
  std::string snapshot = "latest", path;
  store::RestoreRequest request;
  bool keep_existing = false, no_owner = false, no_attributes = false, no_sync = false;
};

void print_result(const Context& context, const store::RestoreResult& result,
                  const store::RestoreRequest& request, double seconds) {
  const auto& counts = result.counts;
  const bool synced = request.sync && result.synced.ok();
  if (context.format == Format::kJson) {
    print(fmt::format(
        "{{\"type\": \"summary\", \"version\": 1, \"files\": {}, \"folders\": {}, \"others\": {}, "
        "\"links\": {}, \"kept\": {}, \"devices_left_out\": {}, \"bytes\": {}, \"failures\": {}, "
        "\"synced\": {}, \"seconds\": {:.3f}}}\n",
        counts.files, counts.folders, counts.others, counts.links, counts.kept,
        counts.devices_left_out, counts.bytes, result.failures.size(), synced, seconds));
    return;
  }
  summarize(context,
            fmt::format("Restored {} files, {} folders, {} others, {} to {} in {:.2f} s\n",
                        counts.files, counts.folders, counts.others, format_bytes(counts.bytes),
                        reports::terminal_text(request.target), seconds));
  if (counts.kept > 0) {
    summarize(context, fmt::format("Kept {} that were there already\n", counts.kept));
  }
}

Status run(Context& context, Options& options) {
  options.request.selection = store::Selection(options.path);
  source::RestoreOptions& writing = options.request.writing;
  if (options.keep_existing) writing.overwrite = source::Overwrite::kNever;
  writing.owners = !options.no_owner;
  writing.attributes = !options.no_attributes;
  options.request.sync = !options.no_sync;
  BACKCAST_TRY(const auto repository, open_repository(options.repository, Access::kUnlockLater));
  std::vector<Error> damaged;
  BACKCAST_TRY(const auto snapshots, store::load_snapshots(*repository, &damaged));
  for (const Error& error : damaged) complain(to_string(error));
  BACKCAST_TRY(const store::Snapshot snapshot,
               store::find_snapshot(*repository, snapshots, options.snapshot));
  store::RestoreProgress progress;
  const auto state = [&]() -> reports::ProgressState {
    return {progress.bytes, options.path.empty() ? snapshot.content_bytes : 0, progress.files};
  };
  const Duration began = env::posix_env().monotonic();
  auto result = [&] {
    ProgressLine line(context, "restoring", state, progress.stop);
    return store::restore(*repository, snapshot, options.request, progress);
  }();
  if (!result.ok()) return result.error();
  const auto took = std::chrono::duration<double>(env::posix_env().monotonic() - began);
  for (const std::string& text : result->notes) note(context, "backcast: " + text);
  for (const auto& failure : result->failures) {
    complain(printable(failure.path, 4096) + ": " + failure.what);
  }
  print_result(context, *result, options.request, took.count());
  if (!result->synced.ok()) {
    return failed(
        "what was restored may not survive a power cut: " + result->synced.error().message,
        "look after the disk of the target, then restore again");
  }
  if (!result->failures.empty()) {
    return failed(fmt::format("{} entries could not be restored", result->failures.size()),
                  "everything else is there; backcast check --read-data shows what is damaged");
  }
  return kOk;
}

}  // namespace

void add_restore(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("restore",
                                  "Restore a snapshot, or a path of it\n\n"
                                  "  backcast restore /srv/backup --target /tmp/back\n"
                                  "  backcast restore /srv/backup 1a2b3c4d --path /etc --target /");
  add_repository_options(*verb, options->repository);
  verb->add_option("snapshot", options->snapshot, "Snapshot: first digits of its id, or latest")
      ->capture_default_str();
  verb->add_option("--target", options->request.target, "Folder to restore into")->required();
  verb->add_option("--path", options->path, "Only this path of the snapshot");
  verb->add_flag("--keep-existing", options->keep_existing, "Replace nothing that is there");
  verb->add_flag("--no-owner", options->no_owner, "Leave owner and group to the system");
  verb->add_flag("--no-attributes", options->no_attributes, "Leave out attributes and ACLs");
  verb->add_flag("--setuid", options->request.writing.setuid, "Restore setuid and setgid bits");
  verb->add_flag("--devices", options->request.writing.devices,
                 "Make device nodes, too (takes root); otherwise they are left out and named");
  verb->add_flag("--names", options->request.writing.names,
                 "Match owners by name rather than by number");
  verb->add_flag("--no-sync", options->no_sync,
                 "Return at once, not when everything is safe from a power cut");
  verb->add_option("--threads", options->request.threads, "Threads (default: one per core)")
      ->check(CLI::Range(1, 256));
  verb->callback([&context, options] {
    if (auto done = run(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
