// Civil time at the edges: dates, ISO weeks, month arithmetic and named zones with their DST
// rules. Inside, time is always a UTC Instant.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/instant.h"

namespace backcast::policy {

struct CivilDate {
  int year = 1970;
  int month = 1;  // 1..12
  int day = 1;    // 1..31
  auto operator<=>(const CivilDate&) const = default;
};

struct CivilTime {
  CivilDate date;
  int hour = 0, minute = 0, second = 0;
  auto operator<=>(const CivilTime&) const = default;
};

// ISO 8601 week: weeks begin on Monday and belong to the year of their Thursday.
struct IsoWeek {
  int year = 1970;
  int week = 1;  // 1..53
  auto operator<=>(const IsoWeek&) const = default;
};

// Days since 1970-01-01 of a date that exists, and back. Years 1400..9999.
int days_from_civil(const CivilDate& date);
CivilDate civil_from_days(int days);
int days_in_month(int year, int month);
IsoWeek iso_week(const CivilDate& date);
int weekday_monday1(const CivilDate& date);  // 1 = Monday .. 7 = Sunday

// Results outside the years 1400..9999 become the first or last day of that range.
// 31 January + 1 month is the last of February.
CivilDate add_months_clamped(const CivilDate& date, int months);
// 31 January + 1 month is 3 March (2 March in a leap year): what Go's AddDate does.
CivilDate add_months_overflowing(const CivilDate& date, int months);

class ZoneTable;
struct LocalInstants;

// A time zone: an IANA name, or a fixed offset. Cheap to copy; lives as long as the program.
class Zone {
 public:
  static Zone utc();
  static Zone fixed(std::chrono::seconds offset);
  // An IANA name, "UTC", or a fixed offset such as "+02:00" or "UTC-05:30" (up to 24 h).
  // Errors: kBadInput for an unknown name, with the nearest known one.
  static Result<Zone> find(std::string_view name);

  // Offset from UTC in force at t.
  std::chrono::seconds offset_at(Instant t) const;
  // The first instant after t at which the offset changes, or Instant::max() if it never does.
  Instant next_transition(Instant t) const;
  // The stretch of unchanging offset that holds a Unix second; ends are INT64_MIN and INT64_MAX
  // where it has none.
  struct Span {
    std::int64_t begin_second;
    std::int64_t end_second;  // exclusive
    std::int64_t offset_seconds;
  };
  Span span_at(std::int64_t unix_second) const;
  std::string name() const;
  bool operator==(const Zone&) const = default;

 private:
  const ZoneTable* table_ = nullptr;  // null for a fixed offset
  std::chrono::seconds offset_{0};
};

CivilTime to_civil(Instant t, const Zone& zone);
// "2026-03-29T03:00:00+02:00", in whole seconds: wall-clock time with the offset in force.
std::string format_local(Instant t, const Zone& zone);
// The instant of a Unix second; the first or last one where an Instant cannot hold it.
Instant instant_at_second(std::int64_t unix_second);
// Without a zone: seconds of wall-clock time since 1970-01-01 00:00 on that clock.
CivilTime civil_from_local_seconds(std::int64_t local_second);
std::int64_t local_seconds(const CivilTime& local);

// Which instants show a given wall-clock time: one, none (spring gap) or two (autumn). Times that
// an Instant cannot hold become the first or last instant.
struct LocalInstants {
  int count = 1;
  Instant first{};   // in a gap: the instant at which the gap opens
  Instant second{};  // only if count == 2
};
LocalInstants to_instants(const CivilTime& local, const Zone& zone);

}  // namespace backcast::policy
