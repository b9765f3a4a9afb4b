// What one run of a scenario gives back: plain values that reports/, the command line and sweeps
// read. Every vector is in a fixed order (stated below), so equal inputs give equal bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "costmodel/book/money.h"
#include "engine/base/checked.h"
#include "engine/base/instant.h"
#include "engine/base/usage.h"
#include "sim/model/reason.h"
#include "sim/model/verdict.h"

namespace backcast::sim {

// "Never": a backup that was never completed, or is still there when the run ends.
inline constexpr Instant kNever = Instant::max();

enum class BackupState : std::uint8_t {
  kRunning,    // the job had not ended when the run did
  kAvailable,  // can be restored at the end of the run
  kDeleted,    // was available and is gone; `reason` says which rule
  kFailed,     // the job failed; `reason` says why
  kRefused     // never started, or not stored: admission or quota; `reason` says which
};

// One backup or one copy of it. In RunResult::backups by birth, then service, then region.
struct BackupRecord {
  std::string id;                  // "vectors/auto-000012", "vectors/auto-000012@europe-west3"
  std::uint32_t service = 0;       // index into RunResult::services
  std::uint32_t original = kNone;  // a copy's original, index into RunResult::backups
  std::string region;              // where its bytes lie
  std::string kind;                // "automatic", "manual", "copy"; as UsageRecord::backup_kind
  std::string schedule;            // name of the schedule that made it; "" if manual
  std::vector<std::string> tags;
  bool of_manual = false;     // a copy of a manual backup
  bool of_history = false;    // there before the run; `available` is the start of the run
  bool is_protected = false;  // carries a protected tag of the service's policy
  BackupState state = BackupState::kRunning;
  Instant born{};                 // the moment of the service it brings back
  Instant available = kNever;     // the job's end
  Instant deleted = kNever;       // bytes are gone from this moment on
  Instant expires = kNever;       // fixed at birth; kNever if it has no expiry
  std::uint64_t size_bytes = 0;   // stored form of the whole restore point, before sharing
  std::uint64_t added_bytes = 0;  // what the region's storage grew by when it was written
  std::uint64_t freed_bytes = 0;  // what it shrank by when it was deleted
  Duration restore_time{0};       // to bring it back whole, into its own region
  Reason reason{};                // why it stays, went, failed or was refused

  // How it was asked for: a copy goes by its original.
  policy::Origin made_by() const {
    return kind == "manual" || of_manual ? policy::Origin::kManual : policy::Origin::kAutomatic;
  }
};

// How a requirement fared over the whole run, checked at every instant.
struct TraceStep {
  Instant at{};
  std::string text;  // "backup vectors/auto-000012 failed: region eu-west-1 is down"
};

// What replications say of a requirement.
struct ReplicatedOutcome {
  std::uint64_t replications = 0;  // that were run
  std::uint64_t held = 0, failed = 0, unknown = 0;
  std::uint64_t required = 0;                   // so many must hold
  double quantile = 1;                          // the share that must hold
  double confidence = 0.95, low = 0, high = 1;  // exact interval of the share that holds
  bool close = false;  // the quantile lies within the interval: more replications may turn it
  std::uint32_t first_failing = kNone;                         // the first replication that fails
  Instant earliest_failure = kNever, median_failure = kNever;  // of the replications that fail
};

// A value that nobody stated and that decides: "holds while a backup takes at most 2h".
struct MissingTold {
  std::string pointer, break_even;
};

// How near a run came to the limit, in numbers that add up.
struct Nearness {
  // Nanoseconds, bytes or a count, by kind; of restore points the least. kUnbounded: never done.
  std::uint64_t worst = 0;
  static constexpr std::uint64_t kUnbounded = UINT64_MAX;
  cost::Money amount;     // of a budget: the highest
  bool is_least = false;  // of a budget: prices are missing, and the amount may be higher
  // Service-time in nanoseconds, copies or restores, and how much of them was not good.
  uint128 judged = 0, broken = 0;
};

struct RequirementOutcome {
  std::string name;       // as the scenario names it
  std::string kind;       // "rpo", "restore_points", "coverage", "protected", "quota", "budget",
                          // "copy_within", "restore_time"
  std::string statement;  // "newest restore point of vectors in us-west1 is never older than 26h"
  Verdict verdict = Verdict::kHolds;
  std::string unknown_because;       // "the run is shorter than the window"; "" where it is known
  bool one_future = false;           // of one run of a scenario in which things are drawn
  std::string limit;                 // "26h", "5.00 GB"
  std::string observed;              // the worst value seen, over all replications: "3d 2h"
  Nearness nearness;                 // of the run shown
  std::string tolerance;             // "99.97 % of the service-time is good, 99.9 % must be"
  std::string would_hold;            // of what fails: "with at_most 3d 2h, with of_time 99.71 %"
  std::vector<MissingTold> missing;  // what it depends on and nobody stated
  std::vector<std::uint32_t> services;  // of which it speaks; indices into RunResult::services
  Duration at_most{0};                  // of an rpo: what `limit` says
  Instant first_failure = kNever;
  Duration failing_time{0};  // total time it did not hold
  std::uint32_t failing_periods = 0;
  std::uint32_t service = kNone;  // of the first failure; index into RunResult::services
  std::string region;             // of the first failure
  std::vector<TraceStep> trace;   // the shortest chain of events that led to it, oldest first
  std::optional<ReplicatedOutcome> replicated;
};

const char* name(BackupState state);

// Of what LogEvent::about then is a restore.
bool is_of_restore(LogKind kind);

// One line of the event log, in order of time; at one instant, in the order things happened.
// sim/words says it in words.
struct LogEvent {
  Instant at{};
  LogKind kind{};
  std::uint32_t service = kNone;  // index into RunResult::services
  std::uint32_t backup = kNone;   // index into RunResult::backups
  // By kind: the scenario's event, its project, its limit of jobs, the service's schedule, or index
  // into RunResult::restores.
  std::uint32_t about = kNone;
  // By kind: bytes to read or to move, the attempt that comes next, nanoseconds of a clock's jump,
  // the instant that it skipped, whether a schedule's backups go with it.
  std::int64_t number = 0;
  Reason reason{};
};

enum class SeriesKind : std::uint8_t {
  kStoredBytes,  // bytes held, per service and region
  kQuotaBytes    // bytes that count against a project's quota; `limit` is the quota
};
const char* name(SeriesKind kind);

// A step function: each value holds from its instant until the next one. In RunResult::series by
// kind, service, region.
struct SeriesPoint {
  Instant at{};
  std::uint64_t value = 0;
};
struct Series {
  SeriesKind kind{};
  std::uint32_t service = kNone;  // kNone for a project's series
  std::string project;
  std::string region;
  std::optional<std::uint64_t> limit;
  std::vector<SeriesPoint> points;
};

struct ServiceResult {
  std::string name;
  std::string project;
  std::string provider;
  std::string region;
  std::uint64_t size_first_bytes = 0;  // live data at the start and at the end of the run
  std::uint64_t size_last_bytes = 0;
  std::uint64_t members = 1;  // more than one stands for a fleet
};

// A restore that the scenario scheduled.
struct RestoreRecord {
  std::uint32_t service = 0;
  std::uint32_t event = 0;       // the scenario's, which asks for it
  std::uint32_t backup = kNone;  // which one was used; kNone if there was none
  std::string from_region, to_region;
  Instant born{};  // of the backup
  Instant started{};
  Instant completed = kNever;
  std::uint64_t bytes = 0;
  Duration lost{0};  // started - born of the backup: what the restore cannot bring back
  Why why_not{};     // it failed
};

// How backups and copies fared. What is whole is counted once, where it comes from (made, copied,
// there before), and once where it is now: made + copies + from_history = available + deleted.
struct BackupCounts {
  std::uint64_t made = 0;          // by the run: a restore point came of it
  std::uint64_t copies = 0;        // arrived
  std::uint64_t from_history = 0;  // there before the run
  std::uint64_t available = 0, deleted = 0;
  std::uint64_t failed = 0, refused = 0, running = 0;  // copies, too

  void add(const BackupRecord& backup, std::uint64_t times = 1);
  void add(const BackupCounts& other);
  bool operator==(const BackupCounts&) const = default;
};

// Jobs of one service that were due while another one of it waited or ran.
struct OverlappingJobs {
  std::uint32_t service = 0;  // index into RunResult::services
  std::uint64_t jobs = 0;
  Instant first = kNever;
  enum class Then : std::uint8_t { kUnsaid, kBeside, kSkipped, kQueued } then{};
};

// What is kept of a fleet whose services were simulated one after another. Its usage is in the bill
// and its bytes are in RunResult::series; its backups are counted only.
struct FleetTotals {
  std::uint32_t service = kNone;  // the entry of RunResult::services that stands for all of them
  std::uint64_t members = 0;
  std::uint64_t simulated = 0;  // fewer than members if the run was interrupted
  BackupCounts backups;
  std::uint64_t restores = 0;
  uint128 moved_bytes = 0;             // between places; of many services more than 64 bits hold
  std::uint64_t coverage_seconds = 0;  // age of each one's oldest restore point at the end, summed
  struct Age {
    std::string region;
    Duration age{0};  // the oldest that the newest restore point of a member became
    Instant at{};
  };
  OverlappingJobs overlaps;        // of all members
  std::vector<Age> worst_ages;     // by region
  Duration worst_age_anywhere{0};  // of the newest wherever it lies
};

// One time of being down of what fails by chance.
struct Outage {
  std::uint32_t law = 0;     // index into Scenario::failures
  std::uint64_t number = 0;  // of this law, from 0
  Instant from{};            // whole seconds, before the end of the run
  Duration lasts{0};         // at least a second; may outlast the run
};

// What a repository of several services holds in one region when the run ends.
struct RepositoryResult {
  std::string name, region;
  std::uint64_t services = 0;       // that have restore points there
  std::uint64_t logical_bytes = 0;  // what all restore points would give back
  std::uint64_t unique_bytes = 0;   // of that, every byte once
  std::uint64_t stored_bytes = 0;   // the same after compression
};

// Usage that the scenario's bill leaves out on purpose (its `bill` field), summed.
struct LeftOut {
  std::string what;  // "automatic and manual backups in their home region"
  std::uint64_t peak_bytes = 0;
  std::uint64_t records = 0;
};

// Bytes are counted in 64 bits; a run that stores more than this at once counts no longer.
inline constexpr double kMaxStoredBytes = 9e18;

struct RunResult {
  std::string scenario;  // name
  std::string title;
  std::uint64_t seed = 0;
  std::uint64_t replication = 0;
  Instant start{}, end{};    // simulated span, end exclusive
  bool partial = false;      // interrupted: everything up to `end` is right
  bool too_large = false;    // more than kMaxStoredBytes were stored: no figure is right
  std::uint64_t events = 0;  // kernel events handled

  std::vector<ServiceResult> services;  // in scenario order, small fleets expanded; fleets last
  std::vector<FleetTotals> fleets;      // of those that are kept as sums
  std::vector<BackupRecord> backups;
  std::vector<UsageRecord> usage;   // everything, by start, then service, region, backup
  std::vector<UsageRecord> billed;  // the part inside the scenario's bill
  std::vector<LeftOut> left_out;    // the rest, named
  std::vector<RequirementOutcome> requirements;  // in scenario order
  std::vector<RestoreRecord> restores;
  std::vector<OverlappingJobs> overlaps;       // at most one per service, by service
  std::vector<RepositoryResult> repositories;  // as the scenario has them, then by region
  std::vector<Outage> outages;  // by law and time; in the log they come after the scenario's events
  std::vector<LogEvent> log;
  std::vector<Series> series;
  std::vector<std::string> warnings;     // what the reader must know: truncated, not modelled
  std::vector<std::string> assumptions;  // every input nobody published, as the scenario gave it
  std::vector<std::string> said;         // values of profiles with a source, which the run uses
  std::vector<AssumedValue> assumed;     // for this run, beside the document
  std::vector<std::string> not_billed;   // meters of the price book that nothing was counted for
};

// Of all requirements together; UNKNOWN where there is none, since nothing was proved.
Verdict verdict_of(const RunResult& result);
// True if every requirement holds.
bool all_hold(const RunResult& result);

}  // namespace backcast::sim
