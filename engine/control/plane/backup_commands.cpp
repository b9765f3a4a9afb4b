// Commands about backups and jobs.
#include <fmt/format.h>

#include <algorithm>

#include "engine/control/plane/parts.h"
#include "engine/control/plane/transact.h"

namespace backcast::control {
namespace {

std::string uid_of_job(Database& db, Id job) {
  return db
      .row(
          "SELECT uid FROM jobs WHERE id = ?", [](Row& r) { return r.text(); }, job)
      .value_or("");
}

std::string uid_of_backup(Database& db, Id backup) {
  return db
      .row(
          "SELECT uid FROM backups WHERE id = ?", [](Row& r) { return r.text(); }, backup)
      .value_or("");
}

Status check_tags(const policy::ServiceRules& rules, const std::vector<std::string>& tags) {
  const policy::TagLimits limits =
      rules.tags.limits.value_or(policy::TagLimits{256, 4096, "+-=._:/@", false});
  const policy::TagCheck check = policy::check_tags(tags, limits);
  if (check.ok()) return kOk;
  return bad_input(policy::explain(check, tags, limits));
}

// Of a bucket: names with "/" between them, and behind them as people write it.
Status check_directory(const std::string& directory) {
  for (std::size_t from = 0; from < directory.size();) {
    const std::size_t to = std::min(directory.find('/', from), directory.size());
    if (Status fits = check_name("directory", directory.substr(from, to - from)); !fits.ok()) {
      return fits;
    }
    from = to + 1;
  }
  return kOk;
}

}  // namespace

Result<Started> ControlPlane::create_backup(const Caller& caller, const ManualBackup& asked) {
  return transact([&]() -> Result<Started> {
    const Id cluster = cluster_id(asked.cluster);
    const ClusterRow row = core_->cluster(cluster);
    const policy::ServiceRules& rules = *core_->project(row.project).rules;
    if (Status status = check_tags(rules, asked.tags); !status.ok()) return status.error();
    core_->policy_of(asked.retention);
    for (const Copy& copy : asked.copies) core_->policy_of(copy.retention);
    audit(caller, "create_backup", asked.cluster);
    const StartedRows started = start_manual(
        *core_, cluster, {asked.tags, asked.copies, asked.retention, asked.name, asked.contents});
    return Started{uid_of_backup(*database_, started.backup),
                   started.job == 0 ? std::string() : uid_of_job(*database_, started.job)};
  });
}

Status ControlPlane::delete_backup(const Caller& caller, const std::string& id) {
  return transact([&]() -> Status {
    const BackupRow backup = core_->backup(backup_id(id));
    if (backup.state != BackupState::kAvailable) {
      return not_now(fmt::format("backup {} is not available", id));
    }
    audit(caller, "delete_backup", id);
    drop(*core_, backup, policy::Code::kDeleted, policy::name(policy::Why::kAsked));
    return kOk;
  });
}

Status ControlPlane::retag(const Caller& caller, const std::string& id,
                           const std::vector<std::string>& tags) {
  return transact([&]() -> Status {
    const BackupRow backup = core_->backup(backup_id(id));
    const ClusterRow cluster = core_->cluster(backup.cluster);
    const policy::ServiceRules& rules = *core_->project(cluster.project).rules;
    if (Status status = check_tags(rules, tags); !status.ok()) return status;
    // What time gave stays: whoever tags anew replaces the tags that were given by hand.
    std::vector<std::string> now;
    if (rules.tags.by_time && backup.made_by() == policy::Origin::kAutomatic) {
      for (const std::string& tag : backup.tags) {
        if (tag == "daily" || tag == "weekly" || tag == "monthly") now.push_back(tag);
      }
    }
    for (const std::string& tag : tags) {
      if (std::find(now.begin(), now.end(), tag) == now.end()) now.push_back(tag);
    }
    database_->run("UPDATE backups SET tags = ? WHERE id = ?", joined(now), backup.id);
    audit(caller, "retag", id, joined(tags));
    if (backup.state == BackupState::kAvailable) core_->note_changed(backup.id);
    return kOk;
  });
}

Result<Started> ControlPlane::restore(const Caller& caller, const Restore& restore) {
  return transact([&]() -> Result<Started> {
    const Id cluster = cluster_id(restore.cluster);
    if (!restore.backup.empty()) backup_id(restore.backup);
    if (!restore.into.empty()) cluster_id(restore.into);
    if (restore.in_place && !restore.into.empty() && restore.into != restore.cluster) {
      return bad_input("a restore in place goes into the cluster that the backup is of");
    }
    if (Status keys = check_keys_of(*core_, restore); !keys.ok()) return keys.error();
    const Id target = restore.into.empty() ? cluster : cluster_id(restore.into);
    if (core_->cluster(target).restoring) {
      return not_now("the cluster is being restored already", "wait until that is done");
    }
    audit(caller, "restore", restore.cluster, restore.backup);
    const StartedRows started = start_restore(*core_, cluster, restore);
    return Started{uid_of_backup(*database_, started.backup), uid_of_job(*database_, started.job)};
  });
}

Result<Started> ControlPlane::send(const Caller& caller, const Export& asked) {
  return transact([&]() -> Result<Started> {
    const Id id = backup_id(asked.backup);
    const BackupRow backup = core_->backup(id);
    if (backup.state != BackupState::kAvailable) {
      return not_now(fmt::format("backup {} is not available", asked.backup));
    }
    if (Status key = check_key_of(*core_, backup.cluster); !key.ok()) return key.error();
    if (Status fits = check_directory(asked.directory); !fits.ok()) return fits.error();
    audit(caller, "export", asked.backup, asked.bucket + ' ' + asked.directory);
    return Started{asked.backup, uid_of_job(*database_, start_export(*core_, id, asked))};
  });
}

Status ControlPlane::cancel_job(const Caller& caller, const std::string& id) {
  return transact([&]() -> Status {
    const JobRow job = core_->job(id_of("SELECT id FROM jobs WHERE uid = ?", "job", id));
    const bool open = job.state == JobState::kRuns || job.state == JobState::kWaits ||
                      job.state == JobState::kAgain;
    if (!open) return not_now(fmt::format("job {} has ended", id));
    if (job.kind == WorkKind::kCopy) return not_now("copies to other regions cannot be cancelled");
    if (job.kind == WorkKind::kRestore) return not_now("a restore cannot be cancelled");
    audit(caller, "cancel_job", id);
    if (job.state == JobState::kRuns) core_->outside.cancel(core_->work_of(job), core_->now);
    core_->end_job(job.id, JobState::kCanceled, "canceled");
    if (job.kind == WorkKind::kExport) return kOk;  // what was sent stays
    core_->set_state(job.backup, BackupState::kFailed, "canceled");
    core_->decide(policy::Code::kBackupFailed, core_->backup(job.backup).label, "canceled");
    start_waiting(*core_);
    return kOk;
  });
}

}  // namespace backcast::control
