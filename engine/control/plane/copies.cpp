// Copies to other regions: they start when the original is there, and each is a job of its own.
#include <fmt/format.h>

#include "engine/base/time_math.h"
#include "engine/control/plane/parts.h"

namespace backcast::control {
namespace {

using policy::Code;
using policy::Why;

Id new_copy(Core& core, const BackupRow& original, Id vault, const std::string& region,
            bool scheduled) {
  const auto id = core.db.number("SELECT coalesce(max(id), 0) + 1 FROM backups");
  core.db.run(
      "INSERT INTO backups(id, uid, label, cluster, vault, sequence, original, kind, of_manual, "
      "schedule, name, tags, protected, state, born, size, contents, reason, region) "
      "SELECT ?, ?, ?, cluster, ?, sequence, id, 'copy', ?, schedule, name, tags, protected, 0, "
      "born, size, contents, '', ? FROM backups WHERE id = ?",
      *id, fmt::format("backup{}_{:x}", *id, original.cluster), original.label + "@" + region,
      vault, !scheduled, region, original.id);
  return *id;
}

void start_copy(Core& core, const JobRow& original_job, const Copy& rule, int place,
                bool scheduled) {
  const BackupRow original = core.backup(original_job.backup);
  const ClusterRow cluster = core.cluster(original.cluster);
  const auto key = key_named(core, cluster.project, cluster.key);
  const Why why_not = key && key->revoked ? Why::kRevokedKey : core.why_no_store(rule.region);
  if (why_not != Why::kNothing) {
    const Id copy = new_copy(core, original, original.vault, rule.region, scheduled);
    const std::string why = policy::name(why_not);
    core.set_state(copy, BackupState::kFailed, why);
    return core.decide(Code::kCopyFailed, core.backup(copy).label, why);
  }
  const Id vault = core.vault(cluster.id, rule.region);
  const Id copy = new_copy(core, original, vault, rule.region, scheduled);
  const auto link = core.outside.link_between(cluster.region, rule.region);
  const auto id = core.db.number("SELECT coalesce(max(id), 0) + 1 FROM jobs");
  core.db.run(
      "INSERT INTO jobs(id, uid, type, cluster, backup, slot, retention, attempt, state, "
      "scheduled, started, link, copy, from_region, to_region) "
      "VALUES(?, ?, 1, ?, ?, ?, ?, 1, 1, ?, ?, ?, ?, ?, ?)",
      *id, fmt::format("job-{:08}", *id), cluster.id, copy,
      scheduled ? std::optional(original_job.slot) : std::nullopt, rule.retention, core.now,
      core.now, link, place, cluster.region, rule.region);
  const Work work = core.work_of(core.job(*id));
  core.outside.put(work);
  core.decide(Code::kCopyStarted, core.backup(copy).label);
  if (link) settle(core, *link);  // what is over by now must leave the link first
  const Begun begun = core.outside.begin(work, core.now);
  if (begun.takes) core.push(plus(core.now, *begun.takes), policy::Due::kCopyEnds, *id);
  core.await_links();
}

void cancel(Core& core, const JobRow& job, Why why) {
  if (job.link) {
    settle(core, *job.link);  // it may have ended just now
    if (core.job(job.id).state != JobState::kRuns) return;
  }
  core.outside.cancel(core.work_of(job), core.now);
  core.await_links();
  const BackupRow copy = core.backup(job.backup);
  core.outside.remove(copy.vault, copy.id);
  core.end_job(job.id, JobState::kFailed, policy::name(why));
  core.set_state(copy.id, BackupState::kFailed, policy::name(why));
  core.decide(Code::kCopyFailed, copy.label, policy::name(why));
}

}  // namespace

void start_copies(Core& core, const JobRow& original, const Birth& birth) {
  const bool scheduled = birth.in == policy::PolicyPlace::In::kSchedule;
  const auto rules = core.db.rows(
      scheduled ? "SELECT region, retention FROM copies WHERE schedule = ? ORDER BY place"
                : "SELECT region, retention FROM copies WHERE job = ? ORDER BY place",
      [](Row& r) {
        Copy copy;
        copy.region = r.text();
        copy.retention = r.text();
        return copy;
      },
      scheduled ? original.slot : original.id);
  int place = 0;
  for (const Copy& rule : rules) start_copy(core, original, rule, place++, scheduled);
}

void end_copy(Core& core, Id job_id) {
  const JobRow job = core.job(job_id);
  if (job.state != JobState::kRuns) return;
  if (!job.fails.empty()) {  // what ran it has said so
    const BackupRow copy = core.backup(job.backup);
    core.outside.remove(copy.vault, copy.id);
    core.end_job(job.id, JobState::kFailed, job.fails);
    core.set_state(copy.id, BackupState::kFailed, job.fails);
    return core.decide(Code::kCopyFailed, copy.label, job.fails);
  }
  using In = policy::PolicyPlace::In;
  arrive(core, job.backup, {job.slot != 0 ? In::kSchedule : In::kEvent, true, job.retention});
  core.end_job(job.id, JobState::kSuccessful);
  const BackupRow copy = core.backup(job.backup);
  core.decide(Code::kCopyCompleted, copy.label, {}, 0, copy.tags, copy.expires);
}

void settle(Core& core, std::uint32_t link) {
  for (const Id job : core.outside.arrived(link, core.now)) {
    core.job(job).kind == WorkKind::kRestore ? bring_back_data(core, job) : end_copy(core, job);
  }
  core.await_links();
}

void fail_copies_to(Core& core, const std::string& region, Why why) {
  for (const JobRow& job : core.open_jobs(WorkKind::kCopy, JobState::kRuns)) {
    if (job.to_region == region) cancel(core, job, why);
  }
}

void fail_copies_of(Core& core, Id cluster, Why why,
                    const std::function<bool(const BackupRow&)>& goes) {
  for (const JobRow& job : core.open_jobs(WorkKind::kCopy, JobState::kRuns, cluster)) {
    if (goes(core.backup(job.backup))) cancel(core, job, why);
  }
}

}  // namespace backcast::control
