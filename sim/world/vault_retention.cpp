// Which restore points of a vault a policy lets go: every decision is the rule book's.
#include <algorithm>

#include "sim/world/vault.h"

namespace backcast::sim {
policy::Point Vault::point_of(const policy::RetentionPolicy& policy, const Held& held,
                              const policy::Snapshot& snapshot) const {
  policy::Point point = policy::to_point(policy, snapshot);
  if (chain_.is_increment(held.handle)) point.marks |= policy::kMarkIncrement;
  return point;
}

std::vector<Vault::Doomed> Vault::doomed(const policy::RetentionPolicy& policy) {
  const policy::PlanContext context{stage_.now(), owner().zone};
  std::vector<Doomed> doomed;
  const PolicyPlace own = stage_.in_force.place(service_);
  // Another policy than the service's own, narrowed by a quota, is planned afresh.
  const bool is_own = rolling_ != nullptr && &policy == &*retention();
  if (const auto known = is_own ? rolling_->dropped(context) : std::nullopt) {
    for (const auto& [backup, reason] : *known) {
      doomed.push_back({backup, Ruled{own, reason}});
    }
    return doomed;
  }
  std::vector<policy::Point> points;
  std::vector<std::uint32_t> backups;
  for (const Held& held : held_) {
    if (!held.available) continue;
    points.push_back(point_of(policy, held, held.snapshot));
    backups.push_back(held.backup);
  }
  policy::Plan plan;
  policy::plan(policy, points, context, plan);
  if (is_own) rolling_->settle(backups, points, plan);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!plan.verdicts[i].keep) {
      doomed.push_back({backups[i], Ruled{own, plan.reasons_of(i).front()}});
    }
  }
  return doomed;
}

Vault::Outlook Vault::with_newcomer(const policy::RetentionPolicy& policy,
                                    const policy::Snapshot& newcomer) const {
  std::vector<policy::Point> points;
  std::vector<const Held*> places;
  for (const Held& held : held_) {
    // In a home vault nothing but the newcomer has room without being there.
    points.push_back(point_of(policy, held, held.available ? held.snapshot : newcomer));
    places.push_back(&held);
  }
  policy::Plan plan;
  policy::plan(policy, points, {stage_.now(), owner().zone}, plan);
  Outlook outlook;
  DeltaChain after = chain_;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (plan.verdicts[i].keep) continue;
    after.remove(places[i]->handle);
    if (!places[i]->available) outlook.why_not_kept = plan.reasons_of(i).front();
  }
  outlook.freed_bytes = chain_.stored_bytes() - after.stored_bytes();
  // What goes of the part that others of its repository have as well stays where it is.
  std::size_t first = 0;
  while (first < places.size() && !plan.verdicts[first].keep) ++first;
  const std::uint64_t before = places.empty() ? 0 : common_bytes(places.front());
  const std::uint64_t left = first == places.size() ? 0 : common_bytes(places[first]);
  if (part_ != nullptr && left < before) {
    outlook.freed_bytes -=
        std::min(outlook.freed_bytes, part_->kept_by_others(holder_, before - left));
  }
  return outlook;
}

std::vector<Vault::Doomed> Vault::expired() {
  const Instant now = stage_.now();
  std::vector<Place> due;
  for (; !expiries_.empty() && expiries_.begin()->first <= now;
       expiries_.erase(expiries_.begin())) {
    due.push_back(place_of(expiries_.begin()->second));
  }
  std::sort(due.begin(), due.end(), [](const Place& a, const Place& b) {
    return a->generation.ordinal < b->generation.ordinal;
  });
  std::vector<Doomed> doomed;
  for (const Place& place : due) {
    const Held& held = *place;
    const policy::RetentionPolicy* birth = policy_at(stage_.scenario, service_, held.birth);
    if (birth == nullptr) {  // of a history, which says when but not why
      if (!retention()) doomed.push_back({held.backup, Why::kHistoryExpiry});
      continue;
    }
    const policy::Point point = policy::to_point(*birth, held.snapshot);
    policy::Plan plan;
    policy::plan(*birth, {&point, 1}, {now, policy::Zone::utc()}, plan);
    if (plan.verdicts[0].keep) continue;
    doomed.push_back({held.backup, Ruled{held.birth, plan.reasons_of(0).front()}});
  }
  return doomed;
}

}  // namespace backcast::sim
