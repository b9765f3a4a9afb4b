// Checks a scenario's requirements against what a run did. Nothing is sampled: backups, copies and
// usage are intervals of time, so the first instant at which a requirement stops holding is exact.
#pragma once

#include "costmodel/money.h"
#include "sim/result.h"
#include "sim/scenario.h"
#include "sim/timeline.h"

namespace backcast::cost {
struct Invoice;
}

namespace backcast::sim {

// What a run says about one requirement before it is put into words. Adds up over services that
// were simulated apart.
struct RequirementTally {
  bool checked = true;        // something in the run could tell
  std::uint64_t worst = 0;    // nanoseconds, bytes or a count, by kind; of restore points the least
  std::uint64_t seen = 0;     // protected backups
  std::vector<Span> failing;  // by time, apart from each other
  std::uint32_t service = kNone;  // of the first failure, with its region and what led to it
  std::string region;
  std::vector<TraceStep> trace;
};

// One per requirement of the scenario, in its order. Budgets are left unchecked.
std::vector<RequirementTally> tally_requirements(const Scenario& scenario, const RunResult& result);
// Adds what other services showed; of two failures at one instant the one in `to` stays first.
void add(const Requirement& requirement, RequirementTally& to, RequirementTally from);
RequirementOutcome outcome_of(const Scenario& scenario, const Requirement& requirement,
                              RequirementTally tally);
// "vectors in us-west1", "every service of tenant"
std::string subject_of(const Requirement& requirement, const Scenario& scenario);

// Fills in the outcomes of budget requirements from the bill of the run. A budget in another
// currency than the bill stays unchecked and says so.
void check_budgets(const Scenario& scenario, const cost::Invoice& invoice, RunResult& result);

}  // namespace backcast::sim
