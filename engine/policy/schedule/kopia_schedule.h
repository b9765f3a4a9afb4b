// kopia's scheduling policy: an interval, times of day and cron lines together, the earliest wins.
// Source: kopia snapshot/policy/scheduling_policy.go (0.18).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/policy/schedule/calendar_schedule.h"

namespace backcast::policy {

struct KopiaSchedule {
  std::int64_t interval_seconds = 0;  // 0: none; answers fall on whole intervals since year 1
  std::vector<int> minutes_of_day;    // local, 0..1439, ascending
  std::vector<CalendarSchedule> crons;
  bool manual = false;      // never runs by itself, whatever else is set
  bool run_missed = false;  // a missed time of day or cron time runs now, unless the next is near
  bool operator==(const KopiaSchedule&) const = default;
};

// When kopia takes the next snapshot, seen at `now` after a snapshot at `previous` (nullopt: none
// yet). It may be `now` itself, for a snapshot that is due. nullopt: no next time.
std::optional<Instant> kopia_next(const KopiaSchedule& schedule, std::optional<Instant> previous,
                                  Instant now, const Zone& zone);

// "every 1h at 09:00,18:00 run-missed cron 0 23 * * *; 30 4 * * sun", in any combination (the cron
// lines last), or "manual".
Result<KopiaSchedule> parse_kopia_schedule(std::string_view text);
std::string print(const KopiaSchedule& schedule);

}  // namespace backcast::policy
