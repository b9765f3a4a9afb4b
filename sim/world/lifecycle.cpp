#include "sim/world/lifecycle.h"

#include <algorithm>

#include "engine/base/time_math.h"

namespace backcast::sim {
policy::DeletionRules Lifecycle::rules_for(const Service& service,
                                           const ScheduledEvent& event) const {
  return policy::when_asked(service.rules->deletion, event.delete_backups,
                            stage_.in_force.project(service.project).grace);
}

void Lifecycle::delete_service(std::uint32_t service, const ScheduledEvent& event) {
  if (availability_.of(service).deleted) return;
  const Service& s = stage_.service(service);
  stage_.journal.log({.kind = LogKind::kServiceDeleted, .service = service});
  end(service, rules_for(s, event), policy::OwnerKind::kService);
}

void Lifecycle::delete_project(std::uint32_t project, const ScheduledEvent& event) {
  availability_.delete_project(project);
  std::optional<Instant> key_destroyed;
  bool any = false;
  for (const std::uint32_t service : stage_.members) {
    const Service& s = stage_.service(service);
    if (s.project != project || availability_.of(service).deleted) continue;
    any = true;
    const policy::DeletionRules rules = rules_for(s, event);
    key_destroyed = policy::key_destroyed_at(rules, stage_.now());
    stage_.journal.log({.kind = LogKind::kServiceDeleted, .service = service, .about = project});
    end(service, rules, policy::OwnerKind::kProject);
  }
  if (!any) return;
  stage_.journal.log({.kind = LogKind::kProjectDeleted, .about = project});
  if (key_destroyed) stage_.agenda.push(*key_destroyed, Due::kKeyGone, project);
}

void Lifecycle::end(std::uint32_t service, const policy::DeletionRules& rules,
                    policy::OwnerKind owner) {
  availability_.of(service).deleted = true;
  jobs_.fail_of(service, Why::kServiceEnded);
  copies_.fail_of(service, Why::kServiceEndedOn, [&](const BackupRecord& record) {
    return policy::after_deletion(rules, record.made_by(), stage_.now()).gone_at.has_value();
  });
  std::vector<std::uint32_t> held;
  for (const std::uint32_t vault : vaults_.of(service)) {
    for (const Vault::Held& h : vaults_[vault].held()) {
      if (h.available) held.push_back(h.backup);
    }
  }
  std::sort(held.begin(), held.end());
  for (const std::uint32_t backup : held) decide_fate(backup, rules, owner);
}

void Lifecycle::decide_fate(std::uint32_t backup, const policy::DeletionRules& rules,
                            policy::OwnerKind owner) {
  BackupRecord& record = stage_.journal.backup(backup);
  const std::optional<Instant> expires =
      record.expires == kNever ? std::nullopt : std::optional(record.expires);
  const policy::Fate fate = policy::after_deletion(rules, record.made_by(), stage_.now(), expires);
  const Reason why = Orphaned{fate, owner};
  if (!fate.gone_at || fate.reason == policy::FateReason::kExpiresBefore) {
    record.reason = why;
  } else if (*fate.gone_at <= stage_.now()) {
    vaults_.drop(backup, LogKind::kDeleted, why);
  } else {
    purges_[record.service].push_back({*fate.gone_at, backup, why});
    stage_.agenda.push(*fate.gone_at, Due::kPurge, record.service);
  }
}

void Lifecycle::purge(std::uint32_t service) {
  auto& due = purges_[service];
  const Instant now = stage_.now();
  for (const Purge& purge : due) {
    const bool is_there = stage_.journal.backup(purge.backup).state == BackupState::kAvailable;
    if (purge.at <= now && is_there) vaults_.drop(purge.backup, LogKind::kDeleted, purge.reason);
  }
  std::erase_if(due, [&](const Purge& purge) { return purge.at <= now; });
}

void Lifecycle::destroy_key(std::uint32_t project) {
  stage_.journal.log({.kind = LogKind::kKeyDestroyed, .about = project});
}

void Lifecycle::switch_off(std::uint32_t service) {
  schedules_.switch_on(service, false);
  stage_.journal.log({.kind = LogKind::kSchedulesOff, .service = service});
}

void Lifecycle::switch_on(std::uint32_t service) {
  const bool was_on = schedules_.are_on(service);
  schedules_.switch_on(service, true);
  if (was_on || !stage_.service(service).rules->backs_up_when_switched_on) return;
  const auto& slots = schedules_.slots();
  for (std::uint32_t slot = 0; slot < slots.size(); ++slot) {
    if (slots[slot].service == service && !slots[slot].ended) return jobs_.start_scheduled(slot);
  }
}

void Lifecycle::delete_backup(std::uint32_t service, std::uint32_t index) {
  const std::uint32_t backup = vaults_.described(stage_.scenario.events[index], service);
  if (backup != kNone) return vaults_.drop(backup, LogKind::kDeleted, Why::kAsked);
  stage_.journal.log({.kind = LogKind::kDeletionRefused,
                      .service = service,
                      .about = index,
                      .reason = Why::kNoBackup});
}

void Lifecycle::delete_schedule(std::uint32_t index) {
  const ScheduledEvent& event = stage_.scenario.events[index];
  for (const PolicyChange& change : event.changes) {
    if (!stage_.members.has(change.service)) continue;
    const std::uint32_t schedule = change.schedules->front();
    const std::string& name = stage_.service(change.service).schedules[schedule].name;
    schedules_.end(schedules_.find(change.service, name));
    stage_.journal.log({.kind = LogKind::kScheduleDeleted,
                        .service = change.service,
                        .about = schedule,
                        .number = event.delete_backups ? 1 : 0});
    if (!event.delete_backups) continue;
    for (const std::uint32_t backup : vaults_.made_by(change.service, name)) {
      vaults_.drop(backup, LogKind::kDeleted, Why::kAsked);
    }
  }
}

void Lifecycle::change_policy(std::uint32_t index) {
  for (const PolicyChange& change : stage_.scenario.events[index].changes) {
    if (!stage_.members.has(change.service)) continue;
    stage_.journal.log(
        {.kind = LogKind::kPolicyChanged, .service = change.service, .about = index});
    if (change.retention) vaults_.change_retention(change.service, *change.retention);
    if (change.schedules) change_schedules(change);
  }
}

void Lifecycle::change_schedules(const PolicyChange& change) {
  const std::vector<ServiceSchedule>& all = stage_.service(change.service).schedules;
  const auto stays = [&](const std::string& name) {
    return std::any_of(change.schedules->begin(), change.schedules->end(),
                       [&](std::uint32_t schedule) { return all[schedule].name == name; });
  };
  const auto& slots = schedules_.slots();
  for (std::uint32_t slot = 0; slot < slots.size(); ++slot) {
    const bool is_mine = slots[slot].service == change.service && !slots[slot].ended;
    if (is_mine && !stays(schedules_.schedule_of(slots[slot]).name)) schedules_.end(slot);
  }
  const std::optional<Instant> newest = vaults_.newest(change.service);
  for (const std::uint32_t schedule : *change.schedules) {
    schedules_.put(change.service, schedule, newest);
  }
}

void Lifecycle::change_plan(std::uint32_t index) {
  const ScheduledEvent& event = stage_.scenario.events[index];
  stage_.journal.log({.kind = LogKind::kPlanChanged, .about = index});
  vaults_.change_project(*event.project, *event.becomes);
  for (const PolicyChange& change : event.changes) {
    if (stage_.members.has(change.service)) {
      vaults_.change_retention(change.service, *change.retention);
    }
  }
}

}  // namespace backcast::sim
