// Which snapshot holds which chunk: exact accounting from the reference lists alone, without the
// private key. A chunk's presence is the set of snapshots that need it; a few thousand different
// presences describe hundreds of snapshots.
#pragma once

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/store/snapshots/tree.h"

namespace backcast::store {

// A snapshot that is not whole.
struct Lack {
  Id snapshot;
  std::string what;         // the first thing that it lacks
  bool is_unknown = false;  // its reference list cannot be read: what it needs is not known
};

// Chunks by the number of their index entry. A chunk that is stored twice counts once, where
// Index::find finds it.
class Presence {
 public:
  struct Run {
    std::uint32_t first = 0, last = 0;  // positions in the list of snapshots
  };
  struct Pattern {
    std::vector<Run> runs;
    std::uint64_t stored_bytes = 0, chunks = 0;
    std::uint32_t holders() const;  // how many snapshots
  };

  // What is missing is in no presence; `lacks` says whose it is. Without `lacks`, kCorrupt.
  static Result<Presence> of(PackFiles& packs, const std::vector<Snapshot>& snapshots,
                             std::vector<Lack>* lacks = nullptr);

  // In order of runs.
  const std::vector<Pattern>& patterns() const { return patterns_; }
  std::uint32_t snapshot_count() const { return count_; }

  std::uint64_t stored_bytes(std::uint32_t i) const { return stored_[i]; }  // all that it needs
  std::uint64_t new_bytes(std::uint32_t i) const { return new_[i]; }  // in no snapshot before it
  std::uint64_t needed_bytes() const;                                 // by any of them
  // Per snapshot what the one `gap` before it needs and it does not; 0 for the first ones.
  std::vector<std::uint64_t> lost_bytes(std::uint32_t gap) const;
  // What deleting exactly these frees: needed by none but them. `gone` is per snapshot.
  std::uint64_t freed_bytes(const std::vector<bool>& gone) const;

 private:
  std::vector<Pattern> patterns_;
  std::uint32_t count_ = 0;
  std::vector<std::uint64_t> stored_, new_;  // by snapshot
};

// What snapshots need, as far as it can be told.
struct Need {
  std::vector<bool> entries;  // one flag per index entry: needed by some snapshot
  std::vector<Lack> lacks;    // snapshots to whom something is missing, or whose only copy is bad
  bool is_known() const;      // all of it can be told
};
// Reads every reference chunk once. Errors: those of the disk.
Result<Need> needed_by(PackFiles& packs, const std::vector<Snapshot>& snapshots);

}  // namespace backcast::store
