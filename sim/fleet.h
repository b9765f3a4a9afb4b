// Fleets: very many services that share nothing. Each is simulated by itself over the whole
// horizon, in any order and on any core, without a queue of events, so a million of them for ten
// years take minutes and a few dozen bytes each.
//
// Rules are those of engine/policy, called here as everywhere. They are pure functions of times
// alone, so services with the same schedule and policy get the same verdicts: a cohort calls the
// rules once and its members replay what they decided, each with its own data.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/error.h"
#include "engine/policy/retention.h"
#include "engine/policy/schedule.h"
#include "sim/delta_model.h"
#include "sim/draws.h"
#include "sim/statistics.h"

namespace backcast::sim {

// What members of a cohort have in common.
struct FleetCohort {
  policy::Schedule schedule;
  policy::RetentionPolicy retention;  // looks back after every backup
  policy::Zone zone{};
  DeltaModel delta;
};

// 24 bytes.
struct FleetMember {
  std::uint64_t size_bytes = 0;   // of a full backup at the start, as stored
  std::int64_t growth_bytes = 0;  // per day
  std::uint32_t cohort = 0;
  float restlessness = 0;  // standard deviation of the logarithm of how busy a day is; 0 = even
};

// 40 bytes.
struct FleetOutcome {
  std::uint64_t stored_byte_hours = 0;  // saturates at 2^64 - 1
  std::uint64_t peak_bytes = 0, last_bytes = 0;
  std::uint64_t written_bytes = 0;
  std::uint32_t restore_points = 0;     // when the run ends
  std::uint32_t worst_age_seconds = 0;  // of the newest restore point
};

struct FleetOptions {
  Instant start{}, end{};
  std::uint64_t seed = 0;
  std::uint32_t replication = 0;
  unsigned threads = 0;  // 0 = every core; the outcome does not depend on it
};

struct FleetRun {
  std::vector<FleetOutcome> outcomes;  // one per member, in order
  std::uint64_t backups = 0, deletions = 0;
};

// Errors: kBadInput for a member of an unknown cohort, more than 2^32-2 members, an end before the
// start, more than 100 years, or a cohort with more than a million backups.
Result<FleetRun> run_fleet(std::span<const FleetCohort> cohorts,
                           std::span<const FleetMember> members, const FleetOptions& options);

}  // namespace backcast::sim
