// Times that nobody stated with a source: how long a backup, a copy, a restore or the wait for a
// retry takes. A verdict must be true of their extremes, nothing at all and until the service's
// next start (for ever, of restores and retries); where these
// differ, it is unknown, and the break-even between them is told.
#pragma once

#include <functional>
#include <vector>

#include "engine/base/error.h"
#include "sim/model/result.h"
#include "sim/model/scenario.h"

namespace backcast::sim {

// Every choice of extremes: one variant of the scenario for each, the first with no time at all.
// Empty where nothing is missing, or nothing is required.
std::vector<Scenario> extremes_of(const Scenario& scenario);

// Turns the verdicts of the run that is shown into what it and its extremes have in common.
void keep_common(const Scenario& scenario, const std::vector<RunResult>& extremes,
                 RunResult& shown);

// The verdict on every requirement of a variant of the scenario, extremes aside.
using Verdicts = std::function<Result<std::vector<Verdict>, Errors>(const Scenario& variant)>;

// Adds to each unknown requirement which of the missing values decides, and from where on.
// Errors: those of `verdicts`.
Result<bool, Errors> find_break_evens(const Scenario& scenario, const Verdicts& verdicts,
                                      RunResult& shown);

}  // namespace backcast::sim
