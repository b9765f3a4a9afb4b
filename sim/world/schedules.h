// When the schedules of a world start backups, by the clock of whoever keeps them.
#pragma once

#include <optional>
#include <vector>

#include "engine/policy/service/timetable.h"
#include "sim/world/stage.h"

namespace backcast::sim {

class Schedules {
 public:
  // One schedule of one service.
  struct Slot {
    std::uint32_t service = 0, schedule = 0;
    policy::Timetable timetable;
    bool ended = false;  // deleted, or left out of a new policy
  };

  explicit Schedules(Stage& stage);

  std::vector<Slot>& slots() { return slots_; }
  const ServiceSchedule& schedule_of(const Slot& slot) const {
    return stage_.service(slot.service).schedules[slot.schedule];
  }
  bool are_on(std::uint32_t service) const { return states_[service].on; }
  void switch_on(std::uint32_t service, bool on) { states_[service].on = on; }

  // `known`: the newest restore point that is there.
  void start(std::uint32_t slot, const std::optional<Instant>& known);
  // The slot of the service's schedule of this name, or kNone.
  std::uint32_t find(std::uint32_t service, const std::string& name) const;
  // From now on schedule number `schedule` of the service holds: in the place of the one of its
  // name, or as a new one.
  void put(std::uint32_t service, std::uint32_t schedule, const std::optional<Instant>& known);
  void end(std::uint32_t slot);
  // Whether the slot's start is now; then the next one is on the agenda. A clock may have jumped.
  bool fires(std::uint32_t slot);
  // A time that was named once is not named again after a jump back; times that a jump forward
  // passes over are missed.
  void jump_clock(std::uint32_t service, Duration by);

  // A time that nobody states, as it is tried: it ends when the service starts its next backup.
  Duration tried(const std::optional<Duration>& takes, std::uint32_t service) const;

 private:
  struct State {
    bool on = true;
    Duration clock_ahead{0};  // of whoever starts its jobs
  };
  policy::TimetableRules rules_of(const Slot& slot) const;
  policy::StartDelay delay_of(const Slot& slot) const;
  void await(std::uint32_t slot);

  Stage& stage_;
  std::vector<Slot> slots_;
  PerService<State> states_;
};

}  // namespace backcast::sim
