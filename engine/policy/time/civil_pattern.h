// A set of wall-clock times, as every cron-like tool describes one: bit masks over the fields of
// the calendar. Dialects parse into it; finding the next match is one function for all.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "engine/base/instant.h"
#include "engine/policy/time/calendar.h"

namespace backcast::policy {

// Bit n of a mask stands for the value n. An empty mask matches nothing.
struct CivilPattern {
  std::uint64_t seconds = 1;  // 0..59
  std::uint64_t minutes = 0;  // 0..59
  std::uint32_t hours = 0;    // 0..23
  std::uint16_t months = 0;   // 1..12
  // Days of the month: a day is in the set if any of these three says so.
  std::uint32_t days = 0;           // 1..31
  std::uint32_t days_from_end = 0;  // 1 = last day, 2 = last but one, ...
  std::uint32_t nearest_weekdays =
      0;  // d = Mon..Fri nearest to day d in its month; 0 = to the last
  // Days of the week, likewise.
  std::uint8_t weekdays = 0;  // 0 = Sunday .. 6 = Saturday
  std::uint64_t nth_weekdays =
      0;  // 8 n + weekday: the n-th of the month, n = 1..5; n = 6: the last
  // A day matches if it is in either set (true), or in both.
  bool either_day = false;
  bool every_year = true;
  std::array<std::uint64_t, 4> years{};  // bit 0 = 1970, up to 2225; only if not every_year

  bool operator==(const CivilPattern&) const = default;
};

// Days of one month that match, bit 1 = the first.
std::uint32_t matching_days(const CivilPattern& pattern, int year, int month);
bool matches(const CivilPattern& pattern, const CivilTime& local);

// The first match at or after `from`, in a year up to last_year. Never loops for ever: a month is
// one step.
std::optional<CivilTime> next_match(const CivilPattern& pattern, const CivilTime& from,
                                    int last_year);

// What happens to wall-clock times that a zone's clocks skip or show twice.
struct ClockRule {
  // Clocks go forward: times that were skipped run once, at the moment of the change.
  bool run_skipped = false;
  // Clocks go back: times shown before are not run again.
  bool once_if_repeated = false;
  // A change larger than this is a clock that was set: skipped times are lost, repeated ones run.
  std::int64_t longest_change_seconds = 26 * 3600;
  // Years to look ahead before giving up.
  int horizon_years = 41;  // 29 February on a given weekday returns within 40 years
  int last_year = 2261;    // the last whole one an Instant holds
};

// The first instant strictly after `after` at which a match is due, or nullopt if there is none
// within the horizon.
std::optional<Instant> next_instant(const CivilPattern& pattern, Instant after, const Zone& zone,
                                    const ClockRule& rule);

}  // namespace backcast::policy
