#include "engine/policy/time/calendar.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/date_time/gregorian/gregorian_types.hpp>
#include <cstdlib>
#include <limits>
#include <optional>

#include "engine/base/text.h"
#include "engine/policy/time/zone_table.h"

namespace backcast::policy {
namespace {

using Gregorian = boost::gregorian::gregorian_calendar;

constexpr int kFirstYear = 1400;  // what Boost.Date_Time's calendar covers
constexpr int kLastYear = 9999;
constexpr std::int64_t kSecondsPerDay = 86'400;

Gregorian::ymd_type to_boost(const CivilDate& date) {
  return {static_cast<unsigned short>(date.year), static_cast<unsigned short>(date.month),
          static_cast<unsigned short>(date.day)};
}

// Boost counts days from an epoch of its own.
int epoch_day() {
  static const int day = static_cast<int>(Gregorian::day_number({1970, 1, 1}));
  return day;
}

// Year and month `months` after those of the date, with day 1; clamped to the calendar's range.
CivilDate month_start_after(const CivilDate& date, int months) {
  const std::int64_t count = std::int64_t{date.year} * 12 + (date.month - 1) + months;
  if (count < kFirstYear * 12) return {kFirstYear, 1, 0};
  if (count > kLastYear * 12 + 11) return {kLastYear, 12, 0};
  return {static_cast<int>(count / 12), static_cast<int>(count % 12) + 1, 1};
}

// "+02:00", "-0530", "+02" as seconds; nullopt if it is not an offset of up to 24 hours.
std::optional<std::chrono::seconds> parse_offset(std::string_view text) {
  if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
  const auto stamped =
      parse_instant(fmt::format("2000-01-01T00:00:00{}{}", text, text.size() == 3 ? "00" : ""));
  if (!stamped.ok()) return std::nullopt;
  return stamped->offset;
}

}  // namespace

int days_from_civil(const CivilDate& date) {
  return static_cast<int>(Gregorian::day_number(to_boost(date))) - epoch_day();
}

CivilDate civil_from_days(int days) {
  const auto ymd = Gregorian::from_day_number(static_cast<std::uint32_t>(days + epoch_day()));
  return {ymd.year, ymd.month.as_number(), ymd.day};
}

int days_in_month(int year, int month) {
  return Gregorian::end_of_month_day(static_cast<unsigned short>(year),
                                     static_cast<unsigned short>(month));
}

int weekday_monday1(const CivilDate& date) {
  const int sunday0 = Gregorian::day_of_week(to_boost(date));
  return sunday0 == 0 ? 7 : sunday0;
}

IsoWeek iso_week(const CivilDate& date) {
  const int thursday = days_from_civil(date) + 4 - weekday_monday1(date);
  const int year = civil_from_days(thursday).year;
  return {year, (thursday - days_from_civil({year, 1, 1})) / 7 + 1};
}

CivilDate add_months_clamped(const CivilDate& date, int months) {
  CivilDate result = month_start_after(date, months);
  if (result.day == 0) return {result.year, result.month, result.month == 1 ? 1 : 31};
  result.day = std::min(date.day, days_in_month(result.year, result.month));
  return result;
}

CivilDate add_months_overflowing(const CivilDate& date, int months) {
  const CivilDate start = month_start_after(date, months);
  if (start.day == 0) return {start.year, start.month, start.month == 1 ? 1 : 31};
  return civil_from_days(days_from_civil(start) + date.day - 1);
}

Zone Zone::utc() {
  return Zone();
}

Zone Zone::fixed(std::chrono::seconds offset) {
  Zone zone;
  zone.offset_ = offset;
  return zone;
}

Result<Zone> Zone::find(std::string_view name) {
  const std::string_view text = trim(name);
  if (text == "UTC" || text == "Z") return utc();
  if (const auto offset = parse_offset(text.starts_with("UTC") ? text.substr(3) : text)) {
    return fixed(*offset);
  }
  Zone zone;
  zone.table_ = find_zone_table(std::string(text));
  if (zone.table_ != nullptr) return zone;
  const std::vector<std::string> known = known_zone_names();
  const std::vector<std::string_view> names(known.begin(), known.end());
  const std::string_view nearest = nearest_name(text, names);
  return bad_input(fmt::format("unknown time zone {}", printable(text)),
                   nearest.empty() ? "give a name such as \"Europe/Berlin\" or \"UTC\""
                                   : fmt::format("did you mean \"{}\"?", nearest));
}

std::chrono::seconds Zone::offset_at(Instant t) const {
  if (table_ == nullptr) return offset_;
  return std::chrono::seconds(table_->at(unix_seconds(t)).offset);
}

Instant Zone::next_transition(Instant t) const {
  if (table_ == nullptr) return Instant::max();
  return instant_at_second(table_->at(unix_seconds(t)).end);
}

Zone::Span Zone::span_at(std::int64_t unix_second) const {
  if (table_ != nullptr) {
    const ZoneTable::Interval part = table_->at(unix_second);
    return {part.begin, part.end, part.offset};
  }
  return {std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(),
          offset_.count()};
}

std::string Zone::name() const {
  if (table_ != nullptr) return table_->name();
  const std::int64_t seconds = offset_.count();
  if (seconds == 0) return "UTC";
  const std::int64_t minutes = std::abs(seconds) / 60;
  return fmt::format("UTC{}{:02}:{:02}", seconds < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

CivilTime to_civil(Instant t, const Zone& zone) {
  return civil_from_local_seconds(unix_seconds(t) + zone.offset_at(t).count());
}

std::string format_local(Instant t, const Zone& zone) {
  const CivilTime c = to_civil(t, zone);
  const std::int64_t offset = zone.offset_at(t).count();
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.date.year, c.date.month,
                                 c.date.day, c.hour, c.minute, c.second);
  if (offset == 0) return text + 'Z';
  const std::int64_t minutes = std::abs(offset) / 60;
  return text + fmt::format("{}{:02}:{:02}", offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

Instant instant_at_second(std::int64_t unix_second) {
  if (unix_second > unix_seconds(Instant::max())) return Instant::max();
  if (unix_second <= unix_seconds(Instant::min())) return Instant::min();
  return from_unix_seconds(unix_second);
}

std::int64_t local_seconds(const CivilTime& local) {
  return days_from_civil(local.date) * kSecondsPerDay + local.hour * 3600 + local.minute * 60 +
         local.second;
}

CivilTime civil_from_local_seconds(std::int64_t local_second) {
  std::int64_t day = local_second / kSecondsPerDay;
  int second = static_cast<int>(local_second % kSecondsPerDay);
  if (second < 0) {
    second += kSecondsPerDay;
    --day;
  }
  return {civil_from_days(static_cast<int>(day)), second / 3600, second / 60 % 60, second % 60};
}

LocalInstants to_instants(const CivilTime& local, const Zone& zone) {
  const std::int64_t wall = local_seconds(local);
  // No offset reaches 26 hours, so only intervals near `wall` can show it.
  constexpr std::int64_t kReach = 26 * 3600;
  LocalInstants result{0, {}, {}};
  for (auto part = zone.span_at(wall - kReach);; part = zone.span_at(part.end_second)) {
    const std::int64_t t = wall - part.offset_seconds;
    if (t >= part.begin_second && t < part.end_second) {
      (result.count == 0 ? result.first : result.second) = instant_at_second(t);
      if (++result.count == 2) return result;
    } else if (t < part.begin_second && result.count == 0) {
      // The interval before ended too early and this one began too late: a gap opened here.
      return {0, instant_at_second(part.begin_second), {}};
    }
    if (part.end_second > wall + kReach) return result;
  }
}

}  // namespace backcast::policy
