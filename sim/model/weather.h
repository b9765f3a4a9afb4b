// What happens to a job outside of anybody's decision: when inside a window it starts, whether it
// fails by chance, how long it takes. A pure function of the seed, the replication, the service,
// the second and which job of that second it is: policies with other schedules meet the same fate
// at the same moment, and whoever asks again, after a crash or in another program, is told the
// same.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/instant.h"
#include "sim/model/draws.h"

namespace backcast::sim {

// The key of what is drawn for a name, by FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/
std::uint32_t hash_of(std::string_view name);

// One attempt of one backup.
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

// A copy into a region, or a restore into one.
struct Delivery {
  enum class Kind : std::uint8_t { kCopy, kRestore };
  Kind kind{};
  std::uint32_t entity = 0;  // of the service, as Service::entity
  // By true time: of a copy, when the backup began that it copies; of a restore, when it was asked
  // for. Of a restore that is only tried, when its backup began.
  Instant moment{};
  std::string_view region;
};

// How fast a job goes beside what its bytes and rates say.
class Pace {
 public:
  Pace() = default;  // as computed
  explicit Pace(double factor) : factor_(factor) {}

  // Where there is no spread that, to the nanosecond; else whole seconds, rounded up.
  Duration of(Duration computed) const;
  // So many bytes keep a link as busy as these do at this pace; 2^62 at most.
  std::uint64_t of(std::uint64_t bytes) const;

 private:
  std::optional<double> factor_;  // none: no spread
};
Pace pace_of(const Draws& draws, const Delivery& delivery, double duration_spread);

struct Fate {
  bool fails = false;
  Duration takes{0};
};

// `computed`: how long it takes by its bytes and rates.
Fate fate_of(const Draws& draws, const JobAttempt& job, const JobChances& chances,
             Duration computed);

}  // namespace backcast::sim
