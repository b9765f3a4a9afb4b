// Services that share something (a project's quota, a link), simulated together in one queue of
// events. Every decision is a call into engine/policy; the world only keeps the catalogue the rules
// look at, moves virtual time, and writes down what happened.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/policy/service/lifecycle.h"
#include "sim/kernel/kernel.h"
#include "sim/kernel/link.h"
#include "sim/model/draws.h"
#include "sim/model/result.h"
#include "sim/model/scenario.h"
#include "sim/world/vault.h"

namespace backcast::sim {

class World {
 public:
  // `members` are indices of services, rising. The scenario must outlive the world.
  // With `steps`, every change of a vault is noted there.
  World(const Scenario& scenario, std::vector<std::uint32_t> members, Draws draws,
        std::vector<VaultStep>* steps = nullptr);

  // Until the end, or until a stop is asked for: then the run ends at that moment. True: whole.
  bool run(const std::atomic<bool>* stop = nullptr);

  // What happened; backups are in order of birth within a service, the log in order of time.
  RunResult take();

 private:
  // Events of one second happen in this order: what ends first, then what changes the world, then
  // what starts.
  enum Kind : std::uint32_t {
    kScenarioEnds,  // entity: scenario event whose time is over
    kJobEnds,       // job
    kLinkEnds,      // link
    kCopyEnds,      // copy that shares no link
    kRestoreEnds,   // restore
    kExpires,       // vault
    kPurge,         // service: grace after deletion is over
    kKeyGone,       // key of a deleted project
    kScenario,      // scenario event
    kInitial,       // slot: the backup that a schedule begins with
    kFires,         // slot
    kRetries,       // job
    kWaitEnds,      // job that has waited as long as it may
    kManual,        // scenario event: a manual backup or a restore
  };

  // One schedule of one service.
  struct Slot {
    std::uint32_t service = 0, schedule = 0;
    std::uint64_t fired = 0;
    Instant last = Instant::min();  // the last time the schedule named, by the scheduler's clock
    Instant due = Instant::max();   // of the next start
    bool missed = false;            // a start that was due could not be made
  };
  struct Job {
    std::uint32_t backup = kNone;
    std::uint32_t slot = kNone;   // kNone = manual
    std::uint32_t event = kNone;  // of a manual one
    std::uint32_t attempt = 0;
    Generation generation;
    std::string doomed;  // why it will fail; "" = it succeeds
    bool running = false, waiting = false;
  };
  struct Copy {
    std::uint32_t backup = kNone, vault = 0;
    std::uint32_t link = kNone;
    Link::Handle transfer = 0;
    const policy::RetentionPolicy* birth = nullptr;
    bool running = false;
  };
  // A backup that stays for a grace period after its service was deleted.
  struct Purge {
    Instant at{};
    std::uint32_t backup = 0;
    std::string reason;
  };
  struct ServiceState {
    std::vector<std::uint32_t> vaults;  // indices; the home region's first
    std::vector<std::uint32_t> jobs;    // running
    std::uint32_t generations = 0, automatic = 0, manual = 0, attempts = 0;
    std::uint32_t suspended = 0, failing = 0;  // open events of these kinds
    bool schedules_on = true, deleted = false;
    std::optional<Instant> newest_automatic;
    std::optional<Instant> newest_of_history;
    Life life;
    Duration clock_ahead{0};  // of whoever starts its jobs
  };

  // world.cpp
  void handle(const Event& event);
  void push(Instant at, Kind kind, std::uint32_t entity);
  void schedule_next(std::uint32_t slot, Instant after);
  Instant now() const { return now_; }
  void log(LogKind kind, std::uint32_t service, std::uint32_t backup, std::string region,
           std::string text);
  std::uint32_t vault_of(std::uint32_t service, const std::string& region);
  bool region_is_down(const std::string& region) const;

  // world_jobs.cpp
  void fire(std::uint32_t slot);
  void start_manual(std::uint32_t event, std::uint32_t service);
  void start(std::uint32_t service, std::uint32_t slot, std::uint32_t event);
  void attempt(std::uint32_t job);
  void begin_job(std::uint32_t job);
  std::uint32_t full_limit(std::uint32_t service) const;
  bool has_job(std::uint32_t service) const;
  bool must_queue(std::uint32_t service) const;
  void note_overlap(std::uint32_t service);
  policy::JobBytes job_bytes(const Service& s, std::uint32_t vault, const Generation& generation,
                             std::uint64_t live_bytes) const;
  void give_up_waiting(std::uint32_t job);
  void leave_limits(std::uint32_t service);
  void start_waiting();
  void end_job(std::uint32_t job);
  void complete(Job& job);
  void fail(Job& job, std::string reason);
  void refuse(BackupRecord record, std::string reason);
  std::string why_it_cannot_start(std::uint32_t service) const;
  Duration tried(const std::optional<Duration>& takes, std::uint32_t service) const;

  // world_rules.cpp: where engine/policy is asked
  std::optional<Instant> next_start(const ServiceSchedule& schedule, Slot& slot, Instant after);
  Instant before_first(const Slot& slot, Instant first) const;
  std::string admission(std::uint32_t service, bool automatic) const;
  void give_tags(BackupRecord& record, bool automatic);
  std::optional<policy::RetentionPolicy> retention_within_quota(std::uint32_t vault) const;
  std::string quota_refusal(const policy::Snapshot& newcomer, std::uint32_t vault) const;

  // world_lifecycle.cpp
  void delete_service(std::uint32_t service, const ScheduledEvent& event);
  void delete_project(std::uint32_t project, const ScheduledEvent& event);
  void decide_fates(std::uint32_t service, const policy::DeletionRules& rules,
                    policy::OwnerKind owner);
  void purge(std::uint32_t service);
  void enable_schedules(std::uint32_t service);
  void make_up(std::uint32_t service);
  void jump_clock(std::uint32_t service, Duration by);

  // world_copies.cpp
  void start_copies(const Job& job);
  void start_copy(std::uint32_t original, const Generation& generation, const CopyRule& rule,
                  bool scheduled);
  void end_link(std::uint32_t link);
  void end_copy(std::uint32_t copy);
  void cancel_copy(std::uint32_t copy, const std::string& reason);
  void fail_copies_to(const std::string& region);
  void await_link(std::uint32_t link);

  // world_retention.cpp
  bool store(std::uint32_t backup, const Job& job);
  policy::Snapshot snapshot_of(const BackupRecord& record, policy::Origin origin) const;
  void arrive(std::uint32_t backup, std::uint32_t vault, const policy::RetentionPolicy* birth,
              policy::Origin origin);
  void prune(std::uint32_t vault);
  void prune_others(std::uint32_t service);
  void expire(std::uint32_t vault);
  void drop(std::uint32_t backup, LogKind kind, const std::string& reason);
  void drop(std::uint32_t vault, const std::vector<Vault::Doomed>& doomed, LogKind kind);
  std::uint64_t quota_bytes(std::uint32_t project) const;
  void note_quota(std::uint32_t project);

  // world_history.cpp
  void adopt(std::uint32_t service);
  void adopt(std::uint32_t vault, const policy::Snapshot& snapshot, const Generation& generation,
             std::string id);

  // world_events.cpp
  void begin(std::uint32_t event);
  void end(std::uint32_t event);
  void begin_for(std::uint32_t service, const ScheduledEvent& event);
  void set_links(const ScheduledEvent& event, bool up);
  void fail_jobs_in(const std::string& region);
  void fail_jobs_of(std::uint32_t service, const std::string& reason);
  void lose_storage(const ScheduledEvent& event);
  void restore(std::uint32_t event, std::uint32_t service);
  std::string why_no_restore(const ScheduledEvent& event, const Service& service,
                             const RestoreRecord& restore) const;
  void move_restore(std::uint32_t restore);
  void finish_restore(std::uint32_t restore);
  void record_reading(const RestoreRecord& restore);
  void record_requests(std::uint32_t backup, const char* operation, std::uint64_t bytes);
  UsageRecord usage_of(std::uint32_t backup, UsageKind kind) const;

  // Marks a restore among the ids of a link's transfers.
  static constexpr std::uint64_t kRestoreTransfer = 1ULL << 32;

  const Scenario& scenario_;
  std::vector<std::uint32_t> members_;
  Draws draws_;
  std::vector<VaultStep>* steps_;
  EventQueue queue_;
  Instant now_{};
  RunResult result_;
  std::vector<Slot> slots_;
  std::vector<Job> jobs_;
  std::vector<Copy> copies_;
  std::vector<std::unique_ptr<Vault>> vaults_;
  std::vector<Link> links_;              // as Scenario::links
  std::vector<Generation> generations_;  // by backup
  std::map<std::uint32_t, ServiceState> services_;
  std::map<std::string, int, std::less<>> down_;        // regions, by open outages
  std::map<std::uint32_t, Series> quotas_;              // by project
  std::map<std::uint32_t, std::vector<Purge>> purges_;  // by service
  std::vector<std::string> keys_;                       // of deleted projects
  std::vector<std::uint32_t> limit_jobs_;               // running, as Scenario::limits
  std::vector<std::uint32_t> waiting_;                  // jobs, in the order in which they came
};

}  // namespace backcast::sim
