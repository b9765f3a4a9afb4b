#include "sim/world/jobs.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/time_math.h"

namespace backcast::sim {

Jobs::Jobs(Stage& stage, const Availability& availability, Schedules& schedules, Vaults& vaults,
           Copies& copies)
    : stage_(stage),
      availability_(availability),
      schedules_(schedules),
      vaults_(vaults),
      copies_(copies),
      limits_(stage),
      states_(stage.members) {
  for (const std::uint32_t service : stage.members) {
    const Service& s = stage.service(service);
    states_[service].life.begin(s.workload, s.delta.curve, stage.scenario.start, stage.draws,
                                s.entity);
  }
}

void Jobs::start_scheduled(std::uint32_t slot) {
  start(schedules_.slots()[slot].service, slot, kNone);
}

void Jobs::make_up(std::uint32_t service) {
  if (!availability_.why_not(service).empty() || !schedules_.are_on(service)) return;
  for (std::uint32_t slot = 0; slot < schedules_.slots().size(); ++slot) {
    Schedules::Slot& mine = schedules_.slots()[slot];
    if (mine.service != service || !mine.missed) continue;
    mine.missed = false;
    const ServiceSchedule& schedule = schedules_.schedule_of(mine);
    if (schedule.catches_up && stage_.now() < schedule.until) start_scheduled(slot);
  }
}

BackupRecord Jobs::new_record(std::uint32_t service, std::uint32_t slot, std::uint32_t event) {
  State& state = states_[service];
  const Service& s = stage_.service(service);
  const bool automatic = slot != kNone;
  BackupRecord record;
  record.service = service;
  record.region = s.region;
  record.kind = automatic ? "automatic" : "manual";
  record.born = stage_.now();
  record.id = fmt::format("{}/{}-{:06}", s.name, automatic ? "auto" : "manual",
                          automatic ? ++state.automatic : ++state.manual);
  if (!automatic) {
    record.tags = stage_.scenario.events[event].tags;
    return record;
  }
  record.schedule = schedules_.schedule_of(schedules_.slots()[slot]).name;
  // The command line that made the newest one goes on making them, unless the vendor gives tags.
  if (!s.history.empty() && !s.rules->tags.by_time) record.tags = s.history.back().tags;
  return record;
}

void Jobs::start(std::uint32_t service, std::uint32_t slot, std::uint32_t event) {
  const Service& s = stage_.service(service);
  const bool automatic = slot != kNone;
  if (automatic && !vaults_.is_due(service)) {  // the tool makes nothing, and prunes all the same
    if (availability_.why_not(service).empty()) vaults_.prune(vaults_.find(service, s.region));
    return;
  }
  BackupRecord record = new_record(service, slot, event);
  if (const std::string why = availability_.why_not(service); !why.empty()) {
    stage_.journal.log_service(LogKind::kWindowMissed, service,
                               fmt::format("{} was due but did not start: {}", record.id, why));
    if (automatic) schedules_.slots()[slot].missed = true;
    record.reason = why;
    record.state = BackupState::kRefused;
    stage_.journal.add(std::move(record));
    return;
  }
  if (const std::string why = admission(service, automatic); !why.empty()) {
    return refuse(std::move(record), why);
  }
  if (s.job.overlap == policy::Overlap::kSkip && has_job(service)) {
    note_overlap(service);
    return refuse(std::move(record), "the one before it is still at work, and the tool skips");
  }
  Job job;
  job.generation = next_generation(service);
  record.size_bytes = s.delta.full_bytes(job.generation);
  job.backup = stage_.journal.add(std::move(record));
  job.slot = slot;
  job.event = event;
  jobs_.push_back(std::move(job));
  attempt(static_cast<std::uint32_t>(jobs_.size() - 1));
}

Generation Jobs::next_generation(std::uint32_t service) {
  const Service& s = stage_.service(service);
  State& state = states_[service];
  return s.delta.numbered(state.life.at(moment_at(s.workload, stage_.scenario.start, stage_.now())),
                          state.generations++);
}

void Jobs::refuse(BackupRecord record, std::string reason) {
  const std::string text = fmt::format("{} was refused: {}", record.id, reason);
  record.state = BackupState::kRefused;
  record.reason = std::move(reason);
  stage_.journal.log_backup(LogKind::kBackupRefused, stage_.journal.add(std::move(record)), text);
}

// Why a job may not start beside those that run, or "".
std::string Jobs::admission(std::uint32_t service, bool automatic) const {
  const policy::AdmissionRules& rules = stage_.service(service).rules->admission;
  policy::RunningJobs running;
  for (const std::uint32_t job : states_[service].running) {
    ++(jobs_[job].slot != kNone ? running.automatic : running.manual);
  }
  const policy::Admission verdict = policy::admit(
      rules, running, automatic ? policy::Origin::kAutomatic : policy::Origin::kManual);
  return verdict.admitted ? std::string() : policy::explain(verdict, rules);
}

void Jobs::attempt(std::uint32_t index) {
  Job& job = jobs_[index];
  const BackupRecord& record = record_of(job);
  ++job.attempt;
  if (const std::string why = availability_.why_not(record.service); !why.empty()) {
    return fail(index, why);
  }
  const bool queues = must_queue(record.service);
  const JobLimit* full = limits_.full_for(record.service);
  if (full == nullptr && !queues) return begin(index);
  job.waiting = true;
  waiting_.push_back(index);
  if (queues) {
    note_overlap(record.service);
    return stage_.journal.log_backup(LogKind::kBackupWaits, job.backup,
                                     record.id + " waits for the one before it to end");
  }
  stage_.journal.log_backup(
      LogKind::kBackupWaits, job.backup,
      fmt::format("{} waits: {} of {} {} at once", record.id, full->rule.jobs, full->name,
                  full->rule.jobs == 1 ? "job runs" : "jobs run"));
  if (full->rule.wait_at_most) {
    stage_.agenda.push(plus(stage_.now(), *full->rule.wait_at_most), Due::kWaitEnds, index);
  }
}

// Whether a job of the service runs, or waits to.
bool Jobs::has_job(std::uint32_t service) const {
  return !states_[service].running.empty() ||
         std::any_of(waiting_.begin(), waiting_.end(), [&](std::uint32_t job) {
           return stage_.journal.backup(jobs_[job].backup).service == service;
         });
}

bool Jobs::must_queue(std::uint32_t service) const {
  return stage_.service(service).job.overlap == policy::Overlap::kQueue &&
         !states_[service].running.empty();
}

void Jobs::note_overlap(std::uint32_t service) {
  // What takes as long as it may is only tried: nobody says that such jobs overlap.
  if (stage_.service(service).job.backup_takes) return;
  using Then = OverlappingJobs::Then;
  auto& overlaps = stage_.journal.result().overlaps;
  auto known = std::find_if(overlaps.begin(), overlaps.end(),
                            [&](const OverlappingJobs& o) { return o.service == service; });
  if (known == overlaps.end()) {
    const auto& overlap = stage_.service(service).job.overlap;
    const Then then = !overlap                              ? Then::kUnsaid
                      : *overlap == policy::Overlap::kSkip  ? Then::kSkipped
                      : *overlap == policy::Overlap::kQueue ? Then::kQueued
                                                            : Then::kBeside;
    known = overlaps.insert(known, {service, 0, stage_.now(), then});
  }
  ++known->jobs;
}

// First come, first served, where there is room.
void Jobs::start_waiting() {
  for (std::size_t i = 0; i < waiting_.size();) {
    const std::uint32_t index = waiting_[i];
    const std::uint32_t service = record_of(jobs_[index]).service;
    if (limits_.full_for(service) != nullptr || must_queue(service)) {
      ++i;
      continue;
    }
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    jobs_[index].waiting = false;
    if (const std::string why = availability_.why_not(service); !why.empty()) {
      fail(index, why);
    } else {
      begin(index);
    }
  }
}

void Jobs::give_up_waiting(std::uint32_t index) {
  Job& job = jobs_[index];
  if (!job.waiting) return;
  job.waiting = false;
  std::erase(waiting_, index);
  BackupRecord& record = record_of(job);
  record.state = BackupState::kRefused;
  record.reason = "it waited as long as it may for others to end";
  if (job.slot != kNone) schedules_.slots()[job.slot].missed = true;
  stage_.journal.log_backup(LogKind::kWindowMissed, job.backup,
                            fmt::format("{} did not start: {}", record.id, record.reason));
}

// What is read is counted as live data, what is sent as it is stored.
policy::JobBytes Jobs::bytes_of(std::uint32_t service, const Generation& generation) {
  const Service& s = stage_.service(service);
  const std::uint64_t live_bytes = size_at(s.workload, stage_.scenario.start, stage_.now());
  const auto& speed = s.job.speed;
  if (speed.send_rate_bytes_per_second == 0 && !speed.reads_changes) return {live_bytes, 0};
  const std::uint64_t sent_bytes =
      vaults_[vaults_.find(service, s.region)].moved_if_reserved(generation);
  const std::uint64_t full_bytes = std::max<std::uint64_t>(s.delta.full_bytes(generation), 1);
  const auto changed = static_cast<uint128>(live_bytes) * sent_bytes / full_bytes;
  return {speed.reads_changes ? static_cast<std::uint64_t>(changed) : live_bytes, sent_bytes};
}

void Jobs::begin(std::uint32_t index) {
  Job& job = jobs_[index];
  BackupRecord& record = record_of(job);
  const std::uint32_t service = record.service;
  const Service& s = stage_.service(service);
  State& state = states_[service];
  limits_.enter(service);
  if (record.born != stage_.now()) {  // a retry, or one that waited, backs up what is there now
    job.generation = next_generation(service);
    record.born = stage_.now();
    record.size_bytes = s.delta.full_bytes(job.generation);
  }
  if (!state.running.empty()) note_overlap(service);
  job.running = true;
  job.doomed.clear();
  if (availability_.of(service).failing > 0) {
    job.doomed = "jobs of this service fail at this time (scenario event)";
  }
  const double failing = s.job.failure_probability;
  if (failing > 0 &&
      stage_.draws.uniform(s.entity, Purpose::kFailure, state.attempts++) < failing) {
    job.doomed = fmt::format("it failed by chance (probability {})", failing);
  }
  state.running.push_back(index);
  const policy::JobBytes bytes = bytes_of(service, job.generation);
  stage_.journal.log_backup(
      LogKind::kBackupStarted, job.backup,
      fmt::format("{} started: {} to read", record.id, format_bytes(bytes.read)));
  const Duration known = policy::job_duration(s.job.speed, bytes, s.collections);
  const Duration takes = std::max(known, schedules_.tried(s.job.backup_takes, service));
  stage_.agenda.push(plus(stage_.now(), takes), Due::kJobEnds, index);
}

void Jobs::end(std::uint32_t index) {
  Job& job = jobs_[index];
  if (!job.running) return;  // it was stopped before
  job.running = false;
  const std::uint32_t service = record_of(job).service;
  std::erase(states_[service].running, index);
  limits_.leave(service);
  job.doomed.empty() ? complete(index) : fail(index, job.doomed);
  if (!waiting_.empty()) start_waiting();
}

void Jobs::fail_of(std::uint32_t service, const std::string& reason) {
  const std::vector<std::uint32_t> running = states_[service].running;
  for (const std::uint32_t job : running) {
    jobs_[job].doomed = reason;
    end(job);
  }
}

void Jobs::fail(std::uint32_t index, std::string reason) {
  const Job& job = jobs_[index];
  BackupRecord& record = record_of(job);
  const JobModel& model = stage_.service(record.service).job;
  const bool again = job.attempt <= model.retries && !availability_.of(record.service).deleted;
  stage_.journal.log_backup(
      LogKind::kBackupFailed, job.backup,
      fmt::format("{} failed: {}{}", record.id, reason,
                  again ? ", next attempt in " + format_duration(model.retry_after) : ""));
  if (again) {
    return stage_.agenda.push(plus(stage_.now(), model.retry_after), Due::kRetries, index);
  }
  record.state = BackupState::kFailed;
  record.reason = std::move(reason);
}

void Jobs::complete(std::uint32_t index) {
  const Job& job = jobs_[index];
  const bool automatic = job.slot != kNone;
  const ServiceSchedule* schedule =
      automatic ? &schedules_.schedule_of(schedules_.slots()[job.slot]) : nullptr;
  const ScheduledEvent* event = automatic ? nullptr : &stage_.scenario.events[job.event];
  const auto& retention = automatic ? schedule->retention : event->retention;
  if (!vaults_.store(job.backup, job.generation, automatic, retention)) return;
  const BackupRecord& record = stage_.journal.backup(job.backup);
  stage_.journal.log_backup(
      LogKind::kBackupCompleted, job.backup,
      fmt::format("{} completed after {}: {} added", record.id,
                  format_duration(stage_.now() - record.born), format_bytes(record.added_bytes)));
  const std::uint32_t service = record.service, vault = vaults_.find(service, record.region);
  for (const CopyRule& rule : automatic ? schedule->copies : event->copies) {
    copies_.start(job.backup, job.generation, rule, automatic);  // makes records: `record` is gone
  }
  vaults_.prune(vault);
  vaults_.prune_others(service, availability_);
}

}  // namespace backcast::sim
