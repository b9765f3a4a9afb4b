#include "sim/model/weather.h"

#include <cmath>

#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

// Seconds of every instant fit 36 bits, so that which job of this second it is has the 20 below:
// 56 in all. Attempts of backups are counted there from 1; copies and restores are named by their
// region in the upper half.
constexpr std::uint32_t kDelivery = 1U << 19, kRestore = 1U << 18;

std::uint64_t index_of(Instant at, std::uint32_t which) {
  const auto second = static_cast<std::uint64_t>(unix_seconds(at));
  return (second & 0xFFFFFFFFFULL) << 20 | (which & 0xFFFFF);
}

std::uint32_t which_of(const Delivery& delivery) {
  const std::uint32_t kind = delivery.kind == Delivery::Kind::kRestore ? kRestore : 0;
  return kDelivery | kind | (hash_of(delivery.region) & (kRestore - 1));
}

Pace drawn_pace(const Draws& draws, std::uint32_t entity, std::uint64_t index, double spread) {
  if (!(spread > 0)) return {};
  const double z = normal_quantile(draws.uniform(entity, Purpose::kDuration, index));
  return Pace(portable_exp(spread * z));
}

}  // namespace

std::uint32_t hash_of(std::string_view name) {
  std::uint32_t hash = 2166136261U;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619U;
  return hash;
}

Duration Pace::of(Duration computed) const {
  if (!factor_) return computed;
  const double seconds = std::ceil(static_cast<double>(computed.count()) * *factor_ /
                                   static_cast<double>(kSecond.count()));
  constexpr double kMostSeconds = 9.2e9;  // 292 years
  if (!(seconds < kMostSeconds)) return Duration::max();
  return std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

std::uint64_t Pace::of(std::uint64_t bytes) const {
  if (!factor_) return bytes;
  constexpr std::uint64_t kMostBytes = 1ULL << 62;
  const double busy = std::ceil(static_cast<double>(bytes) * *factor_);
  return busy < static_cast<double>(kMostBytes) ? static_cast<std::uint64_t>(busy) : kMostBytes;
}

Pace pace_of(const Draws& draws, const Delivery& delivery, double duration_spread) {
  return drawn_pace(draws, delivery.entity, index_of(delivery.moment, which_of(delivery)),
                    duration_spread);
}

Duration start_delay(const Draws& draws, std::uint32_t entity, Instant named, int window_seconds) {
  if (window_seconds <= 0) return Duration{0};
  return std::chrono::seconds(draws.below(static_cast<std::uint64_t>(window_seconds), entity,
                                          Purpose::kStartJitter, index_of(named, 1)));
}

Fate fate_of(const Draws& draws, const JobAttempt& job, const JobChances& chances,
             Duration computed) {
  const std::uint64_t index = index_of(job.scheduled, job.attempt);
  Fate fate;
  fate.fails =
      chances.failure > 0 && draws.uniform(job.entity, Purpose::kFailure, index) < chances.failure;
  fate.takes = drawn_pace(draws, job.entity, index, chances.duration_spread).of(computed);
  return fate;
}

}  // namespace backcast::sim
