// A scenario under the control plane and the virtual clock, beside the simulation.
#pragma once

#include <string>

#include "cli/planning/scenario_options.h"
#include "cli/shared/context.h"

namespace backcast::cli {

// Plays it in a catalogue in `folder`, writes every decision to `decisions` unless that is "", and
// compares them with those of the simulation. Exit code 1 if one differs.
Result<Ok, Errors> rehearse_control(Context& context, const ScenarioOptions& scenario,
                                    const std::string& folder, const std::string& decisions);

}  // namespace backcast::cli
