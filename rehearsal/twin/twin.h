// A scenario under a control plane and the virtual clock: what the planner simulates, decided by
// the program that would run it.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/error.h"
#include "engine/control/plane/control_plane.h"
#include "engine/policy/service/decision.h"
#include "rehearsal/twin/scenario_commands.h"
#include "sim/model/scenario.h"

namespace backcast::rehearsal {

struct TwinOptions {
  std::uint32_t replication = 0;
  const std::atomic<bool>* stop = nullptr;
  std::function<void(std::uint64_t steps)> progress = {};  // steps made since the last call
  // What stands between the control plane and its outside; without: nothing.
  std::function<std::unique_ptr<control::Outside>(control::Outside& weather)> between = {};
  DataOf data = {};
  // When all of it has been played.
  std::function<Status(control::ControlPlane& plane)> at_end = {};
};

// Plays the scenario in the catalogue at `path`, or goes on where a run of it was cut off, and
// hands over every decision from the first. Errors: kBadInput naming what cannot be played.
Status play(const sim::Scenario& scenario, const std::string& path, const TwinOptions& options,
            const std::function<void(const policy::Decision&)>& decided);

}  // namespace backcast::rehearsal
