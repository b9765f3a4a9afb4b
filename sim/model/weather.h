// What happens to a backup job outside of anybody's decision: when inside a window it starts,
// whether it fails by chance, how long it takes. A pure function of the seed, the replication, the
// service, the scheduled second and the attempt: policies with other schedules meet the same fate
// at the same moment, and whoever asks again, after a crash or in another program, is told the
// same.
#pragma once

#include <cstdint>

#include "engine/base/instant.h"
#include "sim/model/draws.h"

namespace backcast::sim {

// One attempt of one job.
struct JobAttempt {
  std::uint32_t entity = 0;  // of the service, as Service::entity
  // The second for which it was scheduled, or in which it was asked for by hand or to make up for
  // a missed start; by true time. All attempts of a job have the same, however long it waits.
  Instant scheduled{};
  std::uint32_t attempt = 1;  // counts from 1
};

// So long after the time that the schedule names, when a window opens, the service starts: whole
// seconds, less than the window.
Duration start_delay(const Draws& draws, std::uint32_t entity, Instant named, int window_seconds);

struct JobChances {
  double failure = 0;          // probability of one attempt
  double duration_spread = 0;  // standard deviation of the logarithm; the median is as computed
};

struct Fate {
  bool fails = false;
  Duration takes{0};
};

// `computed`: how long it takes by its bytes and rates. Where there is no spread it takes that, to
// the nanosecond; else whole seconds, rounded up.
Fate fate_of(const Draws& draws, const JobAttempt& job, const JobChances& chances,
             Duration computed);

}  // namespace backcast::sim
