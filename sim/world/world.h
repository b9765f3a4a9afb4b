// Services that share something (a project's quota, a link), simulated together in one queue of
// events. Each part keeps its own state and asks engine/policy for every decision; the world builds
// the parts, moves virtual time, and tells each what is due.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "sim/world/availability.h"
#include "sim/world/copies.h"
#include "sim/world/jobs.h"
#include "sim/world/lifecycle.h"
#include "sim/world/links.h"
#include "sim/world/restores.h"
#include "sim/world/schedules.h"
#include "sim/world/stage.h"
#include "sim/world/vaults.h"

namespace backcast::sim {

class World {
 public:
  // `members` are indices of services, rising. The scenario must outlive the world.
  // With `steps`, every change of a vault is noted there.
  World(const Scenario& scenario, std::vector<std::uint32_t> members, Draws draws,
        std::vector<VaultStep>* steps = nullptr);

  // Until the end, or until a stop is asked for: then the run ends at that moment. True: whole.
  bool run(const std::atomic<bool>* stop = nullptr);

  // What happened; backups are in order of birth within a service, the log in order of time.
  RunResult take() { return std::move(stage_.journal.result()); }

 private:
  void prepare();
  void handle(const Event& event);
  void fire(std::uint32_t slot);
  void begin(std::uint32_t event);
  void fail_region(std::uint32_t event, Why jobs, Why copies);
  void switch_key(std::uint32_t event);
  void begin_for(std::uint32_t service, std::uint32_t event);
  void end(std::uint32_t event);
  void end_for(std::uint32_t service, std::uint32_t event);
  void act_by_hand(std::uint32_t event);
  void set_links(const ScheduledEvent& event, bool up);

  Stage stage_;
  Availability availability_;
  Schedules schedules_;
  Links links_;
  Vaults vaults_;
  Copies copies_;
  Jobs jobs_;
  Restores restores_;
  Lifecycle lifecycle_;
};

}  // namespace backcast::sim
