// Backup jobs: when one may start, how long it takes, how it ends.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/time_math.h"
#include "sim/world/world.h"

namespace backcast::sim {
void World::fire(std::uint32_t slot) {
  const Slot s = slots_[slot];
  if (s.due > now_ || s.due == Instant::max()) return;  // a clock has jumped since
  ++slots_[slot].fired;
  schedule_next(slot, now_);
  const ServiceState& state = services_.at(s.service);
  if (!state.schedules_on || state.deleted) return;
  start(s.service, slot, kNone);
}

void World::start_manual(std::uint32_t event, std::uint32_t service) {
  start(service, kNone, event);
}

// Why nothing can run now, or "".
std::string World::why_it_cannot_start(std::uint32_t service) const {
  const ServiceState& state = services_.at(service);
  const Service& s = scenario_.services[service];
  if (state.deleted) return s.name + " is deleted";
  if (state.suspended > 0) return s.name + " is suspended";
  if (region_is_down(s.region)) return s.region + " is down";
  return {};
}

void World::start(std::uint32_t service, std::uint32_t slot, std::uint32_t event) {
  ServiceState& state = services_.at(service);
  const Service& s = scenario_.services[service];
  const bool automatic = slot != kNone;
  BackupRecord record;
  const bool is_due = !automatic || policy::tags_at_birth(*s.rules, s.retention, {}, now_,
                                                          state.newest_automatic, s.zone);
  if (!is_due) {  // the tool makes nothing, and prunes all the same
    if (why_it_cannot_start(service).empty()) prune(vault_of(service, s.region));
    return;
  }
  record.service = service;
  record.region = s.region;
  record.kind = automatic ? "automatic" : "manual";
  record.born = now_;
  record.id = fmt::format("{}/{}-{:06}", s.name, automatic ? "auto" : "manual",
                          automatic ? ++state.automatic : ++state.manual);
  if (automatic) record.schedule = s.schedules[slots_[slot].schedule].name;
  if (!automatic) record.tags = scenario_.events[event].tags;
  // The command line that made the newest one goes on making them, unless the vendor gives the
  // tags.
  if (automatic && !s.history.empty() && !s.rules->tags.by_time)
    record.tags = s.history.back().tags;
  if (const std::string why = why_it_cannot_start(service); !why.empty()) {
    log(LogKind::kWindowMissed, service, kNone, s.region,
        fmt::format("{} was due but did not start: {}", record.id, why));
    if (automatic) slots_[slot].missed = true;
    record.reason = why;
    record.state = BackupState::kRefused;
    result_.backups.push_back(std::move(record));
    generations_.emplace_back();
    return;
  }
  if (const std::string why = admission(service, automatic); !why.empty()) {
    return refuse(std::move(record), why);
  }
  if (s.job.overlap == policy::Overlap::kSkip && has_job(service)) {
    note_overlap(service);
    return refuse(std::move(record), "the one before it is still at work, and the tool skips");
  }
  const Generation generation = s.delta.numbered(
      state.life.at(moment_at(s.workload, scenario_.start, now_)), state.generations++);
  record.size_bytes = s.delta.full_bytes(generation);
  const auto backup = static_cast<std::uint32_t>(result_.backups.size());
  result_.backups.push_back(std::move(record));
  generations_.push_back(generation);
  Job job;
  job.backup = backup;
  job.slot = slot;
  job.event = event;
  job.generation = generation;
  jobs_.push_back(std::move(job));
  attempt(static_cast<std::uint32_t>(jobs_.size() - 1));
}

void World::refuse(BackupRecord record, std::string reason) {
  log(LogKind::kBackupRefused, record.service, static_cast<std::uint32_t>(result_.backups.size()),
      record.region, fmt::format("{} was refused: {}", record.id, reason));
  record.state = BackupState::kRefused;
  record.reason = std::move(reason);
  result_.backups.push_back(std::move(record));
  generations_.emplace_back();
}

void World::attempt(std::uint32_t index) {
  Job& job = jobs_[index];
  const BackupRecord& record = result_.backups[job.backup];
  ++job.attempt;
  if (const std::string why = why_it_cannot_start(record.service); !why.empty()) {
    return fail(job, why);
  }
  const bool queues = must_queue(record.service);
  const std::uint32_t full = full_limit(record.service);
  if (full == kNone && !queues) return begin_job(index);
  job.waiting = true;
  waiting_.push_back(index);
  if (queues) {
    note_overlap(record.service);
    return log(LogKind::kBackupWaits, record.service, job.backup, record.region,
               record.id + " waits for the one before it to end");
  }
  const JobLimit& limit = scenario_.limits[full];
  log(LogKind::kBackupWaits, record.service, job.backup, record.region,
      fmt::format("{} waits: {} of {} {} at once", record.id, limit.rule.jobs, limit.name,
                  limit.rule.jobs == 1 ? "job runs" : "jobs run"));
  if (limit.rule.wait_at_most) push(plus(now_, *limit.rule.wait_at_most), kWaitEnds, index);
}

// Whether a job of the service runs, or waits to.
bool World::has_job(std::uint32_t service) const {
  return !services_.at(service).jobs.empty() ||
         std::any_of(waiting_.begin(), waiting_.end(), [&](std::uint32_t job) {
           return result_.backups[jobs_[job].backup].service == service;
         });
}

bool World::must_queue(std::uint32_t service) const {
  return scenario_.services[service].job.overlap == policy::Overlap::kQueue &&
         !services_.at(service).jobs.empty();
}

void World::note_overlap(std::uint32_t service) {
  // What takes as long as it may is only tried: nobody says that such jobs overlap.
  if (scenario_.services[service].job.backup_takes) return;
  using Then = OverlappingJobs::Then;
  auto known = std::find_if(result_.overlaps.begin(), result_.overlaps.end(),
                            [&](const OverlappingJobs& o) { return o.service == service; });
  if (known == result_.overlaps.end()) {
    const auto& overlap = scenario_.services[service].job.overlap;
    const Then then = !overlap                              ? Then::kUnsaid
                      : *overlap == policy::Overlap::kSkip  ? Then::kSkipped
                      : *overlap == policy::Overlap::kQueue ? Then::kQueued
                                                            : Then::kBeside;
    known = result_.overlaps.insert(known, {service, 0, now_, then});
  }
  ++known->jobs;
}

// The first limit that leaves no room for another job of the service, or kNone.
std::uint32_t World::full_limit(std::uint32_t service) const {
  for (std::uint32_t i = 0; i < scenario_.limits.size(); ++i) {
    const JobLimit& limit = scenario_.limits[i];
    if (!covers(limit, scenario_.services[service], service)) continue;
    if (!policy::has_room(limit.rule, limit_jobs_[i])) return i;
  }
  return kNone;
}

void World::leave_limits(std::uint32_t service) {
  for (std::uint32_t i = 0; i < scenario_.limits.size(); ++i) {
    if (covers(scenario_.limits[i], scenario_.services[service], service)) --limit_jobs_[i];
  }
}

// First come, first served, where there is room.
void World::start_waiting() {
  for (std::size_t i = 0; i < waiting_.size();) {
    const std::uint32_t index = waiting_[i];
    Job& job = jobs_[index];
    const std::uint32_t service = result_.backups[job.backup].service;
    if (full_limit(service) != kNone || must_queue(service)) {
      ++i;
      continue;
    }
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    job.waiting = false;
    if (const std::string why = why_it_cannot_start(service); !why.empty()) {
      fail(job, why);
    } else {
      begin_job(index);
    }
  }
}

void World::give_up_waiting(std::uint32_t index) {
  Job& job = jobs_[index];
  if (!job.waiting) return;
  job.waiting = false;
  std::erase(waiting_, index);
  BackupRecord& record = result_.backups[job.backup];
  record.state = BackupState::kRefused;
  record.reason = "it waited as long as it may for others to end";
  if (job.slot != kNone) slots_[job.slot].missed = true;
  log(LogKind::kWindowMissed, record.service, job.backup, record.region,
      fmt::format("{} did not start: {}", record.id, record.reason));
}

// What is read is counted as live data, what is sent as it is stored.
policy::JobBytes World::job_bytes(const Service& s, std::uint32_t vault,
                                  const Generation& generation, std::uint64_t live_bytes) const {
  const auto& speed = s.job.speed;
  if (speed.send_rate_bytes_per_second == 0 && !speed.reads_changes) return {live_bytes, 0};
  const std::uint64_t sent_bytes = vaults_[vault]->moved_if_reserved(generation);
  const std::uint64_t full_bytes = std::max<std::uint64_t>(s.delta.full_bytes(generation), 1);
  const auto changed = static_cast<uint128>(live_bytes) * sent_bytes / full_bytes;
  return {speed.reads_changes ? static_cast<std::uint64_t>(changed) : live_bytes, sent_bytes};
}

void World::begin_job(std::uint32_t index) {
  Job& job = jobs_[index];
  BackupRecord& record = result_.backups[job.backup];
  const Service& s = scenario_.services[record.service];
  ServiceState& state = services_.at(record.service);
  for (std::uint32_t i = 0; i < scenario_.limits.size(); ++i) {
    if (covers(scenario_.limits[i], s, record.service)) ++limit_jobs_[i];
  }
  if (record.born != now_) {  // a retry, or one that waited, backs up what is there now
    job.generation = s.delta.numbered(state.life.at(moment_at(s.workload, scenario_.start, now_)),
                                      state.generations++);
    generations_[job.backup] = job.generation;
    record.born = now_;
    record.size_bytes = s.delta.full_bytes(job.generation);
  }
  if (!state.jobs.empty()) note_overlap(record.service);
  job.running = true;
  job.doomed.clear();
  if (state.failing > 0) job.doomed = "jobs of this service fail at this time (scenario event)";
  if (s.job.failure_probability > 0 &&
      draws_.uniform(s.entity, Purpose::kFailure, state.attempts++) < s.job.failure_probability) {
    job.doomed = fmt::format("it failed by chance (probability {})", s.job.failure_probability);
  }
  state.jobs.push_back(index);
  const std::uint64_t live_bytes = size_at(s.workload, scenario_.start, now_);
  const policy::JobBytes bytes =
      job_bytes(s, vault_of(record.service, s.region), job.generation, live_bytes);
  log(LogKind::kBackupStarted, record.service, job.backup, s.region,
      fmt::format("{} started: {} to read", record.id, format_bytes(bytes.read)));
  const Duration known = policy::job_duration(s.job.speed, bytes, s.collections);
  push(plus(now_, std::max(known, tried(s.job.backup_takes, record.service))), kJobEnds, index);
}

// A time that nobody states, as it is tried: it ends when the service starts its next backup.
Duration World::tried(const std::optional<Duration>& takes, std::uint32_t service) const {
  if (!takes) return Duration{0};
  Duration rest = *takes;
  for (const Slot& slot : slots_) {
    const bool is_ahead = slot.service == service && slot.due > now_ && slot.due != Instant::max();
    if (is_ahead) rest = std::min(rest, slot.due - now_);
  }
  return rest;
}

void World::end_job(std::uint32_t index) {
  Job& job = jobs_[index];
  if (!job.running) return;  // it was stopped before
  job.running = false;
  const std::uint32_t service = result_.backups[job.backup].service;
  std::erase(services_.at(service).jobs, index);
  leave_limits(service);
  job.doomed.empty() ? complete(job) : fail(job, job.doomed);
  if (!waiting_.empty()) start_waiting();
}

void World::fail(Job& job, std::string reason) {
  BackupRecord& record = result_.backups[job.backup];
  const JobModel& model = scenario_.services[record.service].job;
  const bool again = job.attempt <= model.retries && !services_.at(record.service).deleted;
  log(LogKind::kBackupFailed, record.service, job.backup, record.region,
      fmt::format("{} failed: {}{}", record.id, reason,
                  again ? ", next attempt in " + format_duration(model.retry_after) : ""));
  if (again) {
    const auto index = static_cast<std::uint32_t>(&job - jobs_.data());
    return push(plus(now_, model.retry_after), kRetries, index);
  }
  record.state = BackupState::kFailed;
  record.reason = std::move(reason);
}

void World::complete(Job& job) {
  const std::uint32_t backup = job.backup;
  if (!store(backup, job)) return;
  const BackupRecord& record = result_.backups[backup];
  log(LogKind::kBackupCompleted, record.service, backup, record.region,
      fmt::format("{} completed after {}: {} added", record.id, format_duration(now_ - record.born),
                  format_bytes(record.added_bytes)));
  const std::uint32_t service = record.service, vault = vault_of(service, record.region);
  start_copies(job);  // makes records: `record` is gone
  prune(vault);
  prune_others(service);
}

}  // namespace backcast::sim
