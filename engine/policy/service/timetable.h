// When one schedule of one service starts its next backup, by the clock of whoever keeps it, which
// may be wrong and may jump.
#pragma once

#include <functional>
#include <optional>

#include "engine/policy/schedule/schedule.h"

namespace backcast::policy {

// What has become of a schedule so far.
struct Timetable {
  Instant last = Instant::min();  // the last time the schedule named, by the scheduler's clock
  Instant due = Instant::max();   // of the next start, by true time; max: there is none
  bool missed = false;            // a start that was due could not be made
};

struct TimetableRules {
  const Schedule& rule;
  const Zone& zone;
  Instant from{}, until = Instant::max();  // the schedule holds from here up to there
};

// Inside a window the vendor starts somewhere: how long after the named time.
using StartDelay = std::function<Duration(Instant named, int window_seconds)>;

// The first start, of a new schedule or of one that is changed. `clock_ahead`: how far the
// scheduler's clock is ahead of true time. `known`: the newest restore point that is there already.
void begin(Timetable& timetable, const TimetableRules& rules, Instant now, Duration clock_ahead,
           const std::optional<Instant>& known, const StartDelay& delay);
// Whether a schedule that is changed now names the same times as before: then it goes on.
bool goes_on(const TimetableRules& before, const TimetableRules& after, Instant now);
// Whether it starts a backup now; then the next start is planned.
bool fires(Timetable& timetable, const TimetableRules& rules, Instant now, Duration clock_ahead,
           const StartDelay& delay);
// The scheduler's clock has jumped and is `clock_ahead` now. A time that was named once is not
// named again after a jump back; a start that a jump forward passes over is missed. The time it
// was named for, if so.
std::optional<Instant> on_jump(Timetable& timetable, const TimetableRules& rules, Instant now,
                               Duration jump, Duration clock_ahead, const StartDelay& delay);
// Whether a missed start is made now that it can be; it is no longer missed then.
bool makes_up(Timetable& timetable, bool catches_up, Instant now, Instant until);

}  // namespace backcast::policy
