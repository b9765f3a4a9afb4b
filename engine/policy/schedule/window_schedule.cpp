#include "engine/policy/schedule/window_schedule.h"

#include <fmt/format.h>

#include "engine/base/assert.h"
#include "engine/base/text.h"
#include "engine/policy/schedule/elapsed.h"
#include "engine/policy/time/calendar.h"

namespace backcast::policy {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr int kDayMinutes = 1440;

// "HH:MM" as a minute of the day, or -1.
int minute_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return -1;
  for (const std::size_t i : {0, 1, 3, 4}) {
    if (text[i] < '0' || text[i] > '9') return -1;
  }
  const int hour = (text[0] - '0') * 10 + text[1] - '0';
  const int minute = (text[3] - '0') * 10 + text[4] - '0';
  return hour > 23 || minute > 59 ? -1 : hour * 60 + minute;
}

}  // namespace

Instant next(const WindowSchedule& window, Instant after) {
  BACKCAST_ASSERT((window.weekdays & 0xFE) != 0);
  const std::int64_t start = window.open_minute * 60 + window.slot_seconds;
  // The day whose window would have started last.
  std::int64_t day = (unix_seconds(after) - start) / kDaySeconds - 1;
  for (;; ++day) {
    const Instant t = instant_at_second(day * kDaySeconds + start);
    if (t == Instant::max()) return t;
    if (t > after &&
        (window.weekdays >> weekday_monday1(civil_from_days(static_cast<int>(day))) & 1) != 0) {
      return t;
    }
  }
}

Result<std::uint8_t> parse_window_weekdays(std::string_view text) {
  if (text == "daily") return std::uint8_t{0xFE};
  if (text == "weekdays") return std::uint8_t{0x3E};
  if (text == "weekends") return std::uint8_t{0xC0};
  std::uint8_t days = 0;
  for (const SpecPart& item : split_commas({trim(text), 1})) {
    const std::string_view day = trim(item.text);
    if (day.size() != 1 || day[0] < '1' || day[0] > '7') {
      return bad_spec(text, item.column,
                      fmt::format("weekday {} is outside 1..7 (Zilliz 96032)", printable(day)),
                      "write a list such as 1,2,3,5 where 1 is Monday and 7 is Sunday");
    }
    days |= static_cast<std::uint8_t>(1u << (day[0] - '0'));
  }
  return days;
}

Result<std::int16_t> parse_window_hours(std::string_view text) {
  const std::size_t dash = text.find('-');
  const int open = minute_of_day(text.substr(0, dash));
  const int close = dash == std::string_view::npos ? -1 : minute_of_day(text.substr(dash + 1));
  const std::string_view hint = "write a window of two hours in UTC such as 02:00-04:00";
  if (open < 0 || close < 0) {
    return bad_spec(text, 1, "not a start window (Zilliz 96033)", std::string(hint));
  }
  const int minutes = (close - open + kDayMinutes) % kDayMinutes;
  if (minutes != kWindowMinutes) {
    return bad_spec(text, 1,
                    fmt::format("a start window of {} h {:02} min instead of 2 h (Zilliz 96033)",
                                minutes / 60, minutes % 60),
                    std::string(hint));
  }
  return static_cast<std::int16_t>(open);
}

Result<WindowSchedule> parse_window_schedule(std::string_view text) {
  const std::vector<SpecPart> parts = split_blanks(text);
  if (parts.size() != 2 && parts.size() != 3) {
    return bad_spec(text, 1, "weekdays and a window are needed",
                    "write, for example, zilliz: 1,2,3,5 02:00-04:00");
  }
  WindowSchedule window;
  BACKCAST_TRY(window.weekdays, parse_window_weekdays(parts[0].text));
  BACKCAST_TRY(window.open_minute, parse_window_hours(parts[1].text));
  if (parts.size() == 3) {
    SpecPart slot = parts[2];
    if (!slot.text.starts_with('+')) {
      return bad_spec(text, slot.column, "text after the window",
                      "give the start inside the window as +45m");
    }
    slot.text.remove_prefix(1);
    std::int64_t seconds = 0;
    if (slot.text != "0s") {
      BACKCAST_TRY(seconds, parse_elapsed_seconds(text, slot));
    }
    if (seconds >= kWindowMinutes * 60) {
      return bad_spec(text, slot.column, "a start outside the two-hour window");
    }
    window.slot_seconds = static_cast<std::int32_t>(seconds);
  }
  return window;
}

std::string print_window_weekdays(std::uint8_t weekdays) {
  std::string text;
  for (int day = 1; day <= 7; ++day) {
    if ((weekdays >> day & 1) != 0) text += fmt::format("{}{}", text.empty() ? "" : ",", day);
  }
  return text;
}

std::string print_window_hours(std::int16_t open_minute) {
  const int close = (open_minute + kWindowMinutes) % kDayMinutes;
  return fmt::format("{:02}:{:02}-{:02}:{:02}", open_minute / 60, open_minute % 60, close / 60,
                     close % 60);
}

std::string print(const WindowSchedule& window) {
  std::string text =
      print_window_weekdays(window.weekdays) + ' ' + print_window_hours(window.open_minute);
  if (window.slot_seconds != 0) text += " +" + print_elapsed_seconds(window.slot_seconds);
  return text;
}

}  // namespace backcast::policy
