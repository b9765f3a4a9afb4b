#include "sim/world/restores.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/time_math.h"

namespace backcast::sim {
namespace {

// Why the version does not allow the restore, or "".
std::string version_fault(const ScheduledEvent& event, const Service& service, Instant born,
                          Instant now) {
  if (!event.backup_version || !event.target_version) return {};
  // Where nobody states the latest version, extremes.h tries what it may be.
  return policy::version_refusal(
      service.rules->restore.versions,
      {*event.backup_version, *event.target_version, event.latest_version}, born, now);
}

// What runs once the restore is done, where versions are stated: "; the cluster is set back …".
std::string version_after(const ScheduledEvent& event, const Service& service) {
  if (service.rules->restore.versions == policy::VersionRule::kSetsBack && event.backup_version) {
    const std::string before =
        event.target_version ? fmt::format(" (it ran {})", to_string(*event.target_version)) : "";
    return fmt::format(
        "; the cluster is set back to version {}{}, CPU, memory and node count of then",
        to_string(*event.backup_version), before);
  }
  const auto& runs = event.target_version ? event.target_version : event.latest_version;
  return runs ? fmt::format("; it runs version {}", to_string(*runs)) : "";
}

}  // namespace

// Why the restore cannot be made, or "".
std::string Restores::why_not(const ScheduledEvent& event, const RestoreRecord& restore) {
  const Service& service = stage_.service(restore.service);
  if (restore.backup == kNone) {
    return service.rules->restore.stays_in_region
               ? fmt::format("there is no restore point in {}, and a restore stays in its region",
                             restore.to_region)
               : "there is no restore point to restore from";
  }
  if (availability_.is_down(restore.to_region)) return restore.to_region + " is down";
  if (event.role) {
    const Status allowed = policy::check_role(*service.rules, *event.role);
    if (!allowed.ok()) return allowed.error().message;
  }
  return version_fault(event, service, stage_.journal.backup(restore.backup).born, stage_.now());
}

// The newest one that can be read, of equal ones that in the region it goes into; or kNone.
std::uint32_t Restores::serving_backup(const ScheduledEvent& event, std::uint32_t service,
                                       const std::string& into) {
  const bool stays = stage_.service(service).rules->restore.stays_in_region;
  const Instant as_of = event.as_of.value_or(stage_.now());
  std::uint32_t best = kNone;
  for (const std::uint32_t vault : vaults_.of(service)) {
    const std::string& region = vaults_[vault].region();
    if (availability_.is_down(region) || (stays && region != into)) continue;
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

void Restores::start(const ScheduledEvent& event, std::uint32_t service) {
  const Service& s = stage_.service(service);
  auto& restores = stage_.journal.result().restores;
  RestoreRecord restore;
  restore.service = service;
  restore.started = stage_.now();
  const bool stays = s.rules->restore.stays_in_region;
  const std::string& into = stays && event.to_region.empty() ? event.region : event.to_region;
  restore.to_region = into.empty() ? s.region : into;
  restore.backup = serving_backup(event, service, restore.to_region);
  restore.reason = why_not(event, restore);
  if (!restore.reason.empty()) {
    stage_.journal.log(LogKind::kRestoreFailed, service, restore.backup, restore.to_region,
                       fmt::format("restore of {} failed: {}", s.name, restore.reason));
    restores.push_back(std::move(restore));
    return;
  }
  const BackupRecord& b = stage_.journal.backup(restore.backup);
  restore.from_region = b.region;
  restore.bytes = b.size_bytes;
  restore.lost = event.as_of.value_or(stage_.now()) - b.born;
  restore.version = version_after(event, s);
  stage_.journal.log(LogKind::kRestoreStarted, service, restore.backup, restore.to_region,
                     fmt::format("restore of {} ({}) from {} into {} started; {} of work is lost",
                                 b.id, format_bytes(b.size_bytes), b.region, restore.to_region,
                                 format_duration(restore.lost)));
  stage_.journal.read_back(restore);
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
  const RestoreRecord& restore = record(index);
  stage_.journal.log(
      LogKind::kRestoreCompleted, restore.service, restore.backup, restore.to_region,
      fmt::format("restore of {} into {} completed after {}{}",
                  stage_.journal.backup(restore.backup).id, restore.to_region,
                  format_duration(restore.completed - restore.started), restore.version));
}

}  // namespace backcast::sim
