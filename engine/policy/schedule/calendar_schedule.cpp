#include "engine/policy/schedule/calendar_schedule.h"

namespace backcast::policy {

std::string print_cronie(const CalendarSchedule& schedule);
std::string print_go_cron(const CalendarSchedule& schedule);
std::string print_aws_cron(const CalendarSchedule& schedule);
std::string print_on_calendar(const CalendarSchedule& schedule);

namespace {

// cronie's main loop takes a change of up to three hours for daylight saving.
constexpr std::int64_t kCronieLongestChangeSeconds = 3 * 3600;
constexpr int kRobfigHorizonYears = 5;  // its search gives up after that
constexpr int kAllYears = 300;
constexpr int kLastYear = 2199;  // of systemd and AWS

ClockRule clock_rule(const CalendarSchedule& s) {
  ClockRule rule;
  if (!s.pattern.every_year) rule.horizon_years = kAllYears;
  switch (s.dialect) {
    case Dialect::kCronie:
      rule.longest_change_seconds = kCronieLongestChangeSeconds;
      rule.run_skipped = rule.once_if_repeated = !s.minute_star && !s.hour_star;
      break;
    case Dialect::kRobfig:
      rule.horizon_years = kRobfigHorizonYears;
      break;
    case Dialect::kCronexpr:
      break;
    case Dialect::kOnCalendar:
    case Dialect::kAws:
      rule.once_if_repeated = true;
      rule.last_year = kLastYear;
      break;
  }
  return rule;
}

}  // namespace

std::optional<Instant> next(const CalendarSchedule& schedule, Instant after, const Zone& zone) {
  return next_instant(schedule.pattern, after, schedule.zone ? *schedule.zone : zone,
                      clock_rule(schedule));
}

std::string print(const CalendarSchedule& schedule) {
  switch (schedule.dialect) {
    case Dialect::kCronie:
      return print_cronie(schedule);
    case Dialect::kRobfig:
    case Dialect::kCronexpr:
      return print_go_cron(schedule);
    case Dialect::kOnCalendar:
      return print_on_calendar(schedule);
    case Dialect::kAws:
      return print_aws_cron(schedule);
  }
  return {};
}

}  // namespace backcast::policy
