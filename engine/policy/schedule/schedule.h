// When backups run. One value for every tool's way of saying it; a service with several schedules
// has a vector of them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "engine/base/error.h"
#include "engine/policy/schedule/calendar_schedule.h"
#include "engine/policy/schedule/elapsed.h"
#include "engine/policy/schedule/kopia_schedule.h"
#include "engine/policy/schedule/window_schedule.h"

namespace backcast::policy {

// "none": automatic backups are off.
struct NoSchedule {
  bool operator==(const NoSchedule&) const = default;
};

using Schedule =
    std::variant<NoSchedule, CalendarSchedule, EverySchedule, WindowSchedule, KopiaSchedule>;

// Reads a schedule. What stands before the colon names the tool; what is unambiguous needs none:
//
//   30 2 * * mon-fri               five fields, or @daily: cron as cronie has it
//   cron: CRON_TZ=Europe/Berlin 30 2 * * *
//   daily 02:30 | weekly mon,thu 02:30 | monthly 15 02:30 | hourly | none
//   @every 1h30m                   elapsed time
//   zilliz: 1,2,3,5 02:00-04:00    weekdays (1 = Monday) and a two-hour UTC window
//   qdrant: 0 */6 * * *            UTC; the vendor's pattern, then a real parse
//   zerops: daily                  none, daily, weekly, monthly or cron; UTC
//   robfig: 0 30 2 * * *           six fields, seconds first
//   cronexpr: 0 2 * * 5L           hashicorp/cronexpr
//   oncalendar: Mon..Fri 02:30     systemd
//   aws: cron(0 2 ? * MON *) | aws: rate(12 hours)
//   kopia: every 1h at 09:00,18:00
//
// Errors: kBadInput with the column and what would be right. A schedule that reads well but never
// runs is not an error here: see diagnose.h.
Result<Schedule> parse_schedule(std::string_view text);

// Text that parse_schedule reads back as the same value.
std::string print(const Schedule& schedule);

// The first run strictly after `after`, or nullopt if there is none. For schedules by elapsed time
// `after` is the run before. `zone` is the zone of whoever runs the schedule; UTC-only vendors and
// schedules that name a zone ignore it. Pure, and it always returns.
std::optional<Instant> next(const Schedule& schedule, Instant after, const Zone& zone);

// One run of one of several schedules.
struct Upcoming {
  Instant when{};
  std::size_t schedule = 0;  // which of them
};
// The runs after `after` and up to `until`, in order of time and at most `count`; at one instant in
// the order of the schedules. `zone`: as above.
std::vector<Upcoming> upcoming(std::span<const Schedule> schedules, Instant after, Instant until,
                               std::size_t count, const Zone& zone);

// How many seconds after the time it names a run may start: some vendors open a window and do not
// say where inside it they start. Whoever simulates draws it. 0 = at the time it names.
int start_window_seconds(const Schedule& schedule);

// Whether the tool makes up for a start that was missed, with one run as soon as it can. Kopia does
// where its schedule says run-missed; the services skip (Zilliz, Zerops and Qdrant log the miss and
// wait for the next time), and so does cron.
bool catches_up(const Schedule& schedule);

}  // namespace backcast::policy
