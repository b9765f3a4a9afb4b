#include "sim/world/schedules.h"

#include <algorithm>

#include "engine/base/time_math.h"

namespace backcast::sim {

Schedules::Schedules(Stage& stage) : stage_(stage), states_(stage.members) {
  for (const std::uint32_t service : stage.members) {
    const auto count = static_cast<std::uint32_t>(stage.service(service).schedules.size());
    for (std::uint32_t i = 0; i < count; ++i) slots_.push_back({service, i, 0});
  }
}

void Schedules::start(std::uint32_t slot, const std::optional<Instant>& known) {
  const ServiceSchedule& schedule = schedule_of(slots_[slot]);
  const Instant first = std::max(schedule.from, stage_.scenario.start);
  if (schedule.initial_backup && first < schedule.until) {
    stage_.agenda.push(first, Due::kInitial, slot);
  }
  if (std::holds_alternative<policy::EverySchedule>(schedule.rule)) {
    // Elapsed time counts from the start of the schedule, or goes on from the newest restore point
    // where that leaves something to wait.
    const auto next = known ? policy::next(schedule.rule, *known, schedule.zone) : std::nullopt;
    return plan_next(slot, next && *next >= first ? *known : first);
  }
  // A run at the very time of the newest restore point is the one that made it.
  plan_next(slot, std::max(first - Duration{1}, known.value_or(Instant::min())));
}

std::optional<Instant> Schedules::next_start(Slot& slot, Instant after) {
  const ServiceSchedule& schedule = schedule_of(slot);
  const auto fires = policy::next(schedule.rule, std::max(slot.last, after), schedule.zone);
  if (!fires) return fires;
  slot.last = *fires;
  // Inside a window the vendor starts somewhere: the schedule goes on from its opening, and the
  // start is drawn anew each time.
  const int window_seconds = policy::start_window_seconds(schedule.rule);
  if (window_seconds == 0) return fires;
  const auto delay = stage_.draws.below(static_cast<std::uint64_t>(window_seconds),
                                        stage_.service(slot.service).entity, Purpose::kStartJitter,
                                        (std::uint64_t{slot.schedule} << 40) | slot.fired);
  return *fires + std::chrono::seconds(delay);
}

void Schedules::plan_next(std::uint32_t slot, Instant after) {
  Slot& s = slots_[slot];
  // The schedule goes by the scheduler's clock, which may be ahead or behind.
  const Duration ahead = states_[s.service].clock_ahead;
  s.due = Instant::max();
  const auto start = next_start(s, plus(after, ahead));
  if (!start || plus(*start, -ahead) >= schedule_of(s).until) return;
  s.due = std::max(plus(*start, -ahead), stage_.now());
  stage_.agenda.push(s.due, Due::kFires, slot);
}

bool Schedules::fires(std::uint32_t slot) {
  Slot& s = slots_[slot];
  if (s.due > stage_.now() || s.due == Instant::max()) return false;  // a clock has jumped since
  ++s.fired;
  plan_next(slot, stage_.now());
  return true;
}

void Schedules::jump_clock(std::uint32_t service, Duration by) {
  const Instant now = stage_.now();
  stage_.journal.log({.kind = LogKind::kClockJumped, .service = service, .number = by.count()});
  Duration& clock_ahead = states_[service].clock_ahead;
  clock_ahead = plus(clock_ahead, by);
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    Slot& mine = slots_[slot];
    if (mine.service != service || mine.due == Instant::max()) continue;
    const Instant named = plus(mine.due, clock_ahead - by);
    if (mine.due < plus(now, by)) {
      mine.missed = true;
      stage_.journal.log({.kind = LogKind::kStartSkipped,
                          .service = service,
                          .number = named.time_since_epoch().count()});
    } else if (mine.last != Instant::min()) {
      mine.last = std::min(mine.last, named) - Duration{1};
    }
    plan_next(slot, now);
  }
}

Duration Schedules::tried(const std::optional<Duration>& takes, std::uint32_t service) const {
  if (!takes) return Duration{0};
  Duration rest = *takes;
  for (const Slot& slot : slots_) {
    const bool is_ahead =
        slot.service == service && slot.due > stage_.now() && slot.due != Instant::max();
    if (is_ahead) rest = std::min(rest, slot.due - stage_.now());
  }
  return rest;
}

}  // namespace backcast::sim
