// What changed between two snapshots. Needs the private key.
#pragma once

#include <functional>
#include <string>

#include "engine/store/snapshots/browse.h"

namespace backcast::store {

enum class Change : std::uint8_t {
  kAdded,
  kRemoved,
  kContent,   // other bytes
  kMetadata,  // mode, owner, times or attributes only
  kKind,      // a file became a folder, and the like
};

struct DiffEntry {
  std::string path;  // without leading "/"
  Change change = Change::kAdded;
  source::NodeKind kind = source::NodeKind::kFile;  // in the newer one, if it is there
  std::uint64_t old_bytes = 0, new_bytes = 0;       // of a file
};

struct DiffResult {
  std::vector<DiffEntry> entries;  // in order of paths
  std::uint64_t added = 0, removed = 0, changed = 0, unchanged = 0;
  std::uint64_t added_bytes = 0, removed_bytes = 0;  // contents that came and went
};

Result<DiffResult> diff(Repository& repository, const Snapshot& older, const Snapshot& newer,
                        const Selection& selection);

}  // namespace backcast::store
