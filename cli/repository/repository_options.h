// What every verb on a repository shares: where it is, and the keys to open it.
#pragma once

#include <memory>
#include <string>

#include "cli/shared/context.h"
#include "engine/store/repository/repository.h"

namespace backcast::cli {

struct RepositoryOptions {
  std::string path;                // -r, BACKCAST_REPOSITORY or the first position
  const CLI::App* verb = nullptr;  // that takes it
  std::string passphrase_file;     // or BACKCAST_PASSPHRASE_FILE
  std::string passphrase_command;  // or BACKCAST_PASSPHRASE_COMMAND
  std::string writer_key_file;     // or BACKCAST_WRITER_KEY_FILE
};

// Adds the repository, as -r or as first position, and the options for its keys.
void add_repository_options(CLI::App& verb, RepositoryOptions& options);
void add_key_options(CLI::App& verb, RepositoryOptions& options);

// To be asked before `path` is used: whether it is clear what is meant. Errors: kBadInput.
Status check_repository_choice(const RepositoryOptions& options);

enum class Access {
  kWrite,
  kRead,        // opens the private key: asks for the passphrase
  kUnlockLater  // the same, but returns while it is being opened: for what calls unlock() itself
};
Result<std::unique_ptr<store::Repository>> open_repository(const RepositoryOptions& options,
                                                           Access access);
// To unlock later if a passphrase was given in some way, else without private key: check.
Result<std::unique_ptr<store::Repository>> open_repository_as_given(
    const RepositoryOptions& options);

// What `backcast stats --json` prints: of every snapshot what it holds, adds and has lost.
Result<std::string> stats_document(const RepositoryOptions& options);  // stats.cpp

// Keeps the writer key of a repository for this user: ~/.config/backcast/keys/, mode 0600.
Status keep_writer_key(const store::Repository& repository);
// Where this machine keeps its file caches: ~/.cache/backcast/. Null if it cannot be made.
std::unique_ptr<env::Folder> open_cache_folder();

}  // namespace backcast::cli
