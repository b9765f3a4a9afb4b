// Two scenarios under the same luck.
#pragma once

#include <utility>

#include "study/run/trials.h"

namespace backcast::study {

struct Comparison {
  Trials a, b;                   // the same replications of both
  sim::Replications difference;  // b - a, of the measures that both have
};

// Gives B the seed of A: the same seed and replication number give both the same failures and
// jitter.
void share_luck(const PreparedScenario& a, PreparedScenario& b);

// Every replication runs both, so that an interrupted comparison still is one. Errors: as judge;
// kInterrupted where not one pair was run; nothing in common.
Result<Comparison, Errors> compare(const PreparedScenario& a, const PreparedScenario& b,
                                   const TrialOptions& options);

// One measure of both sides, its mean where there are replications.
struct Difference {
  std::string measure;
  double a = 0, b = 0;
  sim::Estimate b_minus_a;
};
std::vector<Difference> differences_of(const Comparison& comparison, double confidence);

// One run of each, with what the comparison says of every requirement.
Result<std::pair<ScenarioRun, ScenarioRun>, Errors> run_both(const PreparedScenario& a,
                                                             const PreparedScenario& b,
                                                             const Comparison& comparison,
                                                             const TrialOptions& options);

}  // namespace backcast::study
