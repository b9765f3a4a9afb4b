// What becomes of backups when what they belong to is deleted, switched off or cannot be reached.
#include <algorithm>

#include "engine/control/plane/parts.h"
#include "engine/policy/service/lifecycle.h"

namespace backcast::control {
namespace {

using policy::Code;
using policy::Why;

void decide_fate(Core& core, const BackupRow& backup, const policy::DeletionRules& rules,
                 policy::OwnerKind owner) {
  const policy::Fate fate =
      policy::after_deletion(rules, backup.made_by(), core.now, backup.expires);
  const std::string why = policy::code_of(policy::Orphaned{fate, owner});
  if (!fate.gone_at || fate.reason == policy::FateReason::kExpiresBefore) {
    core.db.run("UPDATE backups SET reason = ? WHERE id = ?", why, backup.id);
  } else if (*fate.gone_at <= core.now) {
    drop(core, backup, Code::kDeleted, why);
  } else {
    core.db.run("INSERT INTO purges(at, cluster, backup, reason) VALUES(?, ?, ?, ?)", *fate.gone_at,
                backup.cluster, backup.id, why);
    core.push(*fate.gone_at, policy::Due::kPurge, backup.cluster);
  }
}

policy::DeletionRules rules_for(Core& core, Id project, bool delete_backups) {
  const ProjectRow row = core.project(project);
  return policy::when_asked(row.rules->deletion, delete_backups, row.grace);
}

void end(Core& core, const ClusterRow& cluster, const policy::DeletionRules& rules,
         policy::OwnerKind owner) {
  core.decide(Code::kServiceDeleted, cluster.name);
  core.db.run("UPDATE clusters SET deleted = ? WHERE id = ?", core.now, cluster.id);
  fail_jobs_of(core, cluster.id, Why::kServiceEnded);
  fail_copies_of(core, cluster.id, Why::kServiceEndedOn, [&](const BackupRow& backup) {
    return policy::after_deletion(rules, backup.made_by(), core.now).gone_at.has_value();
  });
  std::vector<BackupRow> held;
  for (const Id vault : core.vaults_of(cluster.id)) {
    for (BackupRow& backup : core.held(vault)) held.push_back(std::move(backup));
  }
  std::sort(held.begin(), held.end(),
            [](const BackupRow& a, const BackupRow& b) { return a.id < b.id; });
  for (const BackupRow& backup : held) decide_fate(core, backup, rules, owner);
}

std::vector<Id> clusters_in(Core& core, const std::string& region) {
  return core.db.rows(
      "SELECT id FROM clusters WHERE region = ? ORDER BY id", [](Row& r) { return r.integer(); },
      region);
}

}  // namespace

void delete_cluster(Core& core, Id cluster_id, bool delete_backups) {
  const ClusterRow cluster = core.cluster(cluster_id);
  if (cluster.deleted) return;
  end(core, cluster, rules_for(core, cluster.project, delete_backups), policy::OwnerKind::kService);
}

void delete_project(Core& core, Id project, bool delete_backups) {
  const policy::DeletionRules rules = rules_for(core, project, delete_backups);
  const auto clusters = core.db.rows(
      "SELECT id FROM clusters WHERE project = ? AND deleted IS NULL ORDER BY id",
      [](Row& r) { return r.integer(); }, project);
  for (const Id cluster : clusters) {
    end(core, core.cluster(cluster), rules, policy::OwnerKind::kProject);
  }
  core.db.run("UPDATE projects SET deleted = ? WHERE id = ?", core.now, project);
  if (clusters.empty()) return;
  core.decide(Code::kProjectDeleted, core.project(project).name);
  if (const auto gone = policy::key_destroyed_at(rules, core.now)) {
    core.push(*gone, policy::Due::kKeyGone, project);
  }
}

void purge(Core& core, Id cluster) {
  struct Purge {
    Id backup;
    std::string reason;
  };
  const auto due = core.db.rows(
      "SELECT backup, reason FROM purges WHERE cluster = ? AND at <= ? ORDER BY rowid",
      [](Row& r) {
        Purge p;
        p.backup = r.integer();
        p.reason = r.text();
        return p;
      },
      cluster, core.now);
  for (const Purge& purge : due) {
    const BackupRow backup = core.backup(purge.backup);
    if (backup.state == BackupState::kAvailable) drop(core, backup, Code::kDeleted, purge.reason);
  }
  core.db.run("DELETE FROM purges WHERE cluster = ? AND at <= ?", cluster, core.now);
}

void destroy_key(Core& core, Id project) {
  core.db.run("UPDATE projects SET key_gone = ? WHERE id = ?", core.now, project);
  core.decide(Code::kKeyDestroyed, core.project(project).name);
  core.outside.destroy_key(project);
}

void change_plan(Core& core, const Project& project) {
  core.db.run(
      "UPDATE projects SET plan = ?, quota = ?, quota_mode = ?, quota_ceiling = ?, grace = ? "
      "WHERE name = ?",
      project.plan, project.quota_bytes, project.quota_mode, project.quota_ceiling_bytes,
      project.grace, project.id);
  core.decide(Code::kPlanChanged, project.id);
}

void switch_schedules(Core& core, Id cluster_id, bool on) {
  const ClusterRow cluster = core.cluster(cluster_id);
  core.db.run("UPDATE clusters SET schedules_on = ? WHERE id = ?", on, cluster.id);
  if (!on) return core.decide(Code::kSchedulesOff, cluster.name);
  if (cluster.schedules_on) return;
  if (!core.project(cluster.project).rules->backs_up_when_switched_on) return;
  const std::vector<SlotRow> slots = core.slots_of(cluster.id);
  if (!slots.empty()) start_scheduled(core, slots.front().id);
}

void take_down(Core& core, const std::string& region, Down what) {
  const bool store = what == Down::kStore;
  core.db.run(
      "INSERT INTO regions_down(region, outages, of_store) VALUES(?, ?2, ?3) "
      "ON CONFLICT(region) DO UPDATE SET outages = outages + ?2, "
      "of_store = of_store + ?3",
      region, !store, store);
  for (const Id cluster : clusters_in(core, region)) {
    fail_jobs_of(core, cluster, store ? Why::kStoreFailed : Why::kRegionFailed);
  }
  fail_copies_to(core, region, store ? Why::kStoreFailedOn : Why::kRegionFailedOn);
}

void bring_back(Core& core, const std::string& region, Down what) {
  core.db.run(what == Down::kStore
                  ? "UPDATE regions_down SET of_store = max(of_store - 1, 0) WHERE region = ?"
                  : "UPDATE regions_down SET outages = max(outages - 1, 0) WHERE region = ?",
              region);
  for (const Id cluster : clusters_in(core, region)) make_up(core, cluster);
}

void suspend(Core& core, Id cluster, bool suspended) {
  core.db.run(suspended ? "UPDATE clusters SET suspended = suspended + 1 WHERE id = ?"
                        : "UPDATE clusters SET suspended = max(suspended - 1, 0) WHERE id = ?",
              cluster);
  if (!suspended) make_up(core, cluster);
}

}  // namespace backcast::control
