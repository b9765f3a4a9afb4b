// Snapshots from one repository into another. Repositories of one project exchange chunks sealed as
// they are: nothing is opened and no passphrase is needed. Between projects everything is opened
// with the source's private key and sealed anew.
#pragma once

#include <atomic>
#include <vector>

#include "engine/store/damage.h"
#include "engine/store/snapshot.h"

namespace backcast::store {

struct CopyProgress {
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<bool> stop{false};
};

struct SkippedSnapshot {
  Id id;
  std::string what;  // it lacks
};

struct CopyResult {
  std::vector<Id> copied, present;             // snapshots; present = were there already
  std::vector<SkippedSnapshot> skipped;        // not whole at the source, so not copied
  std::vector<Damage> damage;                  // packs of the source that were found damaged
  std::uint64_t chunks = 0, stored_bytes = 0;  // added to the target
  bool unsealed = false;                       // it was between projects
};

// Keeps ids, times and times of arrival. Nothing damaged is copied: snapshots that need it are
// skipped, all others are published. Errors: kWrongKey between projects without the private key.
Result<CopyResult> copy_snapshots(Repository& from, Repository& to,
                                  const std::vector<Snapshot>& snapshots, CopyProgress& progress);

}  // namespace backcast::store
