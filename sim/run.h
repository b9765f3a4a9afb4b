// One run of a scenario.
#pragma once

#include <cstdint>

#include "sim/result.h"
#include "sim/scenario.h"

namespace backcast::sim {

struct RunOptions {
  std::uint32_t replication = 0;  // which draws: same seed and replication, same bytes
  unsigned threads = 0;           // 0 = every core; the result does not depend on it
};

// Simulates the whole scenario and checks its requirements. Budgets are checked once there is a
// bill: check_budgets in requirements.h.
RunResult run(const Scenario& scenario, const RunOptions& options = {});

}  // namespace backcast::sim
