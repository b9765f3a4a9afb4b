#include <chrono>

#include "engine/base/checked.h"
#include "engine/policy/retention/dialects/decide.h"

namespace backcast::policy {
namespace {

constexpr std::int64_t kDaySeconds = 86400;
constexpr std::int64_t kFirstDay = -106751;  // 1677-09-22, the first whole day of an Instant

constexpr std::int64_t floor_div(std::int64_t a, std::int64_t b) {
  return a / b - ((a % b != 0 && (a % b < 0) != (b < 0)) ? 1 : 0);
}

std::chrono::year_month_day civil_of(std::int64_t days) {
  return std::chrono::sys_days(std::chrono::days(days));
}

// 1970-01-01 was a Thursday; counting from the Monday before it numbers ISO weeks.
constexpr std::int64_t week_of(std::int64_t days) {
  return floor_div(days + 3, 7);
}

// The quarters of the ISO year: weeks 1..13, 14..26, 27..39 and the rest.
std::int64_t thirteen_weeks_of(std::int64_t days) {
  const std::int64_t thursday = week_of(days) * 7;
  const auto civil = civil_of(thursday);
  const std::int64_t new_year =
      std::chrono::sys_days(civil.year() / std::chrono::January / 1).time_since_epoch().count();
  const std::int64_t week = (thursday - new_year) / 7;  // 0-based
  return static_cast<int>(civil.year()) * 4 + std::min<std::int64_t>(week / 13, 3);
}

}  // namespace

std::int64_t period_number(Period period, std::int64_t local) {
  const std::int64_t days = floor_div(local, kDaySeconds);
  switch (period) {
    case Period::kEach:
    case Period::kSecond:
      return local;
    case Period::kMinute:
      return floor_div(local, 60);
    case Period::kHour:
      return floor_div(local, 3600);
    case Period::kDay:
      return days;
    case Period::kWeek:
      return week_of(days);
    case Period::kMonth: {
      const auto civil = civil_of(days);
      return static_cast<int>(civil.year()) * 12 + static_cast<unsigned>(civil.month()) - 1;
    }
    case Period::kThirteenWeeks:
      return thirteen_weeks_of(days);
    case Period::kThreeMonths: {
      const auto civil = civil_of(days);
      return static_cast<int>(civil.year()) * 4 + (static_cast<unsigned>(civil.month()) - 1) / 3;
    }
    case Period::kYear:
      return static_cast<int>(civil_of(days).year());
  }
  return 0;
}

std::vector<std::int64_t> local_seconds(Points points, const Zone& zone) {
  std::vector<std::int64_t> local(points.size());
  // Oldest first, so that one look-up serves all points up to the next change of the offset.
  Instant valid_until = Instant::min();
  std::chrono::seconds offset{0};
  for (std::size_t i = points.size(); i-- > 0;) {
    if (points[i].time >= valid_until) {
      offset = zone.offset_at(points[i].time);
      valid_until = zone.next_transition(points[i].time);
    }
    local[i] = unix_seconds(points[i].time) + offset.count();
  }
  return local;
}

std::vector<std::int64_t> stored_local_seconds(Points points) {
  std::vector<std::int64_t> local(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    local[i] = unix_seconds(points[i].time) + points[i].offset_seconds;
  }
  return local;
}

Instant minus_calendar(Instant t, const CalendarSpan& span, const Zone& zone) {
  const CivilTime from = to_civil(t, zone);
  const CivilDate month = add_months_overflowing(from.date, -12 * span.years - span.months);
  const std::int64_t day = std::int64_t{days_from_civil(month)} - span.days;
  if (day < kFirstDay) return Instant::min();
  const CivilTime to{civil_from_days(static_cast<int>(day)), from.hour, from.minute, from.second};
  const Instant instant = to_instants(to, zone).first;
  const Duration fraction = t - std::chrono::floor<std::chrono::seconds>(t);
  const auto whole = checked_sub(instant.time_since_epoch().count(), span.hours * kHour.count());
  return whole ? plus(Instant(Duration(*whole)), fraction) : Instant::min();
}

}  // namespace backcast::policy
