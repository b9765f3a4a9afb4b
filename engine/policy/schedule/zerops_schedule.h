// Zerops's backup period: a preset or a cron line, always UTC.
#pragma once

#include <string_view>

#include "engine/base/error.h"
#include "engine/policy/schedule/schedule.h"

namespace backcast::policy {

enum class ZeropsPeriod : std::uint8_t { kNone, kDaily, kWeekly, kMonthly };

// Each service has a fixed minute of the hour after midnight UTC in which its automatic backup
// starts; the vendor picks it, a simulation draws it.
inline constexpr int kZeropsDefaultMinute = 5;  // the vendor's own simulator

// The cron line a preset stands for: every day, Mondays, or the first of the month at 00:minute.
// minute: 0..59.
Schedule zerops_schedule(ZeropsPeriod period, int minute);

// "none" or nothing, "daily", "weekly", "monthly"; these at a chosen time and day, "daily 03:15",
// "weekly tue 03:15", "monthly 15 03:15"; or five cron fields. Errors name the vendor's code
// userDataBackupPeriodInvalid.
Result<Schedule> parse_zerops_schedule(std::string_view text);

}  // namespace backcast::policy
