#include "engine/policy/schedule/zerops_schedule.h"

#include <fmt/format.h>

#include <optional>

#include "engine/base/assert.h"
#include "engine/base/text.h"

namespace backcast::policy {
namespace {

// The cron line of a preset at a chosen time: "daily 03:15", "weekly tue 03:15", "monthly 15
// 03:15"; nullopt for anything else. Whether hour, minute and day exist the cron line's reader
// says.
std::optional<std::string> cron_of_preset(std::string_view text) {
  const auto space = text.find(' ');
  const auto at = text.rfind(' ');
  if (space == text.npos) return std::nullopt;
  const std::string_view period = text.substr(0, space), time = text.substr(at + 1);
  const auto colon = time.find(':');
  if (colon == time.npos) return std::nullopt;
  const std::string_view day = at == space ? "" : trim(text.substr(space + 1, at - space - 1));
  const std::string clock = fmt::format("{} {}", time.substr(colon + 1), time.substr(0, colon));
  if (period == "daily" && day.empty()) return clock + " * * *";
  if (period == "weekly" && !day.empty()) return fmt::format("{} * * {}", clock, day);
  if (period == "monthly" && !day.empty()) return fmt::format("{} {} * *", clock, day);
  return std::nullopt;
}

}  // namespace

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
  auto schedule = parse_cronie(cron_of_preset(text).value_or(std::string(text)));
  if (!schedule.ok()) {
    Error error = std::move(schedule).error();
    error.message += " (Zerops userDataBackupPeriodInvalid)";
    return error;
  }
  schedule->zone = Zone::utc();
  return Schedule(std::move(schedule).value());
}

}  // namespace backcast::policy
