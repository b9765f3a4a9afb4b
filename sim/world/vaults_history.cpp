// What was there before the run: the restore points of a history take their places, and the
// policies of the scenario hold for them from the start.
#include <fmt/format.h>

#include <algorithm>
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
  if (snapshot.origin == policy::Origin::kManual || s.schedules.empty() ||
      !s.schedules.front().is_from_the_start()) {
    return {};
  }
  auto schedule = std::find_if(
      s.schedules.begin(), s.schedules.end(),
      [&](const ServiceSchedule& candidate) { return candidate.name == snapshot.schedule; });
  if (schedule == s.schedules.end()) schedule = s.schedules.begin();
  return {PolicyPlace::In::kSchedule, static_cast<std::uint32_t>(schedule - s.schedules.begin())};
}

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
  const auto generations = past_generations(s.workload, s.delta, s.history, stage_.scenario.start);
  const bool in_short = have_short_ids(s.history);
  for (std::size_t i = 0; i < s.history.size(); ++i) {
    const std::string& id = s.history[i].id;
    adopt(vault, s.history[i], generations[i],
          fmt::format("{}/{}", s.name, in_short ? policy::short_id(id) : id));
  }
  vaults_[vault]->settle();
  for (const Vault::Held& held : vaults_[vault]->held()) {
    BackupRecord& record = stage_.journal.backup(held.backup);
    if (record.added_bytes == 0) record.added_bytes = vaults_[vault]->own_bytes(held);
  }
  const Instant newest = s.history.back().trusted_time();
  stage_.journal.log({.kind = LogKind::kHistoryContinued, .service = service});
  note_quota(s.project);
  prune(vault);
  return {static_cast<std::uint32_t>(s.history.size()), newest};
}

void Vaults::adopt(std::uint32_t vault, const policy::Snapshot& snapshot,
                   const Generation& generation, std::string id) {
  const std::uint32_t service = vaults_[vault]->service();
  const Service& s = stage_.service(service);
  BackupRecord record;
  record.service = service;
  record.id = std::move(id);
  record.region = s.region;
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
  record.restore_time = std::max(time_for(record.size_bytes, s.job.restore_rate_bytes_per_second),
                                 s.job.restore_takes.value_or(Duration{0}));
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
