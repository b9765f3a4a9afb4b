// What is said of services whose backups are made and, for want of room, no longer stored.
#pragma once

#include "sim/model/result.h"
#include "sim/model/scenario.h"

namespace backcast::sim {

// Adds a warning for every project of whose services some store no automatic backup any more: each
// of the last ones, three at least, over a week at least, was refused for the quota or for a limit
// that retention keeps within it. No verdict need show that: it takes a requirement that asks for
// new restore points.
void report_no_room(const Scenario& scenario, RunResult& result);

}  // namespace backcast::sim
