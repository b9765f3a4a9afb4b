#include "engine/policy/zerops_schedule.h"

#include <fmt/format.h>

#include "engine/base/assert.h"

namespace backcast::policy {

Schedule zerops_schedule(ZeropsPeriod period, int minute) {
  BACKCAST_ASSERT(minute >= 0 && minute < 60);
  if (period == ZeropsPeriod::kNone) return NoSchedule{};
  const std::string_view days = period == ZeropsPeriod::kDaily    ? "* * *"
                                : period == ZeropsPeriod::kWeekly ? "* * 1"
                                                                  : "1 * *";
  auto schedule = parse_cronie(fmt::format("{} 0 {}", minute, days));
  schedule->zone = Zone::utc();
  return std::move(schedule).value();
}

Result<Schedule> parse_zerops_schedule(std::string_view text) {
  if (text.empty() || text == "none") return zerops_schedule(ZeropsPeriod::kNone, 0);
  if (text == "daily") return zerops_schedule(ZeropsPeriod::kDaily, kZeropsDefaultMinute);
  if (text == "weekly") return zerops_schedule(ZeropsPeriod::kWeekly, kZeropsDefaultMinute);
  if (text == "monthly") return zerops_schedule(ZeropsPeriod::kMonthly, kZeropsDefaultMinute);
  auto schedule = parse_cronie(text);
  if (!schedule.ok()) {
    Error error = std::move(schedule).error();
    error.message += " (Zerops userDataBackupPeriodInvalid)";
    return error;
  }
  schedule->zone = Zone::utc();
  return Schedule(std::move(schedule).value());
}

}  // namespace backcast::policy
