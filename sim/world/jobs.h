// Backup jobs: when one may start, how long it takes, how it ends.
#pragma once

#include <string>
#include <vector>

#include "engine/policy/service/starts.h"
#include "sim/world/availability.h"
#include "sim/world/copies.h"
#include "sim/world/schedules.h"
#include "sim/world/vaults.h"

namespace backcast::sim {

class Jobs {
 public:
  Jobs(Stage& stage, const Availability& availability, Schedules& schedules, Vaults& vaults,
       Copies& copies);

  // The first number of a new restore point of the service.
  void go_on_from(std::uint32_t service, std::uint32_t generations) {
    states_[service].generations = generations;
  }
  // A backup of a schedule, and one that a scenario event asks for by hand.
  void start_scheduled(std::uint32_t slot);
  void start_manual(std::uint32_t event, std::uint32_t service) { start(service, kNone, event); }
  // Starts that were missed, once each, where the schedule makes up for them.
  void make_up(std::uint32_t service);
  void attempt(std::uint32_t job);
  void give_up_waiting(std::uint32_t job);
  void end(std::uint32_t job);
  void fail_of(std::uint32_t service, Why why);

 private:
  struct Job {
    std::uint32_t backup = kNone;
    std::uint32_t slot = kNone;   // kNone = manual
    std::uint32_t schedule = 0;   // of the slot when it started: the policy of its birth
    std::uint32_t event = kNone;  // of a manual one
    std::uint32_t attempt = 0;
    Instant scheduled{};  // as JobAttempt::scheduled
    Generation generation;
    Why doomed{};  // why it will fail
    bool running = false, waiting = false;
  };
  struct State {
    std::vector<std::uint32_t> running;  // jobs
    std::uint32_t generations = 0, automatic = 0, manual = 0;
    Life life;
  };

  void start(std::uint32_t service, std::uint32_t slot, std::uint32_t event);
  BackupRecord new_record(std::uint32_t service, std::uint32_t slot, std::uint32_t event);
  Generation next_generation(std::uint32_t service);
  void begin(std::uint32_t job);
  void complete(std::uint32_t job);
  void fail(std::uint32_t job, Why why);
  void refuse(BackupRecord record, const Reason& reason, LogKind kind = LogKind::kBackupRefused);
  void start_waiting();
  policy::RunningJobs running_of(std::uint32_t service) const;
  policy::AttemptFacts facts_of(std::uint32_t service) const;
  bool has_job(std::uint32_t service) const;
  void note_overlap(std::uint32_t service);
  policy::JobBytes bytes_of(std::uint32_t service, const Generation& generation);
  BackupRecord& record_of(const Job& job) { return stage_.journal.backup(job.backup); }

  Stage& stage_;
  const Availability& availability_;
  Schedules& schedules_;
  Vaults& vaults_;
  Copies& copies_;
  JobLimits limits_;
  PerService<State> states_;
  std::vector<Job> jobs_;
  std::vector<std::uint32_t> waiting_;  // jobs, in the order in which they came
};

}  // namespace backcast::sim
