#include "sim/model/weather.h"

#include <cmath>

#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

// Seconds of every instant fit 36 bits, so that the attempt has the 20 below: 56 in all.
std::uint64_t index_of(Instant scheduled, std::uint32_t attempt) {
  const auto second = static_cast<std::uint64_t>(unix_seconds(scheduled));
  return (second & 0xFFFFFFFFFULL) << 20 | (attempt & 0xFFFFF);
}

Duration times(Duration computed, double factor) {
  const double seconds = std::ceil(static_cast<double>(computed.count()) * factor /
                                   static_cast<double>(kSecond.count()));
  constexpr double kMostSeconds = 9.2e9;  // 292 years
  if (!(seconds < kMostSeconds)) return Duration::max();
  return std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

}  // namespace

Duration start_delay(const Draws& draws, std::uint32_t entity, Instant named, int window_seconds) {
  if (window_seconds <= 0) return Duration{0};
  return std::chrono::seconds(draws.below(static_cast<std::uint64_t>(window_seconds), entity,
                                          Purpose::kStartJitter, index_of(named, 1)));
}

Fate fate_of(const Draws& draws, const JobAttempt& job, const JobChances& chances,
             Duration computed) {
  const std::uint64_t index = index_of(job.scheduled, job.attempt);
  Fate fate{false, computed};
  fate.fails =
      chances.failure > 0 && draws.uniform(job.entity, Purpose::kFailure, index) < chances.failure;
  if (chances.duration_spread > 0) {
    const double z = normal_quantile(draws.uniform(job.entity, Purpose::kDuration, index));
    fate.takes = times(computed, portable_exp(chances.duration_spread * z));
  }
  return fate;
}

}  // namespace backcast::sim
