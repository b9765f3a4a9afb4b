// Restoring a snapshot, or a path of it, on all cores. Needs the private key.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "engine/source/restore.h"
#include "engine/source/walk.h"
#include "engine/store/snapshots/browse.h"

namespace backcast::store {

struct RestoreRequest {
  std::string target;
  Selection selection;
  source::RestoreOptions writing;
  unsigned threads = 0;  // 0 = one per core
  bool sync = true;      // wait until it is on the disk
};

struct RestoreProgress {
  std::atomic<std::uint64_t> files{0}, bytes{0};
  std::atomic<bool> stop{false};
};

struct RestoreResult {
  source::RestoreCounts counts;
  // Metadata that could not be set, and why; copies of chunks that lied and were passed over.
  std::vector<std::string> notes;
  // What could not be restored, because it is damaged or could not be written: path and reason.
  std::vector<source::Problem> failures;
  Status synced = kOk;  // the error if what was restored may not survive a power cut
};

// Everything undamaged is restored; damage is a failure of the result, and so is a tree that cannot
// be read to its end: a failure of "/". Errors: the target cannot be used, the selection matches
// nothing (kNotFound).
Result<RestoreResult> restore(Repository& repository, const Snapshot& snapshot,
                              const RestoreRequest& request, RestoreProgress& progress);

// The content of one file to `sink`, in order. `notes` gets what of the stored copies was passed
// over.
Status dump_file(Repository& repository, const Snapshot& snapshot, const std::string& path,
                 const std::function<Status(ByteView)>& sink,
                 std::vector<std::string>* notes = nullptr);
// The regular files of the selection in the order of the tree: `begin` with the path beneath the
// selection, the content to `bytes`, `end`.
struct FileTaker {
  std::function<Status(const std::string& path)> begin;
  std::function<Status(ByteView)> bytes;
  std::function<Status()> end;
};
Status dump_files(Repository& repository, const Snapshot& snapshot, const Selection& selection,
                  const FileTaker& taker);
// The selection as a tar stream, with the folders that lead to it or without.
enum class TarPaths : std::uint8_t { kFromRoot, kBeneathSelection };
Status dump_tar(Repository& repository, const Snapshot& snapshot, const Selection& selection,
                const std::function<Status(ByteView)>& sink,
                std::vector<std::string>* notes = nullptr, TarPaths paths = TarPaths::kFromRoot);

}  // namespace backcast::store
