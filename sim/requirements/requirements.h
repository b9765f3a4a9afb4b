// Checks a scenario's requirements against what a run did. Nothing is sampled: backups, copies and
// usage are intervals of time, so the first instant at which a requirement stops holding is exact.
#pragma once

#include <chrono>
#include <map>

#include "sim/model/result.h"
#include "sim/model/scenario.h"
#include "sim/model/timeline.h"

namespace backcast::cost {
struct Invoice;
}

namespace backcast::sim {

// What a run says about one requirement before it is put into words. Adds up over services that
// were simulated apart.
struct RequirementTally {
  bool checked = true;     // something in the run could tell
  bool unreached = false;  // of some service the run ends before all of it can be asked
  Nearness nearness;
  std::vector<Span> failing;      // by time, apart from each other
  std::uint32_t service = kNone;  // of the first failure, with its region and what led to it
  std::string region;
  std::vector<TraceStep> trace;
};

// One per requirement of the scenario, in its order. Budgets are left unknown.
std::vector<RequirementTally> tally_requirements(const Scenario& scenario, const RunResult& result);
// Adds what other services showed; of two failures at one instant the one in `to` stays first.
void add(const Requirement& requirement, RequirementTally& to, RequirementTally from);
RequirementOutcome outcome_of(const Scenario& scenario, const Requirement& requirement,
                              RequirementTally tally);
// The worst value in words: "3d 2h", "12.00 GB"; what is never done is "never".
std::string observed(const Requirement& requirement, const Nearness& nearness);
// Leaves in `to` the worse of two runs, by kind: of restore points the fewer.
void keep_worst(const Requirement& requirement, Nearness& to, const Nearness& from);
// How much of what is judged was good, in parts of kWholeShare, rounded down.
std::uint64_t good_parts(const Nearness& nearness);
// A share in parts of kWholeShare as a scenario writes it, rounded down: "99.97%".
std::string percent_down(std::uint64_t parts);
// What the requirement could ask for instead so that it holds in the runs that came so near, in at
// least `required` of them: "with at_most 3d 2h, or with of_time 99.71%"; "" if nothing would do.
std::string what_would_hold(const Requirement& requirement, const Scenario& scenario,
                            std::vector<Nearness> runs, std::uint64_t required);
// "vectors in us-west1", "every service of tenant"
std::string subject_of(const Requirement& requirement, const Scenario& scenario);

// What a budget is held against: the bill of each month, or up to and with it.
std::map<std::chrono::year_month, cost::Decimal> spending(const Scenario& scenario,
                                                          const Requirement& budget,
                                                          const cost::Invoice& invoice);

// Fills in the outcomes of budget requirements from the bill of the run. A budget in another
// currency than the bill stays unknown and says so.
void check_budgets(const Scenario& scenario, const cost::Invoice& invoice, RunResult& result);

}  // namespace backcast::sim
