#include "sim/world/restores.h"

#include <algorithm>

#include "engine/base/time_math.h"

namespace backcast::sim {
// Why the restore cannot be made, or nothing.
Why Restores::why_not(const ScheduledEvent& event, const RestoreRecord& restore) {
  const policy::ServiceRules& rules = *stage_.service(restore.service).rules;
  if (restore.backup == kNone) return Why::kNoRestorePoint;
  const bool is_gone = event.in_place && availability_.of(restore.service).deleted;
  if (is_gone) return Why::kServiceDeleted;
  if (availability_.is_down(restore.to_region)) return Why::kRegionDown;
  if (event.role && !policy::check_role(rules, *event.role).ok()) return Why::kRole;
  const bool fits =
      version_refusal(event, stage_.service(restore.service), restore.born, stage_.now()).empty();
  return fits ? Why::kNothing : Why::kVersion;
}

// The newest one that can be read, of equal ones that in the region it goes into; or kNone.
std::uint32_t Restores::serving_backup(const ScheduledEvent& event, std::uint32_t service,
                                       const std::string& into) {
  const bool stays = stage_.service(service).rules->restore.stays_in_region;
  const Instant as_of = event.as_of.value_or(stage_.now());
  std::uint32_t best = kNone;
  for (const std::uint32_t vault : vaults_.of(service)) {
    const std::string& region = vaults_[vault].region();
    if (availability_.why_no_store(region) != Why::kNothing || (stays && region != into)) continue;
    if (!event.region.empty() && region != event.region) continue;
    for (const Vault::Held& held : vaults_[vault].held()) {
      const BackupRecord& b = stage_.journal.backup(held.backup);
      if (!held.available || b.born > as_of) continue;
      const bool better = best == kNone || b.born > stage_.journal.backup(best).born ||
                          (b.born == stage_.journal.backup(best).born && b.region == into);
      if (better) best = held.backup;
    }
  }
  return best;
}

void Restores::start(std::uint32_t index, std::uint32_t service) {
  const ScheduledEvent& event = stage_.scenario.events[index];
  const Service& s = stage_.service(service);
  auto& restores = stage_.journal.result().restores;
  RestoreRecord restore;
  restore.service = service;
  restore.event = index;
  restore.started = stage_.now();
  const bool stays = s.rules->restore.stays_in_region;
  const std::string& into = stays && event.to_region.empty() ? event.region : event.to_region;
  restore.to_region = into.empty() ? s.region : into;
  restore.backup = serving_backup(event, service, restore.to_region);
  if (restore.backup != kNone) restore.born = stage_.journal.backup(restore.backup).born;
  restore.why_not = why_not(event, restore);
  const auto log = [&](LogKind kind) {
    stage_.journal.log({.kind = kind,
                        .service = service,
                        .backup = restore.backup,
                        .about = static_cast<std::uint32_t>(restores.size())});
  };
  if (restore.why_not != Why::kNothing) {
    log(LogKind::kRestoreFailed);
    restores.push_back(std::move(restore));
    return;
  }
  const BackupRecord& b = stage_.journal.backup(restore.backup);
  restore.from_region = b.region;
  restore.bytes = b.size_bytes;
  restore.lost = event.as_of.value_or(stage_.now()) - restore.born;
  log(LogKind::kRestoreStarted);
  if (event.in_place) ++availability_.of(service).restoring;
  stage_.journal.ledger().read_back(s, b, restore);
  restores.push_back(std::move(restore));
  move(static_cast<std::uint32_t>(restores.size() - 1));
}

// Over the link it shares with copies, or at the copy rate where there is no link.
void Restores::move(std::uint32_t index) {
  const RestoreRecord& restore = record(index);
  if (restore.from_region == restore.to_region) return bring_back(index);
  const auto& links = stage_.scenario.links;
  for (std::uint32_t link = 0; link < links.size(); ++link) {
    if (links[link].from != restore.from_region || links[link].to != restore.to_region) continue;
    links_.start(link, kTransfer | index, restore.bytes);
    return;
  }
  const Service& s = stage_.service(restore.service);
  const Duration moving = std::max(time_for(restore.bytes, s.job.copy_rate_bytes_per_second),
                                   schedules_.tried(s.job.copy_takes, restore.service));
  const Duration reading = stage_.journal.backup(restore.backup).restore_time;
  record(index).completed = plus(stage_.now(), plus(moving, reading));
  stage_.agenda.push(record(index).completed, Due::kRestoreEnds, index);
}

void Restores::bring_back(std::uint32_t index) {
  RestoreRecord& restore = record(index);
  restore.completed = plus(stage_.now(), stage_.journal.backup(restore.backup).restore_time);
  stage_.agenda.push(restore.completed, Due::kRestoreEnds, index);
}

void Restores::end(std::uint32_t index) {
  stage_.journal.log(
      {.kind = LogKind::kRestoreCompleted, .backup = record(index).backup, .about = index});
  const RestoreRecord& restore = record(index);
  if (!stage_.scenario.events[restore.event].in_place) return;
  --availability_.of(restore.service).restoring;
  jobs_.make_up(restore.service);
}

}  // namespace backcast::sim
