// Instants and durations: integer nanoseconds of UTC, fine enough for imported histories (restic
// stamps nanoseconds). Civil time exists only at the edges; see engine/policy/time/calendar.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace backcast {

using Duration = std::chrono::nanoseconds;
// Nanoseconds since 1970-01-01T00:00:00Z without leap seconds; years 1678 to 2261.
using Instant = std::chrono::sys_time<Duration>;

inline constexpr Duration kSecond = std::chrono::seconds(1);
inline constexpr Duration kMinute = std::chrono::minutes(1);
inline constexpr Duration kHour = std::chrono::hours(1);
inline constexpr Duration kDay = std::chrono::hours(24);

constexpr Instant from_unix_seconds(std::int64_t seconds) {
  return Instant(std::chrono::seconds(seconds));
}
// Whole seconds since 1970, rounded down.
constexpr std::int64_t unix_seconds(Instant t) {
  return std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
}

// An instant as somebody wrote it, with the UTC offset they wrote it in.
struct StampedInstant {
  Instant instant;
  std::chrono::seconds offset{0};
};

// Reads RFC 3339: "2026-01-31T08:00:00.123456789+02:00", also a space for T, "Z", a bare date
// (midnight UTC), and a missing offset (UTC). Offsets up to 24 h. Errors: kBadInput for anything
// else, a date that does not exist, or a year outside 1678..2261.
Result<StampedInstant> parse_instant(std::string_view text);

// "2026-01-31T06:00:00Z"; a fraction of 3, 6 or 9 digits only where it is not zero.
std::string format_instant(Instant t);

// Reads "90s", "15m"/"15min", "2h", "7d", "2w", words as "1 day", or a sum as "1d12h". Errors:
// kBadInput for a negative, empty or unknown one, or more than 292 years.
Result<Duration> parse_duration(std::string_view text);

// "1d 12h", "45m", "0s": whole seconds, for people. Duration::max() is "more than 292 years".
std::string format_duration(Duration d);

}  // namespace backcast
