// What is kept, and what is let go: retention, expiry and quota over what the vaults hold.
#include <algorithm>

#include "engine/control/plane/parts.h"

namespace backcast::control {
namespace {

using policy::Code;
using policy::Why;

policy::Snapshot snapshot_of(Core& core, const ClusterRow& cluster, const BackupRow& backup) {
  policy::Snapshot snapshot;
  snapshot.id = backup.label;
  const Instant arrived = backup.available.value_or(core.now);
  // A copy's age, and with it its retention, counts from its own creation.
  snapshot.time = backup.kind == "copy" ? arrived : backup.born;
  snapshot.offset = core.zone_of(cluster.zone).offset_at(snapshot.time);
  snapshot.size_bytes = backup.size_bytes;
  snapshot.tags = backup.tags;
  snapshot.schedule = backup.schedule;
  snapshot.origin = backup.origin();
  snapshot.end = arrived;
  snapshot.expires = backup.expires;
  return snapshot;
}

policy::Point point_of(Core& core, const policy::RetentionPolicy& policy, const ClusterRow& cluster,
                       const BackupRow& backup) {
  policy::Point point = policy::to_point(policy, snapshot_of(core, cluster, backup));
  if (core.outside.is_increment(backup.vault, backup.id)) point.marks |= policy::kMarkIncrement;
  return point;
}

std::optional<std::vector<std::string>> tags_of(Core& core, const ClusterRow& cluster,
                                                std::vector<std::string> usual, Instant born) {
  const policy::RetentionPolicy* retention = core.retention_of(cluster);
  return policy::tags_at_birth(
      *core.project(cluster.project).rules, retention ? std::optional(*retention) : std::nullopt,
      std::move(usual), born, cluster.newest_automatic, core.zone_of(cluster.zone));
}

bool is_protected(Core& core, const ClusterRow& cluster, const policy::Snapshot& snapshot) {
  const policy::RetentionPolicy* retention = core.retention_of(cluster);
  if (retention == nullptr) return snapshot.is_protected || !snapshot.pins.empty();
  constexpr int kMarks = policy::kMarkProtected | policy::kMarkPinned;
  return (policy::to_point(*retention, snapshot).marks & kMarks) != 0;
}

// Bytes that count against the project's quota: everything its clusters hold.
std::uint64_t quota_bytes(Core& core, Id project) {
  std::uint64_t bytes = 0;
  for (const Id vault : core.db.rows(
           "SELECT v.id FROM vaults v JOIN clusters c ON c.id = v.cluster WHERE c.project = ?",
           [](Row& r) { return r.integer(); }, project)) {
    bytes += core.outside.held_bytes(vault);
  }
  return bytes;
}

// The cluster's policy as the project's quota leaves it, or none: as it is.
std::optional<policy::RetentionPolicy> retention_within_quota(Core& core, const ClusterRow& cluster,
                                                              Id vault) {
  const auto quota = core.project(cluster.project).quota;
  const policy::RetentionPolicy* retention = core.retention_of(cluster);
  if (!quota || retention == nullptr) return std::nullopt;
  return policy::within_quota(*retention, *quota,
                              quota_bytes(core, cluster.project) - core.outside.held_bytes(vault));
}

struct Doomed {
  BackupRow backup;
  policy::Reason reason;
};
std::vector<Doomed> doomed(Core& core, const ClusterRow& cluster,
                           const policy::RetentionPolicy& policy, Id vault) {
  std::vector<BackupRow> held = core.held(vault);
  std::vector<policy::Point> points;
  for (const BackupRow& backup : held) points.push_back(point_of(core, policy, cluster, backup));
  policy::Plan plan;
  policy::plan(policy, points, {core.now, core.zone_of(cluster.zone)}, plan);
  std::vector<Doomed> gone;
  for (std::size_t i = 0; i < held.size(); ++i) {
    if (!plan.verdicts[i].keep) gone.push_back({std::move(held[i]), plan.reasons_of(i).front()});
  }
  return gone;
}

// Why the project's quota does not let the newcomer in, or "". Retention makes room first: counted
// is what the project would hold once it has run with the newcomer.
std::string quota_refusal(Core& core, const ClusterRow& cluster, const BackupRow& newcomer) {
  const auto quota = core.project(cluster.project).quota;
  if (!quota) return {};
  std::uint64_t counted_bytes = quota_bytes(core, cluster.project);
  if (const policy::RetentionPolicy* own = core.retention_of(cluster)) {
    const auto within = retention_within_quota(core, cluster, newcomer.vault);
    const policy::RetentionPolicy& policy = within ? *within : *own;
    std::vector<BackupRow> all = core.held(newcomer.vault);
    const auto after = std::find_if(
        all.begin(), all.end(), [&](const BackupRow& b) { return b.sequence > newcomer.sequence; });
    all.insert(after, newcomer);
    std::vector<policy::Point> points;
    for (const BackupRow& backup : all) points.push_back(point_of(core, policy, cluster, backup));
    policy::Plan plan;
    policy::plan(policy, points, {core.now, core.zone_of(cluster.zone)}, plan);
    std::vector<Id> gone;
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (plan.verdicts[i].keep) continue;
      gone.push_back(all[i].id);
      if (all[i].id != newcomer.id) continue;
      using In = policy::PolicyPlace::In;
      return policy::code_of(policy::Ruled{{In::kService}, plan.reasons_of(i).front(), true});
    }
    counted_bytes -= core.outside.freed_bytes(newcomer.vault, gone);
  }
  const policy::QuotaVerdict verdict = policy::check_quota(*quota, counted_bytes);
  return verdict.stored ? std::string() : policy::code_of(verdict);
}

}  // namespace

bool is_due(Core& core, const ClusterRow& cluster) {
  return tags_of(core, cluster, {}, core.now).has_value();
}

void arrive(Core& core, Id backup_id, const Birth& birth) {
  core.db.run(
      "UPDATE backups SET available = ?, state = 1, birth_place = ?, birth_copy = ?, "
      "birth_policy = ? WHERE id = ?",
      core.now, static_cast<int>(birth.in), birth.of_copy, birth.policy, backup_id);
  const BackupRow backup = core.backup(backup_id);
  const ClusterRow cluster = core.cluster(backup.cluster);
  const policy::RetentionPolicy* policy = core.policy_of(birth.policy);
  if (policy == nullptr) return core.note_changed(backup.id);
  std::vector<policy::Point> older;
  if (policy::birth_looks_back(*policy)) {
    for (const BackupRow& held : core.held(backup.vault)) {
      if (held.id == backup.id) continue;
      older.push_back(policy::to_point(*policy, snapshot_of(core, cluster, held)));
    }
  }
  const policy::Birth verdict =
      policy::birth(*policy, policy::to_point(*policy, snapshot_of(core, cluster, backup)), older,
                    {core.now, policy::Zone::utc()});
  core.db.run("UPDATE backups SET expires = ?, reason = ? WHERE id = ?", verdict.expires,
              policy::code_of(policy::Ruled{birth.place(), verdict.reason}), backup.id);
  if (verdict.expires) core.push(*verdict.expires, policy::Due::kExpires, backup.vault);
  core.note_changed(backup.id);
}

bool store(Core& core, const JobRow& job, Birth birth) {
  BackupRow backup = core.backup(job.backup);
  const ClusterRow cluster = core.cluster(job.cluster);
  const bool automatic = job.slot != 0;
  if (automatic) {
    backup.tags = tags_of(core, cluster, std::move(backup.tags), backup.born)
                      .value_or(std::vector<std::string>());
  }
  const policy::Snapshot newcomer = snapshot_of(core, cluster, backup);
  core.db.run("UPDATE backups SET tags = ?, protected = ? WHERE id = ?", joined(backup.tags),
              is_protected(core, cluster, newcomer), backup.id);
  core.outside.put(core.work_of(job));
  if (const std::string why = quota_refusal(core, cluster, backup); !why.empty()) {
    core.outside.remove(backup.vault, backup.id);
    core.set_state(backup.id, BackupState::kRefused, why);
    core.end_job(job.id, JobState::kFailed, why);
    core.decide(Code::kQuotaExceeded, backup.label, why);
    return false;
  }
  arrive(core, backup.id, birth);
  if (automatic) {
    core.db.run("UPDATE clusters SET newest_automatic = ? WHERE id = ?", backup.born, cluster.id);
  }
  return true;
}

void prune(Core& core, Id vault) {
  const Core::VaultRow row = core.vault_row(vault);
  const ClusterRow cluster = core.cluster(row.cluster);
  const policy::RetentionPolicy* own = core.retention_of(cluster);
  if (own == nullptr || row.region != cluster.region) return;
  const auto within = retention_within_quota(core, cluster, vault);
  for (const Doomed& gone : doomed(core, cluster, within ? *within : *own, vault)) {
    using In = policy::PolicyPlace::In;
    drop(core, gone.backup, Code::kDeleted,
         policy::code_of(policy::Ruled{{In::kService}, gone.reason}));
  }
}

void prune_others(Core& core, const ClusterRow& cluster) {
  const auto quota = core.project(cluster.project).quota;
  if (!quota || quota->mode != policy::QuotaMode::kKeep) return;
  for (const Id vault : core.db.rows(
           "SELECT v.id FROM vaults v JOIN clusters c ON c.id = v.cluster "
           "WHERE c.project = ? AND c.id <> ? AND c.deleted IS NULL ORDER BY v.id",
           [](Row& r) { return r.integer(); }, cluster.project, cluster.id)) {
    if (quota_bytes(core, cluster.project) <= quota->limit_bytes) return;
    prune(core, vault);
  }
}

void expire(Core& core, Id vault) {
  const std::vector<Id> due = core.db.rows(
      "SELECT id FROM backups WHERE vault = ? AND state = 1 AND expires IS NOT NULL AND "
      "expires <= ? AND expiry_over = 0 ORDER BY sequence",
      [](Row& r) { return r.integer(); }, vault, core.now);
  std::vector<std::pair<BackupRow, std::string>> gone;
  for (const Id id : due) {
    core.db.run("UPDATE backups SET expiry_over = 1 WHERE id = ?", id);
    const BackupRow backup = core.backup(id);
    const ClusterRow cluster = core.cluster(backup.cluster);
    const policy::RetentionPolicy* birth = core.policy_of(backup.birth.policy);
    if (birth == nullptr) {  // of a history, which says when but not why
      if (cluster.retention.empty()) gone.emplace_back(backup, policy::name(Why::kHistoryExpiry));
      continue;
    }
    const policy::Point point = policy::to_point(*birth, snapshot_of(core, cluster, backup));
    policy::Plan plan;
    policy::plan(*birth, {&point, 1}, {core.now, policy::Zone::utc()}, plan);
    if (plan.verdicts[0].keep) continue;
    gone.emplace_back(
        backup, policy::code_of(policy::Ruled{backup.birth.place(), plan.reasons_of(0).front()}));
  }
  for (const auto& [backup, why] : gone) drop(core, backup, Code::kExpired, why);
}

void drop(Core& core, const BackupRow& backup, Code code, const std::string& reason) {
  core.outside.remove(backup.vault, backup.id);
  core.set_state(backup.id, BackupState::kDeleted, reason);
  core.decide(code, backup.label, reason);
}

void note_protection(Core& core, Id cluster_id) {
  const ClusterRow cluster = core.cluster(cluster_id);
  for (const Id vault : core.vaults_of(cluster_id)) {
    for (const BackupRow& backup : core.held(vault)) {
      const bool is = is_protected(core, cluster, snapshot_of(core, cluster, backup));
      const auto was = core.db.number("SELECT protected FROM backups WHERE id = ?", backup.id);
      if ((was == 1) == is) continue;
      core.db.run("UPDATE backups SET protected = ? WHERE id = ?", is, backup.id);
      core.note_changed(backup.id);
    }
  }
}

void lose_storage(Core& core, const std::string& region, const std::vector<Id>& clusters) {
  for (const auto& vault : core.db.rows(
           "SELECT id, cluster FROM vaults WHERE region = ? "
           "ORDER BY id",
           [](Row& r) {
             const Id id = r.integer();
             return std::pair(id, r.integer());
           },
           region)) {
    const bool meant = clusters.empty() ||
                       std::find(clusters.begin(), clusters.end(), vault.second) != clusters.end();
    if (!meant) continue;
    for (const BackupRow& lost : core.held(vault.first)) {
      drop(core, lost, Code::kDeleted, policy::name(Why::kStorageLost));
    }
  }
}

}  // namespace backcast::control
