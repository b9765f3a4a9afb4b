// Weekdays and a two-hour start window, always in UTC: Zilliz Cloud's automatic backup times.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/instant.h"

namespace backcast::policy {

inline constexpr int kWindowMinutes = 120;

struct WindowSchedule {
  std::uint8_t weekdays = 0xFE;  // bits 1 = Monday .. 7 = Sunday
  std::int16_t open_minute = 0;  // of the UTC day, 0..1439
  // The vendor starts the job somewhere inside the window and does not say where; whoever
  // simulates draws it. 0..7199 after opening.
  std::int32_t slot_seconds = 0;
  bool operator==(const WindowSchedule&) const = default;
};

// The first start strictly after `after`. A window that crosses midnight belongs to the day on
// which it opens. At the end of time: the last instant.
Instant next(const WindowSchedule& window, Instant after);

// "1,2,3,5" (1 = Monday), or "daily", "weekdays", "weekends". Errors name vendor code 96032.
Result<std::uint8_t> parse_window_weekdays(std::string_view text);
// "02:00-04:00", exactly two hours, as the minute it opens. Errors name vendor code 96033.
Result<std::int16_t> parse_window_hours(std::string_view text);
// "1,2,3,5 02:00-04:00" and, if the start is known, "+45m".
Result<WindowSchedule> parse_window_schedule(std::string_view text);

std::string print_window_weekdays(std::uint8_t weekdays);
std::string print_window_hours(std::int16_t open_minute);
std::string print(const WindowSchedule& window);

}  // namespace backcast::policy
