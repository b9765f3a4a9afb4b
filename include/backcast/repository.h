// A repository: deduplicated, encrypted backups in a folder (docs/format.md).
#pragma once

#include <backcast/result.h>
#include <backcast/time.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace backcast {

struct SnapshotInfo {
  std::string id;  // 32 hexadecimal digits
  Time time{};     // when the backup started
  std::string host;
  std::vector<std::string> paths, tags;
  std::uint64_t files = 0, folders = 0;
  std::uint64_t content_bytes = 0;       // of its files
  std::uint64_t added_stored_bytes = 0;  // what the repository grew by
  std::vector<std::string> problems;     // of a backup just made: what could not be saved, and why
  std::vector<std::string> notes;        // of a backup just made: about the repository
};

struct RestoreSummary {
  std::uint64_t files = 0, folders = 0, bytes = 0;
  std::vector<std::string> notes;     // metadata that could not be set
  std::vector<std::string> failures;  // what could not be restored, and why
};

// One thread at a time. The library keeps no copy of a passphrase in memory that can be swapped.
class Repository {
 public:
  // A new one, in a folder that is missing or empty. Errors: the folder is taken; an empty
  // passphrase.
  static Expected<Repository> create(const std::string& folder, std::string_view passphrase);
  // Errors: code 10 where there is none, 12 for a wrong passphrase.
  static Expected<Repository> open(const std::string& folder, std::string_view passphrase);

  // Saves folders and files under their absolute paths. What cannot be read is among the problems
  // of the snapshot, which is published without it. Errors: nothing could be saved.
  Expected<SnapshotInfo> backup(const std::vector<std::string>& paths,
                                const std::vector<std::string>& tags = {});
  // Oldest first. Errors: one of them is damaged.
  Expected<std::vector<SnapshotInfo>> snapshots();
  // Restores a snapshot ("latest", or the beginning of its id) beneath `target`, whose files of the
  // same name are replaced. Errors: no such snapshot; the target cannot be written.
  Expected<RestoreSummary> restore(const std::string& snapshot, const std::string& target);

 private:
  struct Impl;
  explicit Repository(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace backcast
