// What a run decided, one line after the other: what a control plane under the same policy would
// note.
#pragma once

#include <vector>

#include "engine/policy/service/decision.h"
#include "sim/model/result.h"
#include "sim/model/scenario.h"

namespace backcast::sim {

// In the order in which they were made: that of the run's log, for which its services must have
// been simulated together (RunOptions::together).
std::vector<policy::Decision> decisions_of(const Scenario& scenario, const RunResult& run);

}  // namespace backcast::sim
