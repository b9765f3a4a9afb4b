// ISC/Vixie cron as cronie 1.7 implements it.
#include <bit>

#include "engine/policy/schedule/calendar_schedule.h"
#include "engine/policy/schedule/cron_fields.h"

namespace backcast::policy {
namespace {

constexpr FieldRange kFields[] = {{"minute", 0, 59},
                                  {"hour", 0, 23},
                                  {"day of month", 1, 31},
                                  {"month", 1, 12, kMonthNames, 1},
                                  {"day of week", 0, 7, kDayNames, 0}};
constexpr FieldSyntax kSyntax{.backward_is_empty = true};

// A field whose text begins with * must print with one: the rules of days and clocks hang on it.
std::string print_field(std::uint64_t mask, const FieldRange& range, bool star) {
  const std::uint64_t all = full_mask(range);
  if (star) {
    for (int step = 1;; ++step) {
      std::uint64_t stepped = 0;
      for (int v = range.low; v <= range.high; v += step) stepped |= std::uint64_t{1} << v;
      if ((stepped & ~mask) != 0) continue;
      const std::string rest = print_runs(mask & ~stepped);
      const std::string head = step == 1 ? "*" : "*/" + std::to_string(step);
      return rest.empty() ? head : head + ',' + rest;
    }
  }
  if (mask == all) return std::to_string(range.low) + '-' + std::to_string(range.high);
  return mask == 0 ? "9-8" : print_runs(mask);
}

}  // namespace

Result<CalendarSchedule> parse_cronie(std::string_view text) {
  const std::string_view fields = expand_macro(text);
  const std::vector<SpecPart> parts = split_blanks(fields);
  if (fields == "@reboot")
    return bad_spec(text, 1, "names no time, it runs when the machine starts");
  if (fields.starts_with('@')) {
    return bad_spec(text, 1, "unknown macro",
                    "cron knows @yearly, @annually, @monthly, @weekly, @daily, @midnight, @hourly");
  }
  if (parts.size() != std::size(kFields)) {
    return bad_spec(text, 1,
                    "a cron line has five fields, here are " + std::to_string(parts.size()),
                    "write minute, hour, day of month, month and day of week");
  }
  std::uint64_t masks[std::size(kFields)];
  for (std::size_t i = 0; i < std::size(kFields); ++i) {
    BACKCAST_TRY(masks[i], parse_list(fields, parts[i], kFields[i], kSyntax));
  }
  CalendarSchedule schedule;
  schedule.dialect = Dialect::kCronie;
  schedule.minute_star = parts[0].text.starts_with('*');
  schedule.hour_star = parts[1].text.starts_with('*');
  schedule.day_star = parts[2].text.starts_with('*');
  schedule.weekday_star = parts[4].text.starts_with('*');
  CivilPattern& p = schedule.pattern;
  p.minutes = masks[0];
  p.hours = static_cast<std::uint32_t>(masks[1]);
  p.days = static_cast<std::uint32_t>(masks[2]);
  p.months = static_cast<std::uint16_t>(masks[3]);
  p.weekdays = static_cast<std::uint8_t>((masks[4] | masks[4] >> 7) & 0x7F);
  p.either_day = !schedule.day_star && !schedule.weekday_star;
  return schedule;
}

std::string print_cronie(const CalendarSchedule& s) {
  const CivilPattern& p = s.pattern;
  // Sunday is 0 and 7; a starred field needs both to see its steps.
  const std::uint64_t weekdays =
      s.weekday_star ? p.weekdays | std::uint64_t{p.weekdays & 1u} << 7 : p.weekdays;
  std::string text = print_field(p.minutes, kFields[0], s.minute_star);
  text += ' ' + print_field(p.hours, kFields[1], s.hour_star);
  text += ' ' + print_field(p.days, kFields[2], s.day_star);
  text +=
      ' ' + (p.months == full_mask(kFields[3]) ? "*" : print_field(p.months, kFields[3], false));
  return text + ' ' + print_field(weekdays, kFields[4], s.weekday_star);
}

}  // namespace backcast::policy
