#include "engine/policy/time/civil_pattern.h"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <limits>

namespace backcast::policy {
namespace {

constexpr int kFirstPatternYear = 1970;
constexpr std::int64_t kDaySeconds = 86'400;

// The smallest set bit at or above `from`, or -1.
int next_bit(std::uint64_t mask, int from) {
  if (from >= 64) return -1;
  const std::uint64_t rest = mask & (~std::uint64_t{0} << from);
  return rest == 0 ? -1 : std::countr_zero(rest);
}

bool year_matches(const CivilPattern& p, int year) {
  if (p.every_year) return true;
  const int index = year - kFirstPatternYear;
  if (index < 0 || index >= 256) return false;
  return (p.years[static_cast<std::size_t>(index / 64)] >> (index % 64) & 1) != 0;
}

// Bits of days 1..length that fall on one of the weekdays, the 1st being `first` (0 = Sunday).
std::uint32_t days_on_weekdays(std::uint8_t weekdays, int first, int length) {
  const std::uint32_t turned = (weekdays | std::uint32_t{weekdays} << 7) >> first & 0x7F;
  const std::uint64_t month = std::uint64_t{turned} * 0x10204081;  // the week five times over
  return static_cast<std::uint32_t>(month << 1) & ((2u << length) - 2);
}

std::uint32_t nth_weekday_days(std::uint64_t nth_weekdays, int first, int length) {
  std::uint32_t days = 0;
  for (std::uint64_t rest = nth_weekdays; rest != 0; rest &= rest - 1) {
    const int bit = std::countr_zero(rest);
    const int weekday = bit % 8, n = bit / 8;
    const int first_one = 1 + (weekday - first + 7) % 7;
    const int day = n == 6 ? first_one + (length - first_one) / 7 * 7 : first_one + (n - 1) * 7;
    if (day <= length) days |= 1u << day;
  }
  return days;
}

// Quartz: Saturday moves to the Friday before, Sunday to the Monday after, never into another
// month.
int nearest_weekday(int day, int first, int length) {
  const int weekday = (first + day - 1) % 7;
  if (weekday == 6) return day > 1 ? day - 1 : day + 2;
  if (weekday == 0) return day < length ? day + 1 : day - 2;
  return day;
}

std::uint32_t days_of_month_set(const CivilPattern& p, int first, int length) {
  std::uint32_t days = p.days & ((2u << length) - 2);
  for (std::uint32_t rest = p.days_from_end; rest != 0; rest &= rest - 1) {
    const int day = length + 1 - std::countr_zero(rest);
    if (day >= 1 && day <= length) days |= 1u << day;
  }
  for (std::uint32_t rest = p.nearest_weekdays; rest != 0; rest &= rest - 1) {
    const int wanted = std::countr_zero(rest);
    if (wanted > length) continue;
    days |= 1u << nearest_weekday(wanted == 0 ? length : wanted, first, length);
  }
  return days;
}

// The first matching time of day at or after h:m:s.
std::optional<CivilTime> next_time_of_day(const CivilPattern& p, int h, int m, int s) {
  CivilTime found;
  found.hour = next_bit(p.hours, h);
  if (found.hour < 0) return std::nullopt;
  if (found.hour > h) m = s = 0;
  found.minute = next_bit(p.minutes, m);
  if (found.minute > m) s = 0;
  found.second = found.minute < 0 ? -1 : next_bit(p.seconds, s);
  if (found.minute >= 0 && found.second >= 0) return found;
  if (found.minute >= 0) {
    found.minute = next_bit(p.minutes, found.minute + 1);
    found.second = next_bit(p.seconds, 0);
    if (found.minute >= 0) return found;
  }
  found.hour = next_bit(p.hours, found.hour + 1);
  if (found.hour < 0) return std::nullopt;
  found.minute = next_bit(p.minutes, 0);
  found.second = next_bit(p.seconds, 0);
  return found;
}

bool has_times(const CivilPattern& p) {
  return p.seconds != 0 && p.minutes != 0 && p.hours != 0 && p.months != 0;
}

// How far clocks jumped at the beginning of the span; 0 if the span has none.
std::int64_t clock_jump(const Zone& zone, const Zone::Span& span) {
  if (span.begin_second == std::numeric_limits<std::int64_t>::min()) return 0;
  return span.offset_seconds - zone.span_at(span.begin_second - 1).offset_seconds;
}

}  // namespace

std::uint32_t matching_days(const CivilPattern& p, int year, int month) {
  const int length = days_in_month(year, month);
  const int first = weekday_monday1({year, month, 1}) % 7;
  const std::uint32_t by_month = days_of_month_set(p, first, length);
  const std::uint32_t by_week =
      days_on_weekdays(p.weekdays, first, length) | nth_weekday_days(p.nth_weekdays, first, length);
  return p.either_day ? by_month | by_week : by_month & by_week;
}

bool matches(const CivilPattern& p, const CivilTime& t) {
  return year_matches(p, t.date.year) && (p.months >> t.date.month & 1) != 0 &&
         (matching_days(p, t.date.year, t.date.month) >> t.date.day & 1) != 0 &&
         (p.hours >> t.hour & 1) != 0 && (p.minutes >> t.minute & 1) != 0 &&
         (p.seconds >> t.second & 1) != 0;
}

std::optional<CivilTime> next_match(const CivilPattern& p, const CivilTime& from, int last_year) {
  if (!has_times(p)) return std::nullopt;
  int first_day = from.date.day;
  int month = from.date.month;
  for (int year = from.date.year; year <= last_year; ++year, month = 1, first_day = 1) {
    if (!year_matches(p, year)) continue;
    for (month = next_bit(p.months, month); month > 0; month = next_bit(p.months, month + 1)) {
      const bool is_first = year == from.date.year && month == from.date.month;
      std::uint32_t days = matching_days(p, year, month);
      if (is_first) {
        if ((days >> first_day & 1) != 0) {
          if (auto time = next_time_of_day(p, from.hour, from.minute, from.second)) {
            time->date = from.date;
            return time;
          }
        }
        days &= ~std::uint32_t{0} << first_day << 1;
      }
      if (days == 0) continue;
      auto time = next_time_of_day(p, 0, 0, 0);
      time->date = {year, month, std::countr_zero(days)};
      return time;
    }
  }
  return std::nullopt;
}

std::optional<Instant> next_instant(const CivilPattern& p, Instant after, const Zone& zone,
                                    const ClockRule& rule) {
  std::int64_t lower = unix_seconds(after) + 1;
  const int last_year =
      std::min(civil_from_local_seconds(lower).date.year + rule.horizon_years, rule.last_year);
  for (;;) {
    const Zone::Span span = zone.span_at(lower);
    const bool has_end = span.end_second != std::numeric_limits<std::int64_t>::max();
    const std::int64_t jump = clock_jump(zone, span);
    std::int64_t local = lower + span.offset_seconds;
    if (std::abs(jump) <= rule.longest_change_seconds) {
      if (jump > 0 && rule.run_skipped && lower == span.begin_second) {
        const auto skipped = next_match(p, civil_from_local_seconds(local - jump), last_year);
        if (skipped && local_seconds(*skipped) <= local) return from_unix_seconds(lower);
      }
      if (jump < 0 && rule.once_if_repeated) {
        local = std::max(local, span.begin_second + span.offset_seconds - jump);
      }
    }
    const auto match = next_match(p, civil_from_local_seconds(local), last_year);
    if (match && (!has_end || local_seconds(*match) < span.end_second + span.offset_seconds)) {
      return from_unix_seconds(local_seconds(*match) - span.offset_seconds);
    }
    const bool change_is_far = span.end_second > lower + 2 * kDaySeconds;
    if (!has_end || (!match && change_is_far)) return std::nullopt;
    // A far match needs no walk over the changes in between: nothing matches there. A change that
    // is near may show again times from before `lower`, so it is never skipped.
    lower = span.end_second;
    if (match && change_is_far) lower = std::max(lower, local_seconds(*match) - 2 * kDaySeconds);
  }
}

}  // namespace backcast::policy
