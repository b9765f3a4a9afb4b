// Mending a repository after damage. Nothing is deleted: what is bad is renamed to a name that
// nothing reads (aside.h).
//
//   objects     index, snapshots, marks, heads, journal, damage that do not open are set aside
//   index       whole packs that no index lists are listed again
//   packs       what is missing is dropped from the index, so that the next backup stores it again;
//               of a damaged pack the chunks that open move to a new one, the pack is set aside
//   records     damage/ keeps only what could not be mended
//   snapshots   what of them is not whole is told. On request they are written anew without it
//
// Which chunks of a damaged pack are whole only the private key tells. Without it such a pack stays
// as it is, distrusted, unless all that snapshots need of it has another copy.
#pragma once

#include <atomic>

#include "engine/store/repository/damage.h"
#include "engine/store/repository/wait.h"
#include "engine/store/snapshots/snapshot.h"

namespace backcast::store {

struct RepairOptions {
  bool read_data = false;          // read every pack, not only those that are known to be bad
  bool rewrite_snapshots = false;  // needs the private key
  bool dry_run = false;            // only tell
  Waiting wait{};
};

struct RepairProgress {
  std::atomic<std::uint64_t> bytes{0};
  std::atomic<bool> stop{false};
};

struct RepairedSnapshot {
  Id id;
  Instant time{};
  std::string what;             // the first thing that it lacks
  std::vector<Damage> files;    // object = path: what is lost; empty without the private key
  std::optional<Id> rewritten;  // the snapshot without it; the old one was set aside
};

struct RepairResult {
  std::vector<Damage> set_aside;                       // objects that were damaged, and why
  std::uint64_t listed_packs = 0;                      // found whole, and in no index
  std::uint64_t missing_packs = 0, damaged_packs = 0;  // dropped from the index
  std::uint64_t moved_chunks = 0;                      // whole ones out of damaged packs
  std::uint64_t lost_chunks = 0;         // that snapshots need, and of which no good copy is left
  std::uint64_t mended_records = 0;      // packs recorded as damaged that are whole, or dropped now
  std::vector<Damage> left;              // what could not be mended, and why
  std::uint64_t vanished_snapshots = 0;  // neither here nor forgotten: noted in the journal
  std::vector<RepairedSnapshot> snapshots;  // those that are not whole

  // Nothing is damaged any more.
  bool is_whole() const;
};

// Errors: kLocked if a prune or another repair is at work; kWrongKey for rewrite_snapshots without
// the private key.
Result<RepairResult> repair(Repository& repository, const RepairOptions& options,
                            RepairProgress& progress);

}  // namespace backcast::store
