// Sums of times that cannot wrap: what an Instant or a Duration cannot hold stays at the last one
// it can, which no run reaches. A typing error in a unit then never comes true at once.
#pragma once

#include <cstdint>
#include <limits>

#include "engine/base/checked.h"
#include "engine/base/instant.h"

namespace backcast {

// "Never": longer than any run.
inline constexpr Duration kForever = Duration::max();

constexpr Duration plus(Duration a, Duration b) {
  const auto sum = checked_add(a.count(), b.count());
  if (sum) return Duration(*sum);
  return a.count() < 0 ? Duration::min() : Duration::max();
}

constexpr Instant plus(Instant t, Duration d) {
  return Instant(plus(t.time_since_epoch(), d));
}

// `to` minus `from`, in either order.
constexpr Duration between(Instant from, Instant to) {
  const auto span = checked_sub(to.time_since_epoch().count(), from.time_since_epoch().count());
  if (span) return Duration(*span);
  return from < to ? Duration::max() : Duration::min();
}

constexpr Duration times(Duration d, std::int64_t count) {
  const auto product = checked_mul(d.count(), count);
  if (product) return Duration(*product);
  return (d.count() < 0) == (count < 0) ? Duration::max() : Duration::min();
}

constexpr Duration of_seconds(std::uint64_t seconds) {
  constexpr std::uint64_t kMost = static_cast<std::uint64_t>(kForever / kSecond);
  return seconds > kMost ? kForever : Duration(std::chrono::seconds(seconds));
}

// Time for bytes at a rate, rounded up to whole seconds; no rate means no time.
constexpr Duration time_for(std::uint64_t bytes, std::uint64_t bytes_per_second) {
  if (bytes_per_second == 0) return Duration{0};
  return of_seconds(bytes / bytes_per_second + (bytes % bytes_per_second != 0 ? 1 : 0));
}

}  // namespace backcast
