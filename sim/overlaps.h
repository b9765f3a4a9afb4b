// What is said of jobs of one service that came while another one of it was at work.
#pragma once

#include "sim/result.h"
#include "sim/scenario.h"

namespace backcast::sim {

// Adds a warning for every service with such jobs, and doubts what is said of them.
void report_overlaps(const Scenario& scenario, RunResult& result);

// Where the scenario does not say what the tool does then, requirements on the service that seem to
// hold are unknown. Asked again once budgets have been checked.
void doubt_overlaps(const Scenario& scenario, RunResult& result);

}  // namespace backcast::sim
