// Which restore points of a vault a policy lets go: every decision is the rule book's.
#include <algorithm>

#include "sim/world/vault.h"

namespace backcast::sim {
namespace {

std::string reason_text(const policy::RetentionPolicy& policy, const policy::Plan& plan,
                        std::size_t index) {
  std::string text;
  for (const policy::Reason& reason : plan.reasons_of(index)) {
    if (!text.empty()) text += "; ";
    text += policy::to_text(policy, reason);
  }
  return text;
}

}  // namespace

policy::Point Vault::point_of(const policy::RetentionPolicy& policy, const Held& held,
                              const policy::Snapshot& snapshot) const {
  policy::Point point = policy::to_point(policy, snapshot);
  if (chain_.is_increment(held.handle)) point.marks |= policy::kMarkIncrement;
  return point;
}

std::vector<Vault::Doomed> Vault::doomed(const policy::RetentionPolicy& policy, Instant now) {
  const policy::PlanContext context{now, scenario_.services[service_].zone};
  std::vector<Doomed> doomed;
  // Another policy than the service's own, narrowed by a quota, is planned afresh.
  const bool is_own = rolling_ != nullptr && &policy == &*scenario_.services[service_].retention;
  if (const auto known = is_own ? rolling_->dropped(context) : std::nullopt) {
    for (const auto& [backup, reason] : *known) {
      doomed.push_back({backup, policy::to_text(policy, reason)});
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
    if (!plan.verdicts[i].keep) doomed.push_back({backups[i], reason_text(policy, plan, i)});
  }
  return doomed;
}

Vault::Outlook Vault::with_newcomer(const policy::RetentionPolicy& policy,
                                    const policy::Snapshot& newcomer, Instant now) const {
  std::vector<policy::Point> points;
  std::vector<const Held*> places;
  for (const Held& held : held_) {
    // In a home vault nothing but the newcomer has room without being there.
    points.push_back(point_of(policy, held, held.available ? held.snapshot : newcomer));
    places.push_back(&held);
  }
  policy::Plan plan;
  policy::plan(policy, points, {now, scenario_.services[service_].zone}, plan);
  Outlook outlook;
  DeltaChain after = chain_;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (plan.verdicts[i].keep) continue;
    after.remove(places[i]->handle);
    if (!places[i]->available) outlook.why_not_kept = reason_text(policy, plan, i);
  }
  outlook.freed_bytes = chain_.stored_bytes() - after.stored_bytes();
  return outlook;
}

std::vector<Vault::Doomed> Vault::expired(Instant now) {
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
    if (held.birth == nullptr) {  // of a history, which says when but not why
      if (!scenario_.services[service_].retention) {
        doomed.push_back({held.backup, "expired " + format_instant(*held.snapshot.expires) +
                                           ", as its history says"});
      }
      continue;
    }
    const policy::Point point = policy::to_point(*held.birth, held.snapshot);
    policy::Plan plan;
    policy::plan(*held.birth, {&point, 1}, {now, policy::Zone::utc()}, plan);
    if (!plan.verdicts[0].keep) doomed.push_back({held.backup, reason_text(*held.birth, plan, 0)});
  }
  return doomed;
}

}  // namespace backcast::sim
