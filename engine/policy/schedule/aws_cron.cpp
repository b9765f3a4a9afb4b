// The cron expressions of AWS (EventBridge Scheduler, AWS Backup): Quartz without seconds. Source:
// EventBridge Scheduler user guide, "Schedule types".
#include <fmt/format.h>

#include "engine/policy/schedule/calendar_schedule.h"
#include "engine/policy/schedule/cron_fields.h"
#include "engine/policy/schedule/day_tokens.h"

namespace backcast::policy {
namespace {

constexpr FieldRange kMinute{"minute", 0, 59};
constexpr FieldRange kHour{"hour", 0, 23};
constexpr FieldRange kDay{"day of month", 1, 31};
constexpr FieldRange kMonth{"month", 1, 12, kMonthNames, 1};
constexpr FieldRange kWeekday{"day of week", 1, 7, kDayNames, 1};
constexpr FieldSyntax kSyntax{.step_from_number = true};
constexpr int kLastYear = 2199;

std::string print_mask(std::uint64_t mask, const FieldRange& range) {
  return mask == full_mask(range) ? "*" : print_runs(mask);
}

}  // namespace

Result<CalendarSchedule> parse_aws_cron(std::string_view text) {
  constexpr std::string_view kHead = "cron(";
  if (!text.starts_with(kHead) || !text.ends_with(')')) {
    return bad_spec(text, 1, "not an AWS cron expression", "write cron(0 2 * * ? *)");
  }
  // Columns count from the whole text: only the brackets are cut away.
  std::vector<SpecPart> parts = split_blanks(text.substr(0, text.size() - 1).substr(kHead.size()));
  for (SpecPart& part : parts) part.column += static_cast<int>(kHead.size());
  if (parts.size() != 6) {
    return bad_spec(text, 1, fmt::format("six fields are needed, here are {}", parts.size()),
                    "write cron(minute hour day-of-month month day-of-week year)");
  }
  CalendarSchedule s;
  s.dialect = Dialect::kAws;
  s.day_star = parts[2].text == "?";
  s.weekday_star = parts[4].text == "?";
  if (s.day_star == s.weekday_star) {
    return bad_spec(text, parts[s.day_star ? 4 : 2].column,
                    "one of day of month and day of week must be ?, and only one",
                    "put ? where the other field decides");
  }
  CivilPattern& p = s.pattern;
  BACKCAST_TRY(p.minutes, parse_list(text, parts[0], kMinute, kSyntax));
  BACKCAST_TRY(const std::uint64_t hours, parse_list(text, parts[1], kHour, kSyntax));
  BACKCAST_TRY(const std::uint64_t months, parse_list(text, parts[3], kMonth, kSyntax));
  p.hours = static_cast<std::uint32_t>(hours);
  p.months = static_cast<std::uint16_t>(months);
  if (s.day_star) {
    p.days = static_cast<std::uint32_t>(full_mask(kDay));
    BACKCAST_CHECK(parse_weekday_tokens(text, parts[4], kWeekday, kSyntax, p));
  } else {
    p.weekdays = 0x7F;
    BACKCAST_CHECK(parse_day_tokens(text, parts[2], kDay, kSyntax, p));
  }
  BACKCAST_CHECK(parse_years(text, parts[5], kLastYear, kSyntax, p));
  return s;
}

std::string print_aws_cron(const CalendarSchedule& s) {
  const CivilPattern& p = s.pattern;
  const std::string days = s.day_star ? "?" : print_day_tokens(p);
  const std::string weekdays = s.weekday_star ? "?" : print_weekday_tokens(p, 1);
  return fmt::format("cron({} {} {} {} {} {})", print_mask(p.minutes, kMinute),
                     print_mask(p.hours, kHour), days, print_mask(p.months, kMonth), weekdays,
                     print_years(p));
}

}  // namespace backcast::policy
