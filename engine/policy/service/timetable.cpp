#include "engine/policy/service/timetable.h"

#include <algorithm>

#include "engine/base/time_math.h"

namespace backcast::policy {
namespace {

void plan_next(Timetable& timetable, const TimetableRules& rules, Instant after, Instant now,
               Duration clock_ahead, const StartDelay& delay) {
  timetable.due = Instant::max();
  const auto named =
      next(rules.rule, std::max(timetable.last, plus(after, clock_ahead)), rules.zone);
  if (!named) return;
  timetable.last = *named;
  // The schedule goes on from the opening of a window; the start in it is drawn anew each time.
  const int window_seconds = start_window_seconds(rules.rule);
  const Instant start = window_seconds == 0 ? *named : plus(*named, delay(*named, window_seconds));
  if (plus(start, -clock_ahead) >= rules.until) return;
  timetable.due = std::max(plus(start, -clock_ahead), now);
}

}  // namespace

void begin(Timetable& timetable, const TimetableRules& rules, Instant now, Duration clock_ahead,
           const std::optional<Instant>& known, const StartDelay& delay) {
  timetable.last = Instant::min();
  const Instant first = std::max(rules.from, now);
  Instant after = std::max(first - Duration{1}, known.value_or(Instant::min()));
  if (std::holds_alternative<EverySchedule>(rules.rule)) {
    // Elapsed time counts from the start of the schedule, or goes on from the newest restore point
    // where that leaves something to wait.
    const auto from_known = known ? next(rules.rule, *known, rules.zone) : std::nullopt;
    after = from_known && *from_known >= first ? *known : first;
  }
  // Else a run at the very time of the newest restore point is the one that made it.
  plan_next(timetable, rules, after, now, clock_ahead, delay);
}

bool goes_on(const TimetableRules& before, const TimetableRules& after, Instant now) {
  return print(before.rule) == print(after.rule) && before.zone.name() == after.zone.name() &&
         std::max(before.from, now) == std::max(after.from, now) && before.until == after.until;
}

bool fires(Timetable& timetable, const TimetableRules& rules, Instant now, Duration clock_ahead,
           const StartDelay& delay) {
  // A clock may have jumped since.
  if (timetable.due > now || timetable.due == Instant::max()) return false;
  plan_next(timetable, rules, now, now, clock_ahead, delay);
  return true;
}

std::optional<Instant> on_jump(Timetable& timetable, const TimetableRules& rules, Instant now,
                               Duration jump, Duration clock_ahead, const StartDelay& delay) {
  if (timetable.due == Instant::max()) return std::nullopt;
  std::optional<Instant> skipped;
  const Instant named = plus(timetable.due, clock_ahead - jump);
  if (timetable.due < plus(now, jump)) {
    timetable.missed = true;
    skipped = named;
  } else if (timetable.last != Instant::min()) {
    timetable.last = std::min(timetable.last, named) - Duration{1};
  }
  plan_next(timetable, rules, now, now, clock_ahead, delay);
  return skipped;
}

bool makes_up(Timetable& timetable, bool catches_up, Instant now, Instant until) {
  if (!timetable.missed) return false;
  timetable.missed = false;
  return catches_up && now < until;
}

}  // namespace backcast::policy
