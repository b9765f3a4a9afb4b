// Freeing the space of forgotten snapshots, without the private key.
//
// Two phases. Marking: packs that hold (nearly) nothing needed are condemned; what they still hold
// is copied, sealed as it is, into new packs first. Deleting: after the grace period, when nobody
// else is at work, condemned packs that are still not needed go; those that somebody came to need
// meanwhile are taken back. A crash at any point loses nothing; the next run goes on.
//
// The last good copy is never deleted: before anything goes, every pack that a snapshot needs must
// be there with its length, and every pack that took over chunks is read back. If one is not what
// it should be, nothing is deleted and every mark is taken back. What is damaged is left as it is
// and named; while a snapshot or a reference list cannot be read, nothing is deleted, for nobody
// knows what it needs: `repair` sets it aside.
#pragma once

#include <atomic>

#include "engine/store/repository/damage.h"
#include "engine/store/repository/wait.h"
#include "engine/store/snapshots/snapshot.h"

namespace backcast::store {

struct PruneOptions {
  Duration grace = kDay;            // between marking and deleting
  unsigned max_unused_percent = 2;  // of the stored bytes; what may stay as holes in packs
  bool dry_run = false;
  Waiting wait{};  // for another prune or a repair to end
};

struct PruneProgress {
  std::atomic<std::uint64_t> copied_bytes{0};
  std::atomic<bool> stop{false};
};

struct PruneResult {
  std::uint64_t packs = 0, stored_bytes = 0;         // files of packs/ at the end
  std::uint64_t unused_bytes = 0;                    // not needed, at the beginning
  std::uint64_t copied_bytes = 0;                    // out of packs that are mostly not needed
  std::uint64_t marked_packs = 0, marked_bytes = 0;  // wait for the next run
  std::uint64_t deleted_packs = 0, deleted_bytes = 0;
  std::uint64_t rescued_packs = 0;              // taken back from a mark, for they are needed
  std::uint64_t orphans = 0, orphan_bytes = 0;  // files of interrupted backups, deleted
  std::uint64_t deleted_snapshots = 0;          // were forgotten a grace period ago
  std::uint64_t forgotten_snapshots = 0;        // still wait, and can be brought back
  std::uint64_t others_at_work = 0;             // whose leases put the deletion off
  std::vector<Damage> damage;                   // what was found on the way and left as it is
  std::string held_back;  // why nothing was deleted, although something was due
};

// Errors: kLocked if another prune or a repair is at work.
Result<PruneResult> prune(Repository& repository, const PruneOptions& options,
                          PruneProgress& progress);

}  // namespace backcast::store
