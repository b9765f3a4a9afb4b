// Checks a scenario's requirements against what a run did. Nothing is sampled: backups, copies and
// usage are intervals of time, so the first instant at which a requirement stops holding is exact.
#pragma once

#include "costmodel/money.h"
#include "sim/result.h"
#include "sim/scenario.h"

namespace backcast::cost {
struct Invoice;
}

namespace backcast::sim {

// Appends one outcome per requirement to `result.requirements`, in scenario order. Budgets are left
// unchecked until check_budgets.
void check_requirements(const Scenario& scenario, RunResult& result);

// Fills in the outcomes of budget requirements from the bill of the run. A budget in another
// currency than the bill stays unchecked and says so.
void check_budgets(const Scenario& scenario, const cost::Invoice& invoice, RunResult& result);

}  // namespace backcast::sim
