// What becomes of backups when their service or project is deleted, and what switching schedules
// off and on does.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/time_math.h"
#include "engine/policy/service/lifecycle.h"
#include "sim/world/world.h"

namespace backcast::sim {
namespace {

policy::DeletionRules deletion_rules(const Scenario& scenario, const Service& service,
                                     bool delete_backups) {
  return policy::when_asked(service.rules->deletion, delete_backups,
                            scenario.projects[service.project].grace);
}

policy::Origin made_by(const BackupRecord& record) {
  return record.kind == "manual" || record.of_manual ? policy::Origin::kManual
                                                     : policy::Origin::kAutomatic;
}

}  // namespace

void World::delete_service(std::uint32_t service, const ScheduledEvent& event) {
  ServiceState& state = services_.at(service);
  if (state.deleted) return;
  const Service& s = scenario_.services[service];
  log(LogKind::kServiceDeleted, service, kNone, s.region, s.name + " is deleted");
  state.deleted = true;
  fail_jobs_of(service, s.name + " was deleted");
  decide_fates(service, deletion_rules(scenario_, s, event.delete_backups),
               policy::OwnerKind::kService);
}

void World::delete_project(std::uint32_t project, const ScheduledEvent& event) {
  std::optional<Instant> key_destroyed;
  bool any = false;
  for (auto& [service, state] : services_) {
    const Service& s = scenario_.services[service];
    if (s.project != project || state.deleted) continue;
    any = true;
    const policy::DeletionRules rules = deletion_rules(scenario_, s, event.delete_backups);
    key_destroyed = policy::key_destroyed_at(rules, now_);
    log(LogKind::kServiceDeleted, service, kNone, s.region,
        s.name + " is deleted with its project");
    state.deleted = true;
    fail_jobs_of(service, s.name + " was deleted");
    decide_fates(service, rules, policy::OwnerKind::kProject);
  }
  if (!any) return;
  const std::string& name = scenario_.projects[project].name;
  log(LogKind::kProjectDeleted, kNone, kNone, "", "project " + name + " is deleted");
  if (key_destroyed) {
    keys_.push_back(name);
    push(*key_destroyed, kKeyGone, static_cast<std::uint32_t>(keys_.size() - 1));
  }
}

void World::decide_fates(std::uint32_t service, const policy::DeletionRules& rules,
                         policy::OwnerKind owner) {
  for (std::uint32_t i = 0; i < copies_.size(); ++i) {
    const BackupRecord& record = result_.backups[copies_[i].backup];
    if (!copies_[i].running || record.service != service) continue;
    if (policy::after_deletion(rules, made_by(record), now_).gone_at) {
      cancel_copy(i, "its service was deleted while it was copied");
    }
  }
  std::vector<std::uint32_t> held;
  for (const std::uint32_t vault : services_.at(service).vaults) {
    for (const Vault::Held& h : vaults_[vault]->held()) {
      if (h.available) held.push_back(h.backup);
    }
  }
  std::sort(held.begin(), held.end());
  for (const std::uint32_t backup : held) {
    BackupRecord& record = result_.backups[backup];
    const std::optional<Instant> expires =
        record.expires == kNever ? std::nullopt : std::optional(record.expires);
    const policy::Fate fate = policy::after_deletion(rules, made_by(record), now_, expires);
    const std::string why = policy::explain(fate, owner, made_by(record));
    if (!fate.gone_at || fate.reason == policy::FateReason::kExpiresBefore) {
      record.reason = why;
    } else if (*fate.gone_at <= now_) {
      drop(backup, LogKind::kDeleted, why);
    } else {
      purges_[service].push_back({*fate.gone_at, backup, why});
      push(*fate.gone_at, kPurge, service);
    }
  }
}

void World::purge(std::uint32_t service) {
  auto& due = purges_[service];
  for (const Purge& purge : due) {
    if (purge.at > now_ || result_.backups[purge.backup].state != BackupState::kAvailable) continue;
    drop(purge.backup, LogKind::kDeleted, purge.reason);
  }
  std::erase_if(due, [&](const Purge& purge) { return purge.at <= now_; });
}

void World::enable_schedules(std::uint32_t service) {
  ServiceState& state = services_.at(service);
  const bool was_enabled = state.schedules_on;
  state.schedules_on = true;
  if (was_enabled || !scenario_.services[service].rules->backs_up_when_switched_on) return;
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].service == service) return start(service, slot, kNone);
  }
}

// Starts that were missed, once each, where the schedule makes up for them.
void World::make_up(std::uint32_t service) {
  if (!why_it_cannot_start(service).empty() || !services_.at(service).schedules_on) return;
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    if (slots_[slot].service != service || !slots_[slot].missed) continue;
    slots_[slot].missed = false;
    const ServiceSchedule& schedule = scenario_.services[service].schedules[slots_[slot].schedule];
    if (schedule.catches_up && now_ < schedule.until) start(service, slot, kNone);
  }
}

// A time that was named once is not named again after a jump back; times that a jump forward passes
// over are missed.
void World::jump_clock(std::uint32_t service, Duration by) {
  ServiceState& state = services_.at(service);
  const Service& s = scenario_.services[service];
  log(LogKind::kClockJumped, service, kNone, s.region,
      fmt::format("the clock that starts the jobs of {} jumps {} {}", s.name,
                  by < Duration{0} ? "back" : "forward",
                  format_duration(by < Duration{0} ? -by : by)));
  state.clock_ahead = plus(state.clock_ahead, by);
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    Slot& mine = slots_[slot];
    if (mine.service != service || mine.due == Instant::max()) continue;
    const bool passed_over = mine.due < plus(now_, by);
    if (passed_over) {
      mine.missed = true;
      log(LogKind::kWindowMissed, service, kNone, s.region,
          fmt::format("{}: the start of {} lies in the hours that the clock has skipped", s.name,
                      format_instant(plus(mine.due, state.clock_ahead - by))));
    } else if (mine.last != Instant::min()) {
      mine.last = std::min(mine.last, plus(mine.due, state.clock_ahead - by)) - Duration{1};
    }
    schedule_next(slot, now_);
  }
  make_up(service);
}

}  // namespace backcast::sim
