// Restores: which backup serves, whether the provider's rules allow it, how long it takes over the
// link, and what reading it costs.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/time_math.h"
#include "sim/world/world.h"

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

}  // namespace

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

// Why the restore cannot be made, or "".
std::string World::why_no_restore(const ScheduledEvent& event, const Service& service,
                                  const RestoreRecord& restore) const {
  if (restore.backup == kNone) {
    return service.rules->restore.stays_in_region
               ? fmt::format("there is no restore point in {}, and a restore stays in its region",
                             restore.to_region)
               : "there is no restore point to restore from";
  }
  if (region_is_down(restore.to_region)) return restore.to_region + " is down";
  if (event.role) {
    const Status allowed = policy::check_role(*service.rules, *event.role);
    if (!allowed.ok()) return allowed.error().message;
  }
  return version_fault(event, service, result_.backups[restore.backup].born, now_);
}

void World::restore(std::uint32_t index, std::uint32_t service) {
  const ScheduledEvent& event = scenario_.events[index];
  const Service& s = scenario_.services[service];
  RestoreRecord restore;
  restore.service = service;
  restore.started = now_;
  const bool stays = s.rules->restore.stays_in_region;
  const std::string& into = stays && event.to_region.empty() ? event.region : event.to_region;
  restore.to_region = into.empty() ? s.region : into;
  const Instant as_of = event.as_of.value_or(now_);
  for (const auto& vault : vaults_) {
    if (vault->service() != service || region_is_down(vault->region())) continue;
    if (!event.region.empty() && vault->region() != event.region) continue;
    if (stays && vault->region() != restore.to_region) continue;
    for (const Vault::Held& held : vault->held()) {
      const BackupRecord& b = result_.backups[held.backup];
      if (!held.available || b.born > as_of) continue;
      const bool better =
          restore.backup == kNone || b.born > result_.backups[restore.backup].born ||
          (b.born == result_.backups[restore.backup].born && b.region == restore.to_region);
      if (better) restore.backup = held.backup;
    }
  }
  const auto place = static_cast<std::uint32_t>(result_.restores.size());
  restore.reason = why_no_restore(event, s, restore);
  if (!restore.reason.empty()) {
    log(LogKind::kRestoreFailed, service, restore.backup, restore.to_region,
        fmt::format("restore of {} failed: {}", s.name, restore.reason));
    result_.restores.push_back(std::move(restore));
    return;
  }
  const BackupRecord& b = result_.backups[restore.backup];
  restore.from_region = b.region;
  restore.bytes = b.size_bytes;
  restore.lost = as_of - b.born;
  restore.version = version_after(event, s);
  log(LogKind::kRestoreStarted, service, restore.backup, restore.to_region,
      fmt::format("restore of {} ({}) from {} into {} started; {} of work is lost", b.id,
                  format_bytes(b.size_bytes), b.region, restore.to_region,
                  format_duration(restore.lost)));
  record_reading(restore);
  result_.restores.push_back(std::move(restore));
  move_restore(place);
}

// Over the link it shares with copies, or at the copy rate where there is no link.
void World::move_restore(std::uint32_t place) {
  const RestoreRecord& restore = result_.restores[place];
  if (restore.from_region == restore.to_region) return finish_restore(place);
  for (std::uint32_t link = 0; link < scenario_.links.size(); ++link) {
    const LinkSpec& spec = scenario_.links[link];
    if (spec.from != restore.from_region || spec.to != restore.to_region) continue;
    end_link(link);  // what is over by now must leave the link first
    links_[link].start((now_ - scenario_.start).count(), kRestoreTransfer | place, restore.bytes);
    return await_link(link);
  }
  const Service& s = scenario_.services[restore.service];
  const Duration moving = std::max(time_for(restore.bytes, s.job.copy_rate_bytes_per_second),
                                   tried(s.job.copy_takes, restore.service));
  const Duration reading = result_.backups[restore.backup].restore_time;
  const Instant done = plus(now_, plus(moving, reading));
  result_.restores[place].completed = done;
  push(done, kRestoreEnds, place);
}

// The bytes are there: what is left is bringing the service back from them.
void World::finish_restore(std::uint32_t place) {
  RestoreRecord& restore = result_.restores[place];
  restore.completed = plus(now_, result_.backups[restore.backup].restore_time);
  push(restore.completed, kRestoreEnds, place);
}

UsageRecord World::usage_of(std::uint32_t backup, UsageKind kind) const {
  const BackupRecord& b = result_.backups[backup];
  const Service& s = scenario_.services[b.service];
  UsageRecord record;
  record.kind = kind;
  record.start = record.end = now_;
  record.project = scenario_.projects[s.project].name;
  record.service = s.name;
  const Place place = place_in(s, b.region);
  record.provider = place.book;
  record.region = place.region;
  record.storage_class = place.storage_class;
  record.backup_kind = b.kind;
  record.backup = b.id;
  record.tags = ledger_tags(s, b.tags);
  return record;
}

void World::record_requests(std::uint32_t backup, const char* operation, std::uint64_t bytes) {
  const std::uint64_t object_bytes =
      scenario_.services[result_.backups[backup].service].store.object_bytes;
  if (object_bytes == 0 || bytes == 0) return;
  UsageRecord record = usage_of(backup, UsageKind::kRequest);
  record.operation = operation;
  record.quantity = bytes / object_bytes + (bytes % object_bytes != 0 ? 1 : 0);
  result_.usage.push_back(std::move(record));
}

void World::record_reading(const RestoreRecord& restore) {
  const Service& s = scenario_.services[restore.service];
  if (s.store.retrieval) {
    UsageRecord record = usage_of(restore.backup, UsageKind::kRetrieval);
    record.quantity = restore.bytes;
    result_.usage.push_back(std::move(record));
  }
  record_requests(restore.backup, "get", restore.bytes);
  if (restore.from_region == restore.to_region) return;
  const UsageRecord moved =
      movement(place_in(s, restore.from_region), place_in(s, restore.to_region));
  UsageRecord transfer = usage_of(restore.backup, moved.kind);
  transfer.storage_class.clear();
  transfer.tags = s.cost_tags;
  transfer.quantity = restore.bytes;
  transfer.peer_region = moved.peer_region;
  result_.usage.push_back(std::move(transfer));
}

}  // namespace backcast::sim
