// Snapshots from one repository into another. Where the target has the source's keys, chunks go
// over sealed as they are: nothing is opened and no passphrase is needed. Between projects, and
// where the source's keys were rotated and the target's were not, everything is opened with the
// source's private key and sealed anew.
#pragma once

#include <atomic>
#include <vector>

#include "engine/store/repository/damage.h"
#include "engine/store/snapshots/snapshot.h"

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
  std::vector<Id> copied, present;       // snapshots; present = were there already
  std::vector<SkippedSnapshot> skipped;  // not whole at the source, so not copied
  std::vector<Damage> damage;  // packs of the source, rules of the target that were found damaged
  std::uint64_t chunks = 0, stored_bytes = 0;  // added to the target
  bool unsealed = false;                       // opened and sealed anew
};

// Whether whoever can read all of `to` can read what `from` sealed: one project, and no key pair of
// `from` that `to` does not have.
bool shares_keys(const Config& from, const Config& to);

// Keeps ids, times, times of arrival and tags; the target's own policy gives the expiry, and its
// quota is obeyed. Nothing damaged is copied: snapshots that need it are skipped, all others are
// published. Errors: kWrongKey without the private key where it is needed.
Result<CopyResult> copy_snapshots(Repository& from, Repository& to,
                                  const std::vector<Snapshot>& snapshots, CopyProgress& progress);

}  // namespace backcast::store
