#include "sim/world/schedules.h"

#include <algorithm>

#include "engine/base/time_math.h"
#include "sim/model/weather.h"

namespace backcast::sim {

Schedules::Schedules(Stage& stage) : stage_(stage), states_(stage.members) {
  for (const std::uint32_t service : stage.members) {
    const auto count = static_cast<std::uint32_t>(stage.service(service).schedules.size());
    for (std::uint32_t i = 0; i < count; ++i) {
      const bool is_there = stage.service(service).schedules[i].is_from_the_start();
      if (is_there) slots_.push_back({service, i, {}});
    }
  }
}

policy::TimetableRules Schedules::rules_of(const Slot& slot) const {
  const ServiceSchedule& schedule = schedule_of(slot);
  return {schedule.rule, schedule.zone, schedule.from, schedule.until};
}

policy::StartDelay Schedules::delay_of(const Slot& slot) const {
  return [this, &slot](Instant named, int window_seconds) {
    return start_delay(stage_.draws, stage_.service(slot.service).entity, named, window_seconds);
  };
}

void Schedules::await(std::uint32_t slot) {
  const Instant due = slots_[slot].timetable.due;
  if (due != Instant::max()) stage_.agenda.push(due, Due::kFires, slot);
}

void Schedules::start(std::uint32_t slot, const std::optional<Instant>& known) {
  Slot& mine = slots_[slot];
  const ServiceSchedule& schedule = schedule_of(mine);
  const Instant first = std::max(schedule.from, stage_.now());
  if (schedule.initial_backup && first < schedule.until) {
    stage_.agenda.push(first, Due::kInitial, slot);
  }
  policy::begin(mine.timetable, rules_of(mine), stage_.now(), states_[mine.service].clock_ahead,
                known, delay_of(mine));
  await(slot);
}

std::uint32_t Schedules::find(std::uint32_t service, const std::string& name) const {
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    const Slot& one = slots_[slot];
    if (one.service == service && !one.ended && schedule_of(one).name == name) return slot;
  }
  return kNone;
}

void Schedules::put(std::uint32_t service, std::uint32_t schedule,
                    const std::optional<Instant>& known) {
  const std::uint32_t slot = find(service, stage_.service(service).schedules[schedule].name);
  if (slot == kNone) {
    slots_.push_back({service, schedule, {}});
    return start(static_cast<std::uint32_t>(slots_.size() - 1), known);
  }
  Slot& mine = slots_[slot];
  const policy::TimetableRules before = rules_of(mine);
  mine.schedule = schedule;
  if (policy::goes_on(before, rules_of(mine), stage_.now())) return;
  policy::begin(mine.timetable, rules_of(mine), stage_.now(), states_[service].clock_ahead, known,
                delay_of(mine));
  await(slot);
}

void Schedules::end(std::uint32_t slot) {
  slots_[slot].ended = true;
  slots_[slot].timetable.due = Instant::max();
}

bool Schedules::fires(std::uint32_t slot) {
  Slot& mine = slots_[slot];
  const Duration clock_ahead = states_[mine.service].clock_ahead;
  const bool now =
      policy::fires(mine.timetable, rules_of(mine), stage_.now(), clock_ahead, delay_of(mine));
  if (now) await(slot);
  return now;
}

void Schedules::jump_clock(std::uint32_t service, Duration by) {
  const Instant now = stage_.now();
  stage_.journal.log({.kind = LogKind::kClockJumped, .service = service, .number = by.count()});
  Duration& clock_ahead = states_[service].clock_ahead;
  clock_ahead = plus(clock_ahead, by);
  for (std::uint32_t slot = 0; slot < slots_.size(); ++slot) {
    Slot& mine = slots_[slot];
    if (mine.service != service) continue;
    const auto skipped =
        policy::on_jump(mine.timetable, rules_of(mine), now, by, clock_ahead, delay_of(mine));
    if (skipped) {
      stage_.journal.log({.kind = LogKind::kStartSkipped,
                          .service = service,
                          .number = skipped->time_since_epoch().count()});
    }
    await(slot);
  }
}

Duration Schedules::tried(const std::optional<Duration>& takes, std::uint32_t service) const {
  if (!takes) return Duration{0};
  Duration rest = *takes;
  for (const Slot& slot : slots_) {
    const Instant due = slot.timetable.due;
    const bool is_ahead = slot.service == service && due > stage_.now() && due != Instant::max();
    if (is_ahead) rest = std::min(rest, due - stage_.now());
  }
  return rest;
}

}  // namespace backcast::sim
