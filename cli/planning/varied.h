// A scenario with some fields of its document replaced.
#pragma once

#include <atomic>
#include <string>
#include <vector>

#include "cli/planning/scenario_run.h"
#include "sim/run/replicate.h"
#include "study/design.h"

namespace backcast::cli {

// The document of a scenario, read once.
struct BaseScenario {
  Document document;
  std::string text;
  ScenarioOptions options;
  scenario::Given given;
};
Result<BaseScenario, Errors> read_base(const ScenarioOptions& options);

// Errors: a pointer to nothing; every fault of the changed document.
Result<PreparedScenario, Errors> with_values(const BaseScenario& base,
                                             const std::vector<sim::Factor>& factors,
                                             const std::vector<std::string>& values);

// What else replications may leave behind.
struct MeansToo {
  std::vector<sim::Histogram>* spread = nullptr;  // how each measure is spread, in their order
  sim::RunResult* judged = nullptr;  // the first run, with what is said over all of them
};

// Means of every measure over replications 0..count-1, in this thread. Errors: kInterrupted once
// `stop` is set.
Result<sim::Measures, Errors> mean_measures(const PreparedScenario& prepared, std::uint32_t count,
                                            const std::atomic<bool>& stop,
                                            const MeansToo& too = {});

}  // namespace backcast::cli
