// A scenario under the control plane and the virtual clock, beside the simulation.
#pragma once

#include <string>

#include "cli/planning/scenario_options.h"
#include "cli/shared/context.h"

namespace backcast::cli {

struct ControlRehearsal {
  std::string folder;     // of its catalogue, which goes on where it was
  std::string decisions;  // file for all of them; "" = none
  bool real_bytes = false;
};
// Plays the scenario and compares every decision with those of the simulation. Exit code 1 if one
// differs.
Result<Ok, Errors> rehearse_control(Context& context, const ScenarioOptions& scenario,
                                    const ControlRehearsal& how);

}  // namespace backcast::cli
