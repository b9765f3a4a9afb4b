// Restores: which backup serves, whether the provider's rules allow it, and its job. Exports.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/time_math.h"
#include "engine/control/plane/parts.h"

namespace backcast::control {
namespace {

using policy::Code;
using policy::Why;

// The newest one that can be read, of equal ones that in the region it goes into; or nothing.
std::optional<BackupRow> serving_backup(Core& core, const ClusterRow& cluster,
                                        const Restore& restore, const std::string& into) {
  const bool stays = core.project(cluster.project).rules->restore.stays_in_region;
  const Instant as_of = restore.as_of.value_or(core.now);
  std::optional<BackupRow> best;
  for (const Id vault : core.vaults_of(cluster.id)) {
    const std::string region = core.vault_row(vault).region;
    if (core.why_no_store(region) != Why::kNothing || (stays && region != into)) continue;
    if (!restore.region.empty() && region != restore.region) continue;
    for (BackupRow& held : core.held(vault)) {
      if (held.born > as_of) continue;
      const bool better =
          !best || held.born > best->born || (held.born == best->born && held.region == into);
      if (better) best = std::move(held);
    }
  }
  return best;
}

bool version_fits(const policy::RestoreRules& rules, const Restore& restore, Instant born,
                  Instant now) {
  if (restore.backup_version.empty() || restore.target_version.empty()) return true;
  const auto backup = policy::parse_version(restore.backup_version);
  const auto target = policy::parse_version(restore.target_version);
  if (!backup || !target) return false;
  const auto latest = policy::parse_version(restore.latest_version);
  return policy::version_refusal(rules.versions, {*backup, *target, latest}, born, now).empty();
}

// What a collection replaces, or a shard of one, has its name already.
bool is_name_taken(Core& core, Id cluster, const std::string& choice) {
  std::vector<policy::CollectionName> wanted;
  for (const policy::CollectionChoice& one : collections_in(choice)) {
    if (!one.replaces) wanted.push_back(one.to);
  }
  if (wanted.empty()) return false;
  const auto there = core.outside.collections(cluster);
  const auto is_there = [&](const policy::CollectionName& name) {
    return std::find(there.begin(), there.end(), name) != there.end();
  };
  return policy::first_taken(wanted, is_there).has_value();
}

// Where a restore goes.
struct Destination {
  std::optional<ClusterRow> cluster;  // that is there; none: a new one
  ProjectRow project;                 // of it
  std::string region;
};

Destination destination_of(Core& core, const ClusterRow& cluster, const Restore& restore) {
  const auto named = core.db.number("SELECT id FROM clusters WHERE uid = ?", restore.into);
  if (restore.in_place || (!named && !collections_in(restore.choice).empty())) {
    return {cluster, core.project(cluster.project), cluster.region};
  }
  if (named) {
    ClusterRow into = core.cluster(*named);
    ProjectRow project = core.project(into.project);
    std::string region = into.region;
    return {std::move(into), std::move(project), std::move(region)};
  }
  ProjectRow project = core.project(cluster.project);
  const std::string& wanted = project.rules->restore.stays_in_region && restore.to_region.empty()
                                  ? restore.region
                                  : restore.to_region;
  if (!restore.to_project.empty()) {
    const auto other = core.db.number("SELECT id FROM projects WHERE name = ?", restore.to_project);
    if (!other) throw ErrorThrown(bad_input("there is no project " + restore.to_project));
    project = core.project(*other);
  }
  return {std::nullopt, std::move(project), wanted.empty() ? cluster.region : wanted};
}

Why why_not(Core& core, const ClusterRow& cluster, const Restore& restore,
            const std::optional<BackupRow>& backup, const Destination& to) {
  const policy::ServiceRules& rules = *core.project(cluster.project).rules;
  policy::RestoreFacts facts;
  facts.has_backup = backup.has_value();
  facts.region_down = core.is_down(to.region);
  facts.region = to.region;
  facts.role = policy::parse_caller_role(restore.role);
  facts.version_fits = !backup || version_fits(rules.restore, restore, backup->born, core.now);
  facts.sealed_by = key_named(core, cluster.project, cluster.key);
  if (to.cluster) {
    const ClusterRow& into = *to.cluster;
    // In place it need not run: it is set back.
    facts.cluster = {into.deleted, !restore.in_place && into.suspended,
                     !restore.in_place && into.restoring};
    facts.into_key = key_named(core, into.project, into.key);
    facts.leaves_database = policy::leaves_database(collections_in(restore.choice));
    facts.name_taken = is_name_taken(core, into.id, restore.choice);
  } else {
    facts.project_deleted = !restore.to_project.empty() && to.project.deleted;
    facts.project_regions = to.project.regions;
    facts.into_key = key_named(core, to.project.id, restore.key);
  }
  return policy::on_restore(rules, facts);
}

}  // namespace

StartedRows start_restore(Core& core, Id cluster_id, const Restore& restore) {
  const ClusterRow cluster = core.cluster(cluster_id);
  const Destination to = destination_of(core, cluster, restore);
  std::optional<BackupRow> backup;
  if (restore.backup.empty()) {
    backup = serving_backup(core, cluster, restore, to.region);
  } else if (const auto named =
                 core.db.number("SELECT id FROM backups WHERE uid = ?", restore.backup)) {
    backup = core.backup(*named);
    if (backup->state != BackupState::kAvailable) backup.reset();
  }
  const Why why = why_not(core, cluster, restore, backup, to);
  const auto id = core.db.number("SELECT coalesce(max(id), 0) + 1 FROM jobs");
  const auto into_cluster =
      to.cluster ? std::optional(to.cluster->id) : std::optional<Id>(std::nullopt);
  core.db.run(
      "INSERT INTO jobs(id, uid, type, cluster, backup, attempt, state, scheduled, started, "
      "request, from_region, to_region, into_cluster, in_place) VALUES(?, ?, 2, ?, ?, 1, 1, ?, ?, "
      "?, ?, ?, ?, ?)",
      *id, fmt::format("job-{:08}", *id), cluster.id,
      backup ? std::optional(backup->id) : std::nullopt, core.now, core.now, restore.choice,
      backup ? backup->region : std::string(), to.region, into_cluster, restore.in_place);
  const std::string subject = backup ? backup->label : cluster.name;
  if (why != Why::kNothing) {
    core.end_job(*id, JobState::kFailed, policy::name(why));
    core.decide(Code::kRestoreFailed, subject, policy::name(why));
    return {0, *id};
  }
  const bool is_part_into = to.cluster && !restore.in_place;
  core.decide(Code::kRestoreStarted, subject, {}, 0,
              policy::words_of({restore.to_project, restore.key,
                                is_part_into ? to.cluster->name : std::string(),
                                collections_in(restore.choice)}));
  // Set back to what it was, a cluster serves nobody meanwhile.
  if (restore.in_place) {
    core.db.run("UPDATE clusters SET restoring = 1 WHERE id = ?", cluster.id);
  }
  const JobRow job = core.job(*id);
  const auto link = job.from_region == job.to_region
                        ? std::nullopt
                        : core.outside.link_between(job.from_region, job.to_region);
  if (link) {
    core.db.run("UPDATE jobs SET link = ? WHERE id = ?", *link, job.id);
    settle(core, *link);
  }
  const Begun begun = core.outside.begin(core.work_of(job), core.now);
  if (begun.takes) core.push(plus(core.now, *begun.takes), policy::Due::kRestoreEnds, job.id);
  core.await_links();
  return {backup->id, *id};
}

void bring_back_data(Core& core, Id job_id) {
  const JobRow job = core.job(job_id);
  const Duration takes = core.outside.bring_back(core.work_of(job));
  core.push(plus(core.now, takes), policy::Due::kRestoreEnds, job.id);
}

void end_restore(Core& core, Id job_id) {
  const JobRow job = core.job(job_id);
  if (job.state != JobState::kRuns) return;
  const std::string label = core.backup(job.backup).label;
  const auto set_back =
      core.db.number("SELECT into_cluster FROM jobs WHERE id = ? AND in_place = 1", job.id);
  core.end_job(job.id, job.fails.empty() ? JobState::kSuccessful : JobState::kFailed, job.fails);
  core.decide(job.fails.empty() ? Code::kRestoreCompleted : Code::kRestoreFailed, label, job.fails);
  if (!set_back) return;
  core.db.run(
      "UPDATE clusters SET restoring = EXISTS(SELECT 1 FROM jobs WHERE into_cluster = ?1 AND "
      "type = 2 AND in_place = 1 AND state = 1) WHERE id = ?1",
      *set_back);
  make_up(core, *set_back);
}

Id start_export(Core& core, Id backup_id, const Export& asked) {
  const BackupRow backup = core.backup(backup_id);
  const auto id = core.db.number("SELECT coalesce(max(id), 0) + 1 FROM jobs");
  core.db.run(
      "INSERT INTO jobs(id, uid, type, cluster, backup, attempt, state, scheduled, started, "
      "request, from_region, to_region) VALUES(?, ?, 3, ?, ?, 1, 1, ?, ?, ?, ?, ?)",
      *id, fmt::format("job-{:08}", *id), backup.cluster, backup.id, core.now, core.now,
      asked.bucket + ' ' + asked.directory, backup.region, backup.region);
  core.outside.begin(core.work_of(core.job(*id)), core.now);
  return *id;
}

void end_export(Core& core, const JobRow& job, const Ended& how) {
  const bool is_there = core.backup(job.backup).state == BackupState::kAvailable;
  const std::string why = !how.ok ? how.reason : is_there ? "" : "the backup was deleted meanwhile";
  core.end_job(job.id, why.empty() ? JobState::kSuccessful : JobState::kFailed, why);
}

}  // namespace backcast::control
