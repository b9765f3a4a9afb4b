// What was there before the run: the restore points of a history take their places, and the
// policies of the scenario hold for them from the start.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "engine/base/time_math.h"
#include "sim/model/past.h"
#include "sim/world/vaults.h"

namespace backcast::sim {
namespace {

const char* kind_of(policy::Origin origin) {
  switch (origin) {
    case policy::Origin::kAutomatic:
      break;
    case policy::Origin::kManual:
      return "manual";
    case policy::Origin::kCopy:
      return "copy";
  }
  return "automatic";
}

// The policy that gave a restore point its expiry: its schedule's, or where the history does not
// name one of the scenario's, the first. What was made by hand got none.
PolicyPlace birth_policy(const Service& s, const policy::Snapshot& snapshot) {
  if (snapshot.origin != policy::Origin::kAutomatic || s.schedules.empty() ||
      !s.schedules.front().is_from_the_start()) {
    return {};
  }
  auto schedule = std::find_if(
      s.schedules.begin(), s.schedules.end(),
      [&](const ServiceSchedule& candidate) { return candidate.name == snapshot.schedule; });
  if (schedule == s.schedules.end()) schedule = s.schedules.begin();
  return {PolicyPlace::In::kSchedule, static_cast<std::uint32_t>(schedule - s.schedules.begin())};
}

// What the delta model says of every moment of which there are bytes: copies may have outlived
// their originals.
class Moments {
 public:
  Moments(const Service& s, Instant start) {
    std::multimap<Instant, const policy::Snapshot*> points;  // those at home first
    for (const policy::Snapshot& point : s.history) points.emplace(point.trusted_time(), &point);
    std::set<Instant> at_home;
    for (const auto& [time, point] : points) at_home.insert(time);
    for (const PastCopies& copies : s.past_copies) {
      for (const policy::Snapshot& copy : copies.points) {
        const Instant time = copy.trusted_time();
        if (at_home.insert(time).second) points.emplace(time, &copy);
      }
    }
    std::vector<policy::Snapshot> known;
    bool follows_copy = false;
    for (const auto& [time, point] : points) {
      const bool is_home = point >= s.history.data() && point < s.history.data() + s.history.size();
      places_[point] = known.size();
      by_time_.try_emplace(time, known.size());
      known.push_back(*point);
      // New bytes are told since the point before it at home.
      if (!is_home || follows_copy) known.back().new_bytes = 0;
      follows_copy = !is_home;
    }
    generations_ = past_generations(s.workload, s.delta, known, start);
  }
  const Generation& of(const policy::Snapshot& home) const {
    return generations_[places_.at(&home)];
  }
  const Generation& at(Instant time) const { return generations_[by_time_.at(time)]; }

 private:
  std::vector<Generation> generations_;
  std::map<const policy::Snapshot*, std::size_t> places_;
  std::map<Instant, std::size_t> by_time_;
};

bool have_short_ids(const std::vector<policy::Snapshot>& history) {
  std::set<std::string_view> ids;
  return std::all_of(history.begin(), history.end(), [&](const policy::Snapshot& s) {
    return ids.insert(policy::short_id(s.id)).second;
  });
}

}  // namespace

// In the store itself, by a pin or by a tag of the policy.
bool Vaults::is_protected(std::uint32_t service, const policy::Snapshot& snapshot) const {
  const auto& retention = stage_.in_force.retention(service);
  if (!retention) return snapshot.is_protected || !snapshot.pins.empty();
  constexpr int kMarks = policy::kMarkProtected | policy::kMarkPinned;
  return (policy::to_point(*retention, snapshot).marks & kMarks) != 0;
}

Vaults::Adopted Vaults::adopt(std::uint32_t service) {
  const Service& s = stage_.service(service);
  if (s.history.empty()) return {};
  const std::uint32_t vault = find(service, s.region);
  const Moments moments(s, stage_.scenario.start);
  const bool in_short = have_short_ids(s.history);
  for (const policy::Snapshot& point : s.history) {
    adopt(vault, point, moments.of(point),
          fmt::format("{}/{}", s.name, in_short ? policy::short_id(point.id) : point.id));
  }
  settle(vault);
  for (const PastCopies& copies : s.past_copies) {
    const std::uint32_t there = find(service, copies.region);
    for (const policy::Snapshot& copy : copies.points) {
      adopt(there, copy, moments.at(copy.trusted_time()), fmt::format("{}/{}", s.name, copy.id));
    }
    settle(there);
  }
  const Instant newest = s.history.back().trusted_time();
  stage_.journal.log({.kind = LogKind::kHistoryContinued, .service = service});
  note_quota(s.project);
  prune(vault);
  return {static_cast<std::uint32_t>(s.history.size()), newest};
}

void Vaults::settle(std::uint32_t vault) {
  vaults_[vault]->settle();
  for (const Vault::Held& held : vaults_[vault]->held()) {
    BackupRecord& record = stage_.journal.backup(held.backup);
    if (record.added_bytes == 0) record.added_bytes = vaults_[vault]->own_bytes(held);
  }
}

void Vaults::adopt(std::uint32_t vault, const policy::Snapshot& snapshot,
                   const Generation& generation, std::string id) {
  const std::uint32_t service = vaults_[vault]->service();
  const Service& s = stage_.service(service);
  BackupRecord record;
  record.service = service;
  record.id = std::move(id);
  record.region = vaults_[vault]->region();
  record.kind = kind_of(snapshot.origin);
  record.schedule = snapshot.schedule;
  record.tags = snapshot.tags;
  record.is_protected = is_protected(service, snapshot);
  record.of_history = true;
  record.state = BackupState::kAvailable;
  record.born = snapshot.trusted_time();
  record.available = stage_.scenario.start;
  record.size_bytes = s.delta.full_bytes(generation);
  record.added_bytes = snapshot.new_bytes;
  record.restore_time = restore_time(record, {}, record.born, record.region);
  policy::Snapshot kept = snapshot;
  const PolicyPlace place = birth_policy(s, snapshot);
  const policy::RetentionPolicy* birth = policy_at(stage_.scenario, service, place);
  if (birth != nullptr && !kept.expires) {
    const policy::Birth verdict = policy::birth(*birth, policy::to_point(*birth, snapshot), {},
                                                {record.born, policy::Zone::utc()});
    kept.expires = verdict.expires;
    record.reason = Ruled{place, verdict.reason};
  }
  if (kept.expires) {
    record.expires = *kept.expires;
    stage_.agenda.push(*kept.expires, Due::kExpires, vault);
  }
  if (snapshot.origin == policy::Origin::kAutomatic) {
    states_[service].newest_automatic = record.born;
  }
  const std::uint32_t backup = stage_.journal.add(std::move(record));
  vaults_[vault]->adopt(backup, generation, std::move(kept), place);
}

}  // namespace backcast::sim
