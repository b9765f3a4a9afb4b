// What the repository's policy fixes when a snapshot is made, and how the policy core sees one.
#pragma once

#include "engine/policy/retention/history.h"
#include "engine/store/repository/rules.h"
#include "engine/store/snapshots/snapshot.h"

namespace backcast::store {

// `trusted`: the time that retention goes by. `size_bytes`: what it alone needs, 0 = unknown.
policy::Snapshot as_history(const Snapshot& snapshot, Instant trusted, std::uint64_t size_bytes);

// Its tags, before those that it has, and its expiry: as of its time. What is made by hand gets the
// tags of its maker alone.
Status bear(Repository& repository, const RulesInForce& rules, Snapshot& newborn);
// Its expiry alone, as of `trusted`: of a copy, which keeps its tags.
void fix_expiry(const RulesInForce& rules, Snapshot& newborn, Instant trusted);

}  // namespace backcast::store
