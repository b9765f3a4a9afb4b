// Where the world asks engine/policy what may happen.
#include <fmt/format.h>

#include "sim/world.h"

namespace backcast::sim {

std::optional<Instant> World::next_start(const ServiceSchedule& schedule, Slot& slot,
                                         Instant after) {
  // The vendor starts somewhere inside the window: the window advances by its opening, the start
  // is drawn anew each time.
  if (const auto* window = std::get_if<policy::ZillizWindow>(&schedule.rule)) {
    policy::ZillizWindow opening = *window;
    opening.slot_seconds = 0;
    slot.last = policy::next(opening, std::max(slot.last, after));
    const auto delay =
        draws_.below(policy::kZillizWindowMinutes * 60, slot.service, Purpose::kStartJitter,
                     (std::uint64_t{slot.schedule} << 40) | slot.fired);
    return slot.last + std::chrono::seconds(delay);
  }
  const auto fires = policy::next(schedule.rule, std::max(slot.last, after), schedule.zone);
  if (fires) slot.last = *fires;
  return fires;
}

std::string World::admission(std::uint32_t service, bool automatic) const {
  (void)service, (void)automatic;
  return {};
}

void World::give_tags(BackupRecord& record, bool automatic) {
  (void)record, (void)automatic;
}

std::string World::quota_refusal(std::uint32_t backup, std::uint32_t vault,
                                 std::uint64_t added_bytes,
                                 const policy::RetentionPolicy* birth) const {
  (void)backup, (void)vault, (void)added_bytes, (void)birth;
  return {};
}

void World::delete_service(std::uint32_t service, const ScheduledEvent& event) {
  (void)service, (void)event;
}
void World::delete_project(std::uint32_t project, const ScheduledEvent& event) {
  (void)project, (void)event;
}
void World::purge(std::uint32_t service) {
  (void)service;
}

}  // namespace backcast::sim
