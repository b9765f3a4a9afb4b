#include "engine/base/time_math.h"
#include "engine/control/plane/parts.h"
#include "engine/policy/service/starts.h"

namespace backcast::control {
namespace {

using policy::Code;

void complete(Core& core, const JobRow& job) {
  using In = policy::PolicyPlace::In;
  const Birth birth{job.slot != 0 ? In::kSchedule : In::kEvent, false, job.retention};
  if (!store(core, job, birth)) return;
  core.end_job(job.id, JobState::kSuccessful);
  const BackupRow backup = core.backup(job.backup);
  core.decide(Code::kBackupCompleted, backup.label, {}, 0, backup.tags, backup.expires);
  start_copies(core, job, birth);
  prune(core, backup.vault);
  prune_others(core, core.cluster(job.cluster));
}

}  // namespace

void end_job(Core& core, Id job_id) {
  const JobRow job = core.job(job_id);
  if (job.state != JobState::kRuns) return;  // it was stopped before
  core.db.run("UPDATE jobs SET state = ? WHERE id = ?", static_cast<int>(JobState::kAgain), job.id);
  job.fails.empty() ? complete(core, job) : fail_job(core, job, job.fails);
  start_waiting(core);
}

void fail_job(Core& core, const JobRow& job, const std::string& why) {
  const ClusterRow cluster = core.cluster(job.cluster);
  const auto again = policy::on_failure(cluster.retries, job.attempt, cluster.deleted);
  core.decide(Code::kBackupFailed, core.backup(job.backup).label, why, again ? job.attempt + 1 : 0);
  if (again) {
    core.db.run("UPDATE jobs SET state = ?, reason = ? WHERE id = ?",
                static_cast<int>(JobState::kAgain), why, job.id);
    return core.push(plus(core.now, *again), policy::Due::kRetries, job.id);
  }
  core.end_job(job.id, JobState::kFailed, why);
  core.set_state(job.backup, BackupState::kFailed, why);
}

void fail_jobs_of(Core& core, Id cluster, policy::Why why) {
  for (const JobRow& job : core.open_jobs(WorkKind::kBackup, JobState::kRuns, cluster)) {
    core.outside.cancel(core.work_of(job), core.now);
    core.db.run("UPDATE jobs SET reason = ? WHERE id = ?", std::string(policy::name(why)), job.id);
    end_job(core, job.id);
  }
}

}  // namespace backcast::control
