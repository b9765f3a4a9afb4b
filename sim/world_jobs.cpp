// Backup jobs: when one may start, how long it takes, how it ends.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"
#include "sim/world.h"

namespace backcast::sim {
void World::fire(std::uint32_t slot) {
  const Slot s = slots_[slot];
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
  record.service = service;
  record.region = s.region;
  record.kind = automatic ? "automatic" : "manual";
  record.born = now_;
  record.id = fmt::format("{}/{}-{:06}", s.name, automatic ? "auto" : "manual",
                          automatic ? ++state.automatic : ++state.manual);
  if (automatic) record.schedule = s.schedules[slots_[slot].schedule].name;
  if (!automatic) record.tags = scenario_.events[event].tags;
  // The command line that made the newest one goes on making them; Zerops gives tags of its own.
  if (automatic && !s.history.empty() && s.rules != "zerops") record.tags = s.history.back().tags;
  if (const std::string why = why_it_cannot_start(service); !why.empty()) {
    log(LogKind::kWindowMissed, service, kNone, s.region,
        fmt::format("{} was due but did not start: {}", record.id, why));
    record.reason = why;
    record.state = BackupState::kRefused;
    result_.backups.push_back(std::move(record));
    generations_.emplace_back();
    return;
  }
  if (const std::string why = admission(service, automatic); !why.empty()) {
    return refuse(std::move(record), why);
  }
  Generation generation = generation_at(s.workload, s.delta.curve, scenario_.start, now_);
  generation.ordinal = state.generations++;
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
  BackupRecord& record = result_.backups[job.backup];
  const Service& s = scenario_.services[record.service];
  ServiceState& state = services_.at(record.service);
  ++job.attempt;
  if (const std::string why = why_it_cannot_start(record.service); !why.empty()) {
    return fail(job, why);
  }
  if (job.attempt > 1) {  // a retry backs up what is there now
    job.generation = generation_at(s.workload, s.delta.curve, scenario_.start, now_);
    job.generation.ordinal = state.generations++;
    generations_[job.backup] = job.generation;
    record.born = now_;
    record.size_bytes = s.delta.full_bytes(job.generation);
  }
  job.running = true;
  job.doomed.clear();
  if (state.failing > 0) job.doomed = "jobs of this service fail at this time (scenario event)";
  if (s.job.failure_probability > 0 &&
      draws_.uniform(record.service, Purpose::kFailure, state.attempts++) <
          s.job.failure_probability) {
    job.doomed = fmt::format("it failed by chance (probability {})", s.job.failure_probability);
  }
  state.jobs.push_back(index);
  const std::uint64_t live_bytes = size_at(s.workload, scenario_.start, now_);
  log(LogKind::kBackupStarted, record.service, job.backup, s.region,
      fmt::format("{} started: {} to read", record.id, format_bytes(live_bytes)));
  push(now_ + policy::job_duration(s.job.speed, live_bytes, s.collections), kJobEnds, index);
}

void World::end_job(std::uint32_t index) {
  Job& job = jobs_[index];
  if (!job.running) return;  // it was stopped before
  job.running = false;
  ServiceState& state = services_.at(result_.backups[job.backup].service);
  std::erase(state.jobs, index);
  if (!job.doomed.empty()) return fail(job, job.doomed);
  complete(job);
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
    return push(now_ + model.retry_after, kRetries, index);
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
  const std::uint32_t vault = vault_of(record.service, record.region);
  start_copies(job);  // makes records: `record` is gone
  prune(vault);
}

}  // namespace backcast::sim
