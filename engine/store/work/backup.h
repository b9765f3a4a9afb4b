// Backing up: walk, recognise what is unchanged, read, chunk, seal, publish. Needs no private key.
// What is stored already is not stored again. Of the packs that this relies on one look makes sure
// that they are there and as long as they should be; of their bytes only what damage/ records.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "engine/source/pipe.h"
#include "engine/source/walk.h"
#include "engine/store/snapshots/snapshot.h"

namespace backcast::store {

struct BackupOptions {
  source::WalkOptions walk;
  // Instead of the walk: one file of this name, read from a pipe.
  source::PipeSource* pipe = nullptr;
  std::string pipe_name = "stdin";

  std::string host;
  std::vector<std::string> tags;
  std::optional<Instant> time;  // tests and rehearsals; otherwise the clock of env

  env::Folder* cache = nullptr;  // where this machine keeps its file caches; none = read all
  bool read_all = false;         // ignore the cache, but write the next one
  unsigned threads = 0;          // 0 = one per core
  int level = 3;                 // of zstd
  // Only look: nothing is read but names and metadata, nothing is written. The snapshot of the
  // result has counts and no id; its read_bytes are those that a backup would read.
  bool dry_run = false;
};

// Counters for whoever shows progress; any thread may read them while the backup runs.
struct BackupProgress {
  std::atomic<std::uint64_t> entries{0}, files{0}, files_new{0}, files_changed{0},
      files_unmodified{0}, content_bytes{0}, read_bytes{0};
  std::atomic<std::uint64_t> added_plain_bytes{0}, added_stored_bytes{0};
  std::atomic<bool> stop{false};  // set it to interrupt
};

struct BackupResult {
  Snapshot snapshot;
  std::vector<source::Problem> problems;  // what could not be saved; the snapshot lacks it
  std::vector<std::string> notes;         // about the repository: nothing that the snapshot lacks
};

// Errors are of the repository or of the whole source; then no snapshot is published. Entries that
// cannot be read are problems of a published snapshot. kInterrupted if progress.stop was set.
// Whatever the error, what was stored is in the index as far as the repository lets it.
Result<BackupResult> backup(Repository& repository, const BackupOptions& options,
                            BackupProgress& progress);

}  // namespace backcast::store
