// Schedules by elapsed time: "@every 1h30m" of Go's cron libraries, AWS's "rate(5 minutes)".
#pragma once

#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/policy/schedule/cron_fields.h"

namespace backcast::policy {

// Runs that many seconds after the run before; clocks and zones do not matter.
struct EverySchedule {
  std::int64_t period_seconds = 0;  // at least 1
  bool operator==(const EverySchedule&) const = default;
};

// The second in which the period after `after` ends, as robfig/cron rounds it; the last instant at
// the end of time.
Instant next(const EverySchedule& schedule, Instant after);

// A duration as Go writes it, "1h30m", with units ns, us, ms, s, m and h, or d and w; fractions of
// a second are cut off, and less than a second is one (robfig/cron). At most 100 years.
Result<std::int64_t> parse_elapsed_seconds(std::string_view spec, SpecPart part);
std::string print_elapsed_seconds(std::int64_t seconds);

// "rate(5 minutes)": minutes, hours or days.
Result<EverySchedule> parse_aws_rate(std::string_view text);

}  // namespace backcast::policy
