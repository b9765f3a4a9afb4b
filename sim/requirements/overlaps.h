// What is said of jobs of one service that came while another one of it was at work.
#pragma once

#include "sim/model/result.h"
#include "sim/model/scenario.h"

namespace backcast::sim {

// Adds a warning for every service with such jobs, and doubts what is said of them.
void report_overlaps(const Scenario& scenario, RunResult& result);

// Where the scenario does not say what the tool does then, requirements on the service that seem to
// hold are unknown. Asked again once budgets have been checked.
void doubt_overlaps(const Scenario& scenario, RunResult& result);

// The scenario as it would be if the tool skipped, and if it queued, where jobs overlap in the run
// that is shown and nothing says what the tool does. Empty where no requirement fails: what holds
// is in doubt already.
std::vector<Scenario> other_overlaps(const Scenario& scenario, const RunResult& shown);
// What does not fail in all of them is unknown.
void keep_common_failures(const std::vector<RunResult>& others, RunResult& shown);

}  // namespace backcast::sim
