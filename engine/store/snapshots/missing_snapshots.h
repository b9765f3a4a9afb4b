// Snapshots that vanished: neither here nor forgotten. Every snapshot gets at most the number of
// those made before it, plus one. So a number beyond those that are here or were forgotten says
// that some vanished; for the newest its head does.
#pragma once

#include <vector>

#include "engine/store/repository/damage.h"
#include "engine/store/snapshots/forgotten.h"

namespace backcast::store {

struct MissingSnapshots {
  std::vector<Id> named;        // by their heads
  std::uint64_t unnamed = 0;    // by the gap in the numbers
  std::vector<Damage> damaged;  // heads that do not open
};

// `heads` and `present` as they were listed, heads first; `newest_sequence` of those present.
// Errors: those of the disk; kCorrupt for a damaged journal.
Result<MissingSnapshots> find_missing_snapshots(Repository& repository,
                                                const std::vector<Id>& heads,
                                                const SnapshotNames& present,
                                                std::uint64_t newest_sequence);

}  // namespace backcast::store
