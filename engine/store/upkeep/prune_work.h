// The phases of prune (prune.h) and what they share.
#pragma once

#include "engine/store/snapshots/presence.h"
#include "engine/store/upkeep/prune.h"

namespace backcast::store {

struct PruneWork {
  Repository& repository;
  const PruneOptions& options;
  PruneProgress& progress;
  Lease& lease;
  Instant store_now{};  // by the store's own clock
  PruneResult result{};

  Status check_stop() const;
  // Who else is at work. With a shorter grace than a lease lives nothing is left of a backup that
  // only stands still: then a lock alone proves that somebody is gone.
  Result<std::size_t> count_others();
  // By the store's own time; what cannot be looked at is young.
  bool is_young(const std::string& name, Duration age) const;
  // Of each object once.
  void add_damage(const std::string& object, const std::string& what);
};

// Snapshots, index and packs at one moment.
struct Survey {
  std::vector<Snapshot> snapshots;
  Index index;
  std::vector<PackFault> faults;  // of all packs
  Need need;
  bool has_unreadable = false;  // snapshots that do not open
  // Why nobody can tell all that is needed; empty if it can be told.
  std::string doubt() const;
};
// `with_forgotten`: what forgotten snapshots need is needed, too, for unforget may bring them back.
Result<Survey> survey(PruneWork& work, bool with_forgotten);

// First phase.
Status mark_unneeded(PruneWork& work, const Survey& now);
// Second phase.
Status delete_marked(PruneWork& work);

}  // namespace backcast::store
