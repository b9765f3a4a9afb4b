#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "cli/repository/snapshot_choice.h"
#include "cli/shared/verbs.h"
#include "engine/store/work/restore.h"

namespace backcast::cli {
namespace {

struct Options {
  RepositoryOptions repository;
  std::string snapshot, path;
  bool as_tar = false;
};

Status write(const Options& options, std::vector<std::string>& notes) {
  BACKCAST_TRY(const auto open, open_snapshot(options.repository, options.snapshot));
  const auto sink = [](ByteView bytes) -> Status {
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) == bytes.size()) return kOk;
    return failed(std::string("cannot write to standard output: ") + std::strerror(errno));
  };
  if (options.as_tar) {
    BACKCAST_CHECK(store::dump_tar(*open.repository, open.snapshot, store::Selection(options.path),
                                   sink, &notes));
  } else if (options.path.empty()) {
    return bad_input("which file?", "name a path, or give --tar for everything");
  } else {
    BACKCAST_CHECK(store::dump_file(*open.repository, open.snapshot, options.path, sink, &notes));
  }
  if (std::fflush(stdout) != 0) return failed("cannot write to standard output");
  return kOk;
}

}  // namespace

void add_dump(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand("dump",
                                  "Write a file, or a tar stream, to standard output\n\n"
                                  "  backcast dump /srv/backup latest /stdin | psql shop\n"
                                  "  backcast dump /srv/backup latest /etc --tar | tar t");
  add_repository_options(*verb, options->repository);
  verb->add_option("snapshot", options->snapshot, "Snapshot: first digits of its id, or latest")
      ->required();
  verb->add_option("path", options->path, "What to write");
  verb->add_flag("--tar", options->as_tar, "As a tar stream");
  verb->callback([&context, options] {
    std::vector<std::string> notes;
    const auto done = write(*options, notes);
    for (const std::string& text : notes) note(context, "backcast: " + text);
    if (!done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
