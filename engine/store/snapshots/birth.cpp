#include "engine/store/snapshots/birth.h"

#include <algorithm>

namespace backcast::store {
namespace {

// When the newest of those that still exist was made that nobody asked for by hand.
Result<std::optional<Instant>> newest_automatic(Repository& repository) {
  std::vector<Error> damaged;  // no reason not to save the next one
  BACKCAST_TRY(const auto snapshots, load_snapshots(repository, &damaged));
  std::optional<Instant> newest;
  for (const Snapshot& snapshot : snapshots) {
    if (as_history(snapshot, snapshot.time, 0).origin != policy::Origin::kAutomatic) continue;
    newest = std::max(newest.value_or(snapshot.time), snapshot.time);
  }
  return newest;
}

}  // namespace

policy::Snapshot as_history(const Snapshot& snapshot, Instant trusted, std::uint64_t size_bytes) {
  policy::Snapshot out;
  out.id = to_hex(snapshot.id);
  out.time = snapshot.time;
  out.size_bytes = size_bytes;
  out.tags = snapshot.tags;
  out.host = snapshot.host;
  out.paths = snapshot.paths;
  out.received = trusted;
  out.expires = snapshot.expires;
  if (std::find(snapshot.tags.begin(), snapshot.tags.end(), kManualTag) != snapshot.tags.end()) {
    out.origin = policy::Origin::kManual;
  }
  if (snapshot.is_copy) out.origin = policy::Origin::kCopy;
  return out;
}

Status bear(Repository& repository, const RulesInForce& rules, Snapshot& newborn) {
  if (!rules.retention) return kOk;
  if (as_history(newborn, newborn.time, 0).origin == policy::Origin::kAutomatic) {
    BACKCAST_TRY(const auto previous, newest_automatic(repository));
    const auto given =
        policy::tags_at_birth(*rules.retention, {}, newborn.time, previous, rules.zone);
    if (given) newborn.tags.insert(newborn.tags.begin(), given->begin(), given->end());
  }
  fix_expiry(rules, newborn, newborn.time);
  return kOk;
}

void fix_expiry(const RulesInForce& rules, Snapshot& newborn, Instant trusted) {
  if (!rules.retention) return;
  const policy::Snapshot history = as_history(newborn, trusted, 0);
  newborn.expires = policy::birth(*rules.retention, policy::to_point(*rules.retention, history), {},
                                  {trusted, rules.zone})
                        .expires;
}

}  // namespace backcast::store
