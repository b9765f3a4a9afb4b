#include "sim/world/world.h"

#include <fmt/format.h>
#include "engine/base/assert.h"
#include "engine/base/time_math.h"

#include <algorithm>

namespace backcast::sim {

World::World(const Scenario& scenario, std::vector<std::uint32_t> members, Draws draws,
             std::vector<VaultStep>* steps)
    : scenario_(scenario),
      members_(std::move(members)),
      draws_(draws),
      steps_(steps),
      now_(scenario.start),
      limit_jobs_(scenario.limits.size()) {
  result_.start = scenario.start;
  result_.end = scenario.end;
  for (const auto& link : scenario.links) {
    links_.emplace_back(link.rate_bytes_per_second, link.per_transfer_bytes_per_second);
  }
  for (const std::uint32_t service : members_) {
    const Service& s = scenario.services[service];
    services_[service].life.begin(s.workload, s.delta.curve, scenario.start, draws, s.entity);
    vault_of(service, s.region);
    const auto& schedules = s.schedules;
    for (std::uint32_t i = 0; i < schedules.size(); ++i) slots_.push_back({service, i, 0});
  }
}

// Instants of the run are whole seconds; what lies between two counts as the later one.
void World::push(Instant at, Kind kind, std::uint32_t entity) {
  if (at >= scenario_.end) return;
  const auto since = std::max(at, now_) - scenario_.start;
  queue_.push({std::chrono::ceil<std::chrono::seconds>(since).count(), kind, entity});
}

bool World::run(const std::atomic<bool>* stop) {
  for (const std::uint32_t service : members_) adopt(service);
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    const ServiceSchedule& schedule =
        scenario_.services[slots_[slot].service].schedules[slots_[slot].schedule];
    const Instant first = std::max(schedule.from, scenario_.start);
    if (schedule.initial_backup && first < schedule.until) push(first, kInitial, slot);
    schedule_next(slot, before_first(slots_[slot], first));
  }
  for (std::uint32_t i = 0; i < scenario_.events.size(); ++i) {
    const ScheduledEvent& event = scenario_.events[i];
    const bool starts_a_job =
        event.kind == EventKind::kManualBackup || event.kind == EventKind::kRestore;
    push(event.at, starts_a_job ? kManual : kScenario, i);
  }
  constexpr std::uint64_t kLooksUpEvery = 256;
  bool whole = true;
  while (!queue_.empty() && whole) {
    const Event event = queue_.pop();
    now_ = scenario_.start + std::chrono::seconds(event.second);
    handle(event);
    whole = stop == nullptr || queue_.popped() % kLooksUpEvery != 0 || !*stop;
  }
  // What else happens in the second in which it stops is not known: the run ends before it is over.
  if (whole) now_ = scenario_.end;
  result_.end = now_;
  for (const auto& vault : vaults_) vault->finish(now_);
  result_.events = queue_.popped();
  return whole;
}

void World::handle(const Event& event) {
  switch (static_cast<Kind>(event.kind)) {
    case kScenarioEnds:
      return end(event.entity);
    case kJobEnds:
      return end_job(event.entity);
    case kLinkEnds:
      return end_link(event.entity);
    case kCopyEnds:
      return end_copy(event.entity);
    case kRestoreEnds: {
      const RestoreRecord& restore = result_.restores[event.entity];
      return log(
          LogKind::kRestoreCompleted, restore.service, restore.backup, restore.to_region,
          fmt::format("restore of {} into {} completed after {}{}",
                      result_.backups[restore.backup].id, restore.to_region,
                      format_duration(restore.completed - restore.started), restore.version));
    }
    case kExpires:
      return expire(event.entity);
    case kPurge:
      return purge(event.entity);
    case kKeyGone:
      return log(LogKind::kKeyDestroyed, kNone, kNone, "",
                 "the key of project " + keys_[event.entity] +
                     " is destroyed: no copy of its backups can be opened any more");
    case kScenario:
      return begin(event.entity);
    case kInitial:
      return start(slots_[event.entity].service, event.entity, kNone);
    case kFires:
      return fire(event.entity);
    case kRetries:
      return attempt(event.entity);
    case kWaitEnds:
      return give_up_waiting(event.entity);
    case kManual:
      for (const std::uint32_t service : scenario_.events[event.entity].services) {
        if (!services_.contains(service)) continue;
        if (scenario_.events[event.entity].kind == EventKind::kRestore) {
          restore(event.entity, service);
        } else {
          start_manual(event.entity, service);
        }
      }
      return;
  }
}

void World::schedule_next(std::uint32_t slot, Instant after) {
  Slot& s = slots_[slot];
  const ServiceSchedule& schedule = scenario_.services[s.service].schedules[s.schedule];
  // The schedule goes by the scheduler's clock, which may be ahead or behind.
  const Duration ahead = services_.at(s.service).clock_ahead;
  s.due = Instant::max();
  const auto fires = next_start(schedule, s, plus(after, ahead));
  if (!fires || plus(*fires, -ahead) >= schedule.until) return;
  s.due = std::max(plus(*fires, -ahead), now_);
  push(s.due, kFires, slot);
}

void World::log(LogKind kind, std::uint32_t service, std::uint32_t backup, std::string region,
                std::string text) {
  result_.log.push_back({now_, kind, service, backup, std::move(region), std::move(text)});
}

std::uint32_t World::vault_of(std::uint32_t service, const std::string& region) {
  ServiceState& state = services_.at(service);
  for (const std::uint32_t vault : state.vaults) {
    if (vaults_[vault]->region() == region) return vault;
  }
  vaults_.push_back(std::make_unique<Vault>(scenario_, service, region, result_.usage));
  const auto number = static_cast<std::uint32_t>(vaults_.size() - 1);
  if (steps_ != nullptr) vaults_.back()->record(*steps_, number);
  state.vaults.push_back(number);
  return state.vaults.back();
}

bool World::region_is_down(const std::string& region) const {
  const auto found = down_.find(region);
  return found != down_.end() && found->second > 0;
}

RunResult World::take() {
  for (const Link& link : links_) BACKCAST_ASSERT(link.obeys_littles_law());
  for (const auto& vault : vaults_) result_.series.push_back(vault->series());
  for (auto& [project, series] : quotas_) result_.series.push_back(std::move(series));
  return std::move(result_);
}

}  // namespace backcast::sim
