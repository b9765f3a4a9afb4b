// The two cron libraries of the Go world: robfig/cron v3 and hashicorp/cronexpr. Both call a day
// field unrestricted only if it is a plain *, so "*/2" with a weekday means either.
#include <fmt/format.h>

#include "engine/policy/schedule/calendar_schedule.h"
#include "engine/policy/schedule/cron_fields.h"
#include "engine/policy/schedule/day_tokens.h"

namespace backcast::policy {
namespace {

constexpr FieldRange kSecond{"second", 0, 59};
constexpr FieldRange kMinute{"minute", 0, 59};
constexpr FieldRange kHour{"hour", 0, 23};
constexpr FieldRange kDay{"day of month", 1, 31};
constexpr FieldRange kMonth{"month", 1, 12, kMonthNames, 1};
constexpr FieldRange kRobfigWeekday{"day of week", 0, 6, kDayNames, 0};
constexpr FieldRange kCronexprWeekday{"day of week", 0, 7, kDayNames, 0};
constexpr FieldSyntax kRobfig{.question_mark = true, .step_from_number = true};
constexpr FieldSyntax kCronexpr{
    .question_mark = true, .step_from_number = true, .long_names = true, .ends_in_sunday = true};

bool is_plain_star(std::string_view text) {
  return text == "*" || text == "?" || text == "*/1" || text == "?/1" ||
         text.find("*,") != std::string_view::npos || text.ends_with(",*");
}

// Minute to month are alike in both; `parts` begins at the minute.
Result<CalendarSchedule> parse_common(std::string_view text, const SpecPart* parts,
                                      const FieldSyntax& syntax) {
  CalendarSchedule s;
  BACKCAST_TRY(s.pattern.minutes, parse_list(text, parts[0], kMinute, syntax));
  BACKCAST_TRY(const std::uint64_t hours, parse_list(text, parts[1], kHour, syntax));
  BACKCAST_TRY(const std::uint64_t months, parse_list(text, parts[3], kMonth, syntax));
  s.pattern.hours = static_cast<std::uint32_t>(hours);
  s.pattern.months = static_cast<std::uint16_t>(months);
  s.day_star = is_plain_star(parts[2].text);
  s.weekday_star = is_plain_star(parts[4].text);
  s.pattern.either_day = !s.day_star && !s.weekday_star;
  return s;
}

std::string print_mask(std::uint64_t mask, const FieldRange& range) {
  return mask == full_mask(range) ? "*" : print_runs(mask);
}

}  // namespace

Result<CalendarSchedule> parse_robfig(std::string_view text) {
  const std::string_view fields = expand_macro(text);
  const std::vector<SpecPart> parts = split_blanks(fields);
  if (parts.size() != 5 && parts.size() != 6) {
    return bad_spec(text, 1,
                    fmt::format("five or six fields are needed, here are {}", parts.size()),
                    "write (second,) minute, hour, day of month, month and day of week");
  }
  const std::size_t first = parts.size() - 5;
  BACKCAST_TRY(CalendarSchedule s, parse_common(fields, &parts[first], kRobfig));
  s.dialect = Dialect::kRobfig;
  if (first == 1) {
    BACKCAST_TRY(s.pattern.seconds, parse_list(fields, parts[0], kSecond, kRobfig));
  }
  BACKCAST_TRY(const std::uint64_t days, parse_list(fields, parts[first + 2], kDay, kRobfig));
  BACKCAST_TRY(const std::uint64_t weekdays,
               parse_list(fields, parts[first + 4], kRobfigWeekday, kRobfig));
  s.pattern.days = static_cast<std::uint32_t>(days);
  s.pattern.weekdays = static_cast<std::uint8_t>(weekdays);
  return s;
}

Result<CalendarSchedule> parse_cronexpr(std::string_view text) {
  const std::string_view fields = expand_macro(text);
  const std::vector<SpecPart> parts = split_blanks(fields);
  if (parts.size() < 5 || parts.size() > 7) {
    return bad_spec(text, 1,
                    fmt::format("five to seven fields are needed, here are {}", parts.size()),
                    "write minute, hour, day of month, month and day of week; a sixth is the year, "
                    "a seventh stands in front and is the second");
  }
  const std::size_t first = parts.size() == 7 ? 1 : 0;
  BACKCAST_TRY(CalendarSchedule s, parse_common(fields, &parts[first], kCronexpr));
  s.dialect = Dialect::kCronexpr;
  if (first == 1) {
    BACKCAST_TRY(s.pattern.seconds, parse_list(fields, parts[0], kSecond, kCronexpr));
  }
  BACKCAST_CHECK(parse_day_tokens(fields, parts[first + 2], kDay, kCronexpr, s.pattern));
  BACKCAST_CHECK(
      parse_weekday_tokens(fields, parts[first + 4], kCronexprWeekday, kCronexpr, s.pattern));
  if (parts.size() >= 6) {
    BACKCAST_CHECK(parse_years(fields, parts.back(), 2099, kCronexpr, s.pattern));
  }
  return s;
}

std::string print_go_cron(const CalendarSchedule& s) {
  const CivilPattern& p = s.pattern;
  const bool seconds = s.dialect == Dialect::kRobfig ? true : p.seconds != 1;
  std::string text = seconds ? print_mask(p.seconds, kSecond) + ' ' : "";
  text += print_mask(p.minutes, kMinute) + ' ' + print_mask(p.hours, kHour) + ' ';
  text += (s.day_star ? "*" : print_day_tokens(p)) + ' ' + print_mask(p.months, kMonth) + ' ';
  text += s.weekday_star ? "*" : print_weekday_tokens(p, 0);
  if (s.dialect == Dialect::kCronexpr && (seconds || !p.every_year)) text += ' ' + print_years(p);
  return text;
}

}  // namespace backcast::policy
