// A schedule that is a pattern of wall-clock times: every cron dialect, and systemd's OnCalendar.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/policy/time/civil_pattern.h"

namespace backcast::policy {

// The dialect decides how the text reads and what happens when clocks change:
//
//   dialect        skipped in spring                     shown twice in autumn
//   cronie         runs once at the change (1)           runs once (1)
//   robfig         not that day                          runs twice
//   cronexpr       not that day                          runs twice
//   oncalendar     not that day                          runs once, the first time
//   aws            not that day                          runs once, the first time
//
// (1) A line whose minute or hour begins with * follows the clock on the wall instead: nothing for
//     skipped times, every showing of repeated ones.
enum class Dialect : std::uint8_t { kCronie, kRobfig, kCronexpr, kOnCalendar, kAws };

struct CalendarSchedule {
  CivilPattern pattern;
  Dialect dialect = Dialect::kCronie;
  bool minute_star = false;  // the field's text begins with *; cronie's two clock and day rules
  bool hour_star = false;    // depend on it
  bool day_star = false;
  bool weekday_star = false;
  std::optional<Zone> zone;  // named in the text itself; wins over the caller's
  bool operator==(const CalendarSchedule&) const = default;
};

// The first run strictly after `after`; nullopt if there is none: never, or not within what the
// tool looks ahead (41 years; robfig 5).
std::optional<Instant> next(const CalendarSchedule& schedule, Instant after, const Zone& zone);

// cronie: five fields, or @yearly @annually @monthly @weekly @daily @midnight @hourly.
Result<CalendarSchedule> parse_cronie(std::string_view text);
// github.com/robfig/cron v3: six fields, seconds first, or five; the same macros.
Result<CalendarSchedule> parse_robfig(std::string_view text);
// github.com/hashicorp/cronexpr (kopia, Qdrant): five fields; six with a year behind; seven with
// seconds in front as well; L, W and # in the day fields; the same macros.
Result<CalendarSchedule> parse_cronexpr(std::string_view text);
// AWS: "cron(0 2 ? * MON-FRI *)", minute to year; one day field must be ?.
Result<CalendarSchedule> parse_aws_cron(std::string_view text);
// systemd.time(7) calendar event, to the second: "Mon..Fri *-*-* 02:30:00 Europe/Berlin".
Result<CalendarSchedule> parse_on_calendar(std::string_view text);

// Text of the schedule's dialect that reads back as the same value.
std::string print(const CalendarSchedule& schedule);

}  // namespace backcast::policy
