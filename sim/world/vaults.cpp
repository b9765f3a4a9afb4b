#include "sim/world/vaults.h"

#include <algorithm>

#include "engine/base/time_math.h"
#include "sim/model/outside/collections.h"
#include "sim/model/outside/job_bytes.h"
#include "sim/model/weather.h"

namespace backcast::sim {

Vaults::Vaults(Stage& stage, std::vector<VaultStep>* steps)
    : stage_(stage), steps_(steps), states_(stage.members) {
  for (const std::uint32_t service : stage.members) find(service, stage.service(service).region);
}

std::uint32_t Vaults::find(std::uint32_t service, const std::string& region) {
  std::vector<std::uint32_t>& vaults = states_[service].vaults;
  for (const std::uint32_t vault : vaults) {
    if (vaults_[vault]->region() == region) return vault;
  }
  vaults_.push_back(std::make_unique<Vault>(stage_, service, region));
  const std::uint32_t number = count() - 1;
  if (steps_ != nullptr) vaults_.back()->record(*steps_, number);
  vaults.push_back(number);
  join_repository(number);
  return number;
}

void Vaults::join_repository(std::uint32_t vault) {
  const auto& repositories = stage_.scenario.repositories;
  const auto mine = std::find_if(repositories.begin(), repositories.end(), [&](const auto& r) {
    return std::binary_search(r.services.begin(), r.services.end(), vaults_[vault]->service());
  });
  if (mine == repositories.end()) return;
  const auto index = static_cast<std::uint32_t>(mine - repositories.begin());
  const std::string& region = vaults_[vault]->region();
  auto shared = std::find_if(shared_.begin(), shared_.end(), [&](const Shared& s) {
    return s.repository == index && s.region == region;
  });
  if (shared == shared_.end()) {
    auto part = std::make_unique<CommonPart>(
        mine->common_bytes, [this](std::uint32_t holder, std::uint64_t elsewhere_bytes) {
          vaults_[holder]->count_elsewhere(elsewhere_bytes);
        });
    shared = shared_.insert(shared, {index, region, std::move(part), {}});
  }
  shared->vaults.push_back(vault);
  vaults_[vault]->join(*shared->part, vault, mine->drift_per_day);
}

policy::Snapshot Vaults::snapshot_of(const BackupRecord& record, policy::Origin origin) const {
  policy::Snapshot snapshot;
  snapshot.id = record.id;
  // A copy's age, and with it its retention, counts from its own creation.
  snapshot.time = origin == policy::Origin::kCopy ? stage_.now() : record.born;
  snapshot.offset = stage_.service(record.service).zone.offset_at(snapshot.time);
  snapshot.size_bytes = record.size_bytes;
  snapshot.tags = record.tags;
  snapshot.schedule = record.schedule;
  snapshot.origin = origin;
  snapshot.end = stage_.now();
  return snapshot;
}

std::optional<std::vector<std::string>> Vaults::tags_of(std::uint32_t service,
                                                        std::vector<std::string> usual,
                                                        Instant born) const {
  const Service& s = stage_.service(service);
  return policy::tags_at_birth(*s.rules, stage_.in_force.retention(service), std::move(usual), born,
                               states_[service].newest_automatic, s.zone);
}

bool Vaults::is_due(std::uint32_t service) const {
  return tags_of(service, {}, stage_.now()).has_value();
}

Duration Vaults::restore_time(const BackupRecord& backup,
                              std::span<const policy::CollectionChoice> collections, Instant asked,
                              const std::string& into) const {
  const Service& s = stage_.service(backup.service);
  const std::uint64_t whole_bytes =
      backup.of_history ? backup.size_bytes
                        : live_bytes_at(s, stage_.scenario.start, stage_.draws, backup.born);
  const Pace pace = pace_of(stage_.draws, {Delivery::Kind::kRestore, s.entity, asked, into},
                            s.job.duration_spread);
  return std::max(
      pace.of(time_for(part_of(whole_bytes, s, collections), s.job.restore_rate_bytes_per_second)),
      s.job.restore_takes.value_or(Duration{0}));
}

void Vaults::arrive(std::uint32_t backup, std::uint32_t vault, const PolicyPlace& place,
                    policy::Origin origin) {
  BackupRecord& record = stage_.journal.backup(backup);
  const Service& s = stage_.service(record.service);
  const Instant now = stage_.now();
  policy::Snapshot snapshot = snapshot_of(record, origin);
  const policy::RetentionPolicy* birth = policy_at(stage_.scenario, record.service, place);
  if (birth != nullptr) {
    std::vector<policy::Point> older;
    const bool looks_back = policy::birth_looks_back(*birth);
    for (const Vault::Held& held : vaults_[vault]->held()) {
      if (!looks_back) break;
      if (held.available) older.push_back(policy::to_point(*birth, held.snapshot));
    }
    const policy::Birth verdict = policy::birth(*birth, policy::to_point(*birth, snapshot), older,
                                                {now, policy::Zone::utc()});
    snapshot.expires = verdict.expires;
    record.reason = Ruled{place, verdict.reason};
  }
  record.available = now;
  record.state = BackupState::kAvailable;
  record.restore_time = restore_time(record, {}, record.born, record.region);
  if (snapshot.expires) {
    record.expires = *snapshot.expires;
    stage_.agenda.push(*snapshot.expires, Due::kExpires, vault);
  }
  vaults_[vault]->arrive(backup, std::move(snapshot), place);
  note_quota(s.project);
}

bool Vaults::store(std::uint32_t backup, const Generation& generation, bool automatic,
                   const PolicyPlace& birth) {
  BackupRecord& record = stage_.journal.backup(backup);
  const Service& s = stage_.service(record.service);
  const std::uint32_t vault = find(record.service, record.region);
  const auto origin = automatic ? policy::Origin::kAutomatic : policy::Origin::kManual;
  if (automatic) {
    record.tags = tags_of(record.service, std::move(record.tags), record.born)
                      .value_or(std::vector<std::string>());
  }
  const policy::Snapshot newcomer = snapshot_of(record, origin);
  record.is_protected = is_protected(record.service, newcomer);
  const std::uint64_t moved = vaults_[vault]->reserve(backup, generation).moved_bytes;
  if (const std::optional<Reason> why = quota_refusal(newcomer, vault)) {
    vaults_[vault]->remove(backup);
    stage_.journal.log({.kind = LogKind::kQuotaExceeded, .backup = backup});
    record.state = BackupState::kRefused;
    record.reason = *why;
    return false;
  }
  stage_.journal.ledger().requests(s, record, stage_.now(), "put", moved);
  arrive(backup, vault, birth, origin);
  if (automatic) states_[record.service].newest_automatic = record.born;
  return true;
}

void Vaults::prune(std::uint32_t vault) {
  const std::uint32_t service = vaults_[vault]->service();
  const auto& retention = stage_.in_force.retention(service);
  if (!retention || vaults_[vault]->region() != stage_.service(service).region) return;
  const auto within = retention_within_quota(vault);
  drop(vault, vaults_[vault]->doomed(within ? *within : *retention), LogKind::kDeleted);
}

void Vaults::prune_others(std::uint32_t service, const Availability& availability) {
  const std::uint32_t project = stage_.service(service).project;
  const Project& p = stage_.in_force.project(project);
  if (!p.quota_bytes || p.quota_mode != policy::QuotaMode::kKeep) return;
  for (std::uint32_t vault = 0; vault < vaults_.size(); ++vault) {
    if (quota_bytes(project) <= *p.quota_bytes) return;
    const std::uint32_t other = vaults_[vault]->service();
    const bool is_another = other != service && stage_.service(other).project == project;
    if (is_another && !availability.of(other).deleted) prune(vault);
  }
}

void Vaults::expire(std::uint32_t vault) {
  drop(vault, vaults_[vault]->expired(), LogKind::kExpired);
}

void Vaults::drop(std::uint32_t backup, LogKind kind, const Reason& reason) {
  const BackupRecord& record = stage_.journal.backup(backup);
  drop(find(record.service, record.region), {{backup, reason}}, kind);
}

void Vaults::drop(std::uint32_t vault, const std::vector<Vault::Doomed>& doomed, LogKind kind) {
  if (doomed.empty()) return;
  vaults_[vault]->remove(doomed);
  for (const auto& [backup, reason] : doomed) {
    BackupRecord& record = stage_.journal.backup(backup);
    record.state = BackupState::kDeleted;
    record.deleted = stage_.now();
    record.reason = reason;
    stage_.journal.log({.kind = kind, .backup = backup});
  }
  note_quota(stage_.service(vaults_[vault]->service()).project);
}

void Vaults::lose_storage(const ScheduledEvent& event) {
  for (const auto& vault : vaults_) {
    if (vault->region() != event.region) continue;
    if (!event.services.empty() && std::find(event.services.begin(), event.services.end(),
                                             vault->service()) == event.services.end()) {
      continue;
    }
    std::vector<std::uint32_t> lost;
    for (const Vault::Held& held : vault->held()) {
      if (held.available) lost.push_back(held.backup);
    }
    for (const std::uint32_t backup : lost) drop(backup, LogKind::kDeleted, Why::kStorageLost);
  }
}

std::uint32_t Vaults::described(const ScheduledEvent& event, std::uint32_t service) const {
  const std::string& region = event.region.empty() ? stage_.service(service).region : event.region;
  const Instant as_of = event.as_of.value_or(stage_.now());
  std::uint32_t best = kNone;
  for (const std::uint32_t vault : of(service)) {
    if (vaults_[vault]->region() != region) continue;
    for (const Vault::Held& held : vaults_[vault]->held()) {
      const BackupRecord& b = stage_.journal.backup(held.backup);
      if (!held.available || !policy::is_described(b.born, b.tags, as_of, event.tags)) continue;
      if (best == kNone || b.born >= stage_.journal.backup(best).born) best = held.backup;
    }
  }
  return best;
}

std::vector<std::uint32_t> Vaults::made_by(std::uint32_t service,
                                           const std::string& schedule) const {
  std::vector<std::uint32_t> made;
  for (const std::uint32_t vault : of(service)) {
    for (const Vault::Held& held : vaults_[vault]->held()) {
      const BackupRecord& b = stage_.journal.backup(held.backup);
      const bool is_mine = b.schedule == schedule && b.made_by() == policy::Origin::kAutomatic;
      if (held.available && is_mine) made.push_back(held.backup);
    }
  }
  return made;
}

std::optional<Instant> Vaults::newest(std::uint32_t service) const {
  std::optional<Instant> newest;
  for (const Vault::Held& held : vaults_[of(service).front()]->held()) {
    if (!held.available || held.snapshot.origin == policy::Origin::kCopy) continue;
    newest = std::max(newest.value_or(Instant::min()), stage_.journal.backup(held.backup).born);
  }
  return newest;
}

void Vaults::change_retention(std::uint32_t service, std::uint32_t index) {
  stage_.in_force.change_retention(service, index);
  for (const std::uint32_t vault : of(service)) {
    vaults_[vault]->follow_policy();
    for (const Vault::Held& held : vaults_[vault]->held()) {
      if (!held.available) continue;
      stage_.journal.backup(held.backup).is_protected = is_protected(service, held.snapshot);
    }
  }
}

void Vaults::change_project(std::uint32_t index, const Project& becomes) {
  const auto series = quotas_.find(index);
  // A line that was elsewhere before says nothing of the whole run.
  if (series != quotas_.end() && series->second.limit != becomes.quota_bytes) {
    series->second.limit.reset();
  }
  stage_.in_force.change_project(index, becomes);
}

// The service's policy as the project's quota leaves it, or none: as it is.
std::optional<policy::RetentionPolicy> Vaults::retention_within_quota(std::uint32_t vault) const {
  const Service& s = stage_.service(vaults_[vault]->service());
  const Project& project = stage_.in_force.project(s.project);
  const auto& retention = stage_.in_force.retention(vaults_[vault]->service());
  if (!project.quota_bytes || !retention) return std::nullopt;
  return policy::within_quota(*retention, quota_of(project),
                              quota_bytes(s.project) - vaults_[vault]->stored_bytes());
}

// Why the project's quota does not let a newcomer in, or nothing. Retention makes room first:
// counted is what the project would hold once it has run with the newcomer.
std::optional<Reason> Vaults::quota_refusal(const policy::Snapshot& newcomer,
                                            std::uint32_t vault) const {
  const Service& s = stage_.service(vaults_[vault]->service());
  const Project& project = stage_.in_force.project(s.project);
  if (!project.quota_bytes) return {};
  const auto& retention = stage_.in_force.retention(vaults_[vault]->service());
  std::uint64_t held_bytes = quota_bytes(s.project);
  if (retention && vaults_[vault]->region() == s.region) {
    const auto within = retention_within_quota(vault);
    const Vault::Outlook outlook =
        vaults_[vault]->with_newcomer(within ? *within : *retention, newcomer);
    if (outlook.why_not_kept) {
      return Ruled{stage_.in_force.place(vaults_[vault]->service()), *outlook.why_not_kept, true};
    }
    held_bytes -= outlook.freed_bytes;
  }
  const policy::QuotaVerdict verdict = policy::check_quota(quota_of(project), held_bytes);
  return verdict.stored ? std::nullopt : std::optional<Reason>(verdict);
}

// Bytes that count against the project's quota: everything its services hold.
std::uint64_t Vaults::quota_bytes(std::uint32_t project) const {
  std::uint64_t bytes = 0;
  for (const auto& vault : vaults_) {
    if (stage_.service(vault->service()).project == project) bytes += vault->stored_bytes();
  }
  return bytes;
}

void Vaults::note_quota(std::uint32_t project) {
  const Project& p = stage_.in_force.project(project);
  if (!p.quota_bytes && !stage_.scenario.projects[project].watched) return;
  Series& series = quotas_[project];
  if (series.points.empty()) {
    series.kind = SeriesKind::kQuotaBytes;
    series.project = p.name;
    series.limit = p.quota_bytes;
    series.points.push_back({stage_.scenario.start, 0});
  }
  const std::uint64_t bytes = quota_bytes(project);
  if (series.points.back().at == stage_.now()) {
    series.points.back().value = bytes;
  } else if (series.points.back().value != bytes) {
    series.points.push_back({stage_.now(), bytes});
  }
}

void Vaults::note_repositories() {
  for (const Shared& shared : shared_) {
    RepositoryResult result;
    result.name = stage_.scenario.repositories[shared.repository].name;
    result.region = shared.region;
    for (const std::uint32_t number : shared.vaults) {
      const Vault& vault = *vaults_[number];
      const double stored_share = stage_.service(vault.service()).workload.stored_share;
      const auto unpacked = [&](std::uint64_t bytes) {  // before compression
        const bool is_plain = stored_share <= 0 || stored_share == 1;
        const double whole = static_cast<double>(bytes) / (is_plain ? 1 : stored_share);
        return is_plain ? bytes : static_cast<std::uint64_t>(std::min(whole, kMaxStoredBytes));
      };
      bool is_there = false;
      for (const Vault::Held& held : vault.held()) {
        if (!held.available) continue;
        is_there = true;
        result.logical_bytes += unpacked(stage_.journal.backup(held.backup).size_bytes);
      }
      const std::uint64_t stored_bytes = vault.series().points.back().value;
      result.services += is_there ? 1 : 0;
      result.stored_bytes += stored_bytes;
      result.unique_bytes += unpacked(stored_bytes);
    }
    stage_.journal.result().repositories.push_back(std::move(result));
  }
}

void Vaults::finish() {
  note_repositories();
  for (const auto& vault : vaults_) {
    vault->finish();
    stage_.journal.result().series.push_back(vault->series());
  }
  for (auto& [project, series] : quotas_) {
    stage_.journal.result().series.push_back(std::move(series));
  }
}

}  // namespace backcast::sim
