#include "sim/world/jobs.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/time_math.h"
#include "sim/model/outside/job_bytes.h"
#include "sim/model/weather.h"

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
  const Schedules::Slot& one = schedules_.slots()[slot];
  if (!one.ended) start(one.service, slot, kNone);
}

void Jobs::make_up(std::uint32_t service) {
  if (availability_.why_not(service) != Why::kNothing || !schedules_.are_on(service)) return;
  for (std::uint32_t slot = 0; slot < schedules_.slots().size(); ++slot) {
    Schedules::Slot& mine = schedules_.slots()[slot];
    if (mine.service != service || mine.ended) continue;
    const ServiceSchedule& schedule = schedules_.schedule_of(mine);
    if (policy::makes_up(mine.timetable, schedule.catches_up, stage_.now(), schedule.until)) {
      start_scheduled(slot);
    }
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
    if (availability_.why_not(service) == Why::kNothing)
      vaults_.prune(vaults_.find(service, s.region));
    return;
  }
  BackupRecord record = new_record(service, slot, event);
  const policy::DueVerdict verdict =
      policy::on_due(s.rules->admission, {availability_.why_not(service), automatic,
                                          running_of(service), has_job(service), s.job.overlap});
  if (!verdict.starts) {
    if (verdict.missed) schedules_.slots()[slot].timetable.missed = true;
    if (verdict.overlaps) note_overlap(service);
    return refuse(std::move(record), verdict.why, verdict.code);
  }
  Job job;
  job.generation = next_generation(service);
  record.size_bytes = s.delta.full_bytes(job.generation);
  job.backup = stage_.journal.add(std::move(record));
  job.slot = slot;
  if (automatic) job.schedule = schedules_.slots()[slot].schedule;
  job.event = event;
  job.scheduled = stage_.now();
  jobs_.push_back(std::move(job));
  attempt(static_cast<std::uint32_t>(jobs_.size() - 1));
}

Generation Jobs::next_generation(std::uint32_t service) {
  const Service& s = stage_.service(service);
  State& state = states_[service];
  return s.delta.numbered(state.life.at(moment_at(s.workload, stage_.scenario.start, stage_.now())),
                          state.generations++);
}

void Jobs::refuse(BackupRecord record, const Reason& reason, LogKind kind) {
  record.state = BackupState::kRefused;
  record.reason = reason;
  stage_.journal.log({.kind = kind, .backup = stage_.journal.add(std::move(record))});
}

policy::RunningJobs Jobs::running_of(std::uint32_t service) const {
  policy::RunningJobs running;
  for (const std::uint32_t job : states_[service].running) {
    ++(jobs_[job].slot != kNone ? running.automatic : running.manual);
  }
  return running;
}

policy::AttemptFacts Jobs::facts_of(std::uint32_t service) const {
  const JobLimit* full = limits_.full_for(service);
  return {availability_.why_not(service), !states_[service].running.empty(),
          stage_.service(service).job.overlap, full == nullptr ? nullptr : &full->rule};
}

void Jobs::attempt(std::uint32_t index) {
  using Then = policy::AttemptVerdict::Then;
  Job& job = jobs_[index];
  const std::uint32_t service = record_of(job).service;
  ++job.attempt;
  const policy::AttemptVerdict verdict = policy::on_attempt(facts_of(service));
  if (verdict.then == Then::kFails) return fail(index, verdict.why);
  if (verdict.then == Then::kBegins) return begin(index);
  job.waiting = true;
  waiting_.push_back(index);
  std::uint32_t limit = kNone;
  if (verdict.overlaps) {
    note_overlap(service);
  } else {
    limit = static_cast<std::uint32_t>(limits_.full_for(service) - stage_.scenario.limits.data());
  }
  stage_.journal.log({.kind = LogKind::kBackupWaits, .backup = job.backup, .about = limit});
  if (verdict.gives_up_after) {
    stage_.agenda.push(plus(stage_.now(), *verdict.gives_up_after), Due::kWaitEnds, index);
  }
}

// Whether a job of the service runs, or waits to.
bool Jobs::has_job(std::uint32_t service) const {
  return !states_[service].running.empty() ||
         std::any_of(waiting_.begin(), waiting_.end(), [&](std::uint32_t job) {
           return stage_.journal.backup(jobs_[job].backup).service == service;
         });
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
  using Then = policy::AttemptVerdict::Then;
  for (std::size_t i = 0; i < waiting_.size();) {
    const std::uint32_t index = waiting_[i];
    const std::uint32_t service = record_of(jobs_[index]).service;
    const policy::AttemptVerdict verdict = policy::on_turn(facts_of(service));
    if (verdict.then == Then::kWaits) {
      ++i;
      continue;
    }
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    jobs_[index].waiting = false;
    if (verdict.then == Then::kFails) {
      fail(index, verdict.why);
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
  record.reason = Why::kWaitedTooLong;
  if (job.slot != kNone) schedules_.slots()[job.slot].timetable.missed = true;
  stage_.journal.log({.kind = LogKind::kWaitOver, .backup = job.backup});
}

policy::JobBytes Jobs::bytes_of(std::uint32_t service, const Generation& generation) {
  const Service& s = stage_.service(service);
  const std::uint64_t live_bytes =
      states_[service].life.size_bytes(moment_at(s.workload, stage_.scenario.start, stage_.now()));
  return job_bytes(s, generation, live_bytes, [&] {
    return vaults_[vaults_.find(service, s.region)].moved_if_reserved(generation);
  });
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
  state.running.push_back(index);
  const policy::JobBytes bytes = bytes_of(service, job.generation);
  stage_.journal.log({.kind = LogKind::kBackupStarted,
                      .backup = job.backup,
                      .number = static_cast<std::int64_t>(bytes.read)});
  const Fate fate = fate_of(stage_.draws, {s.entity, job.scheduled, job.attempt},
                            {s.job.failure_probability, s.job.duration_spread},
                            policy::job_duration(s.job.speed, bytes, s.collections));
  job.doomed = availability_.is_sealed_off(service)    ? Why::kRevokedKey
               : fate.fails                            ? Why::kByChance
               : availability_.of(service).failing > 0 ? Why::kFailingTime
                                                       : Why::kNothing;
  const Duration takes = std::max(fate.takes, schedules_.tried(s.job.backup_takes, service));
  stage_.agenda.push(plus(stage_.now(), takes), Due::kJobEnds, index);
}

void Jobs::end(std::uint32_t index) {
  Job& job = jobs_[index];
  if (!job.running) return;  // it was stopped before
  job.running = false;
  const std::uint32_t service = record_of(job).service;
  std::erase(states_[service].running, index);
  limits_.leave(service);
  job.doomed == Why::kNothing ? complete(index) : fail(index, job.doomed);
  if (!waiting_.empty()) start_waiting();
}

void Jobs::fail_of(std::uint32_t service, Why why) {
  const std::vector<std::uint32_t> running = states_[service].running;
  for (const std::uint32_t job : running) {
    jobs_[job].doomed = why;
    end(job);
  }
}

void Jobs::fail(std::uint32_t index, Why why) {
  const Job& job = jobs_[index];
  BackupRecord& record = record_of(job);
  const JobModel& model = stage_.service(record.service).job;
  const auto again = policy::on_failure({model.retries, model.retry_after}, job.attempt,
                                        availability_.of(record.service).deleted);
  stage_.journal.log({.kind = LogKind::kBackupFailed,
                      .backup = job.backup,
                      .number = again ? job.attempt + 1 : 0,
                      .reason = why});
  if (again) {
    return stage_.agenda.push(plus(stage_.now(), *again), Due::kRetries, index);
  }
  record.state = BackupState::kFailed;
  record.reason = why;
}

void Jobs::complete(std::uint32_t index) {
  const Job& job = jobs_[index];
  const bool automatic = job.slot != kNone;
  const Schedules::Slot* slot = automatic ? &schedules_.slots()[job.slot] : nullptr;
  using In = PolicyPlace::In;
  PolicyPlace made =
      automatic ? PolicyPlace{In::kSchedule, job.schedule} : PolicyPlace{In::kEvent, job.event};
  if (!vaults_.store(job.backup, job.generation, automatic, made)) return;
  if (automatic) made.index = slot->schedule;  // copies are made as it says by now
  const BackupRecord& record = stage_.journal.backup(job.backup);
  stage_.journal.log({.kind = LogKind::kBackupCompleted, .backup = job.backup});
  const std::uint32_t service = record.service, vault = vaults_.find(service, record.region);
  const auto& copies =
      automatic ? schedules_.schedule_of(*slot).copies : stage_.scenario.events[job.event].copies;
  for (made.copy = 0; made.copy < copies.size(); ++made.copy) {
    copies_.start(job.backup, job.generation, copies[made.copy], made);  // `record` is gone
  }
  vaults_.prune(vault);
  vaults_.prune_others(service, availability_);
}

}  // namespace backcast::sim
