// What is kept: the verdict at birth, the quota, the verdict when looking back, expiry.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/time_math.h"
#include "sim/world/world.h"

namespace backcast::sim {

policy::Snapshot World::snapshot_of(const BackupRecord& record, policy::Origin origin) const {
  policy::Snapshot snapshot;
  snapshot.id = record.id;
  // A copy's age, and with it its retention, counts from its own creation.
  snapshot.time = origin == policy::Origin::kCopy ? now_ : record.born;
  snapshot.offset = scenario_.services[record.service].zone.offset_at(snapshot.time);
  snapshot.size_bytes = record.size_bytes;
  snapshot.tags = record.tags;
  snapshot.schedule = record.schedule;
  snapshot.origin = origin;
  snapshot.end = now_;
  return snapshot;
}

// Makes a finished backup or copy available, with the expiry its policy gives it at birth.
void World::arrive(std::uint32_t backup, std::uint32_t vault, const policy::RetentionPolicy* birth,
                   policy::Origin origin) {
  BackupRecord& record = result_.backups[backup];
  const Service& s = scenario_.services[record.service];
  policy::Snapshot snapshot = snapshot_of(record, origin);
  if (birth != nullptr) {
    std::vector<policy::Point> older;
    const bool looks_back = policy::birth_looks_back(*birth);
    for (const Vault::Held& held : vaults_[vault]->held()) {
      if (!looks_back) break;
      if (held.available) older.push_back(policy::to_point(*birth, held.snapshot));
    }
    const policy::Birth verdict = policy::birth(*birth, policy::to_point(*birth, snapshot), older,
                                                {now_, policy::Zone::utc()});
    snapshot.expires = verdict.expires;
    record.reason = policy::to_text(*birth, verdict.reason);
  }
  record.available = now_;
  record.state = BackupState::kAvailable;
  record.restore_time = std::max(time_for(size_at(s.workload, scenario_.start, record.born),
                                          s.job.restore_rate_bytes_per_second),
                                 s.job.restore_takes.value_or(Duration{0}));
  if (snapshot.expires) {
    record.expires = *snapshot.expires;
    push(*snapshot.expires, kExpires, vault);
  }
  vaults_[vault]->arrive(backup, record, std::move(snapshot), birth, now_);
  note_quota(s.project);
}

// Puts a finished backup into its home vault if the project's quota lets it. False: refused.
bool World::store(std::uint32_t backup, const Job& job) {
  BackupRecord& record = result_.backups[backup];
  const Service& s = scenario_.services[record.service];
  const std::uint32_t vault = vault_of(record.service, record.region);
  const bool automatic = job.slot != kNone;
  const auto origin = automatic ? policy::Origin::kAutomatic : policy::Origin::kManual;
  const auto& retention = automatic ? s.schedules[slots_[job.slot].schedule].retention
                                    : scenario_.events[job.event].retention;
  give_tags(record, automatic);
  const std::uint64_t moved = vaults_[vault]->reserve(backup, job.generation).moved_bytes;
  if (const std::string why = quota_refusal(snapshot_of(record, origin), vault); !why.empty()) {
    vaults_[vault]->remove(backup, record, now_);
    log(LogKind::kQuotaExceeded, record.service, backup, record.region,
        fmt::format("{} was not stored: {}", record.id, why));
    record.state = BackupState::kRefused;
    record.reason = why;
    return false;
  }
  record_requests(backup, "put", moved);
  arrive(backup, vault, retention ? &*retention : nullptr, origin);
  if (automatic) services_.at(record.service).newest_automatic = record.born;
  return true;
}

// The verdict looking back: after a new backup, over everything in the home region.
void World::prune(std::uint32_t vault) {
  const Service& s = scenario_.services[vaults_[vault]->service()];
  if (!s.retention || vaults_[vault]->region() != s.region) return;
  const auto within = retention_within_quota(vault);
  drop(vault, vaults_[vault]->doomed(within ? *within : *s.retention, now_), LogKind::kDeleted);
}

// A shared quota that has been passed lets go what neither protection nor a minimum keeps in the
// project's other services, too, until it holds.
void World::prune_others(std::uint32_t service) {
  const std::uint32_t project = scenario_.services[service].project;
  const Project& p = scenario_.projects[project];
  if (!p.quota_bytes || p.quota_mode != policy::QuotaMode::kKeep) return;
  for (std::uint32_t vault = 0; vault < vaults_.size(); ++vault) {
    if (quota_bytes(project) <= *p.quota_bytes) return;
    const std::uint32_t other = vaults_[vault]->service();
    const bool is_mine = other == service || scenario_.services[other].project != project;
    if (!is_mine && !services_.at(other).deleted) prune(vault);
  }
}

void World::expire(std::uint32_t vault) {
  drop(vault, vaults_[vault]->expired(now_), LogKind::kExpired);
}

void World::drop(std::uint32_t backup, LogKind kind, const std::string& reason) {
  const BackupRecord& record = result_.backups[backup];
  drop(vault_of(record.service, record.region), {{backup, reason}}, kind);
}

void World::drop(std::uint32_t vault, const std::vector<Vault::Doomed>& doomed, LogKind kind) {
  if (doomed.empty()) return;
  vaults_[vault]->remove(doomed, result_.backups, now_);
  for (const auto& [backup, reason] : doomed) {
    BackupRecord& record = result_.backups[backup];
    record.state = BackupState::kDeleted;
    record.deleted = now_;
    record.reason = reason;
    log(kind, record.service, backup, record.region,
        fmt::format("{} {}: {}", record.id, kind == LogKind::kExpired ? "expired" : "deleted",
                    reason));
  }
  note_quota(scenario_.services[vaults_[vault]->service()].project);
}

// Bytes that count against the project's quota: everything its services hold.
std::uint64_t World::quota_bytes(std::uint32_t project) const {
  std::uint64_t bytes = 0;
  for (const auto& vault : vaults_) {
    if (scenario_.services[vault->service()].project == project) bytes += vault->stored_bytes();
  }
  return bytes;
}

void World::note_quota(std::uint32_t project) {
  const Project& p = scenario_.projects[project];
  if (!p.quota_bytes && !p.watched) return;
  Series& series = quotas_[project];
  if (series.points.empty()) {
    series.kind = SeriesKind::kQuotaBytes;
    series.project = p.name;
    series.limit = p.quota_bytes;
    series.points.push_back({scenario_.start, 0});
  }
  const std::uint64_t bytes = quota_bytes(project);
  if (series.points.back().at == now_) {
    series.points.back().value = bytes;
  } else if (series.points.back().value != bytes) {
    series.points.push_back({now_, bytes});
  }
}

}  // namespace backcast::sim
