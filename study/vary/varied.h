// A scenario with some fields of its document at other values, over replications.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "sim/run/replicate.h"
#include "sim/sums/statistics.h"
#include "study/run/scenario_run.h"
#include "study/vary/design.h"

namespace backcast::study {

// What every value is put into: the document as it is asked for.
struct BaseScenario {
  Document document;
  std::string text;
  Question question;
};
// Errors: as `changed`, so that the document's own faults stand at their own lines.
Result<BaseScenario, Errors> base_of(scenario::Loaded written, const Question& question);

// Errors: a pointer to nothing; every fault of the changed document.
Result<PreparedScenario, Errors> with_values(const BaseScenario& base,
                                             const std::vector<Factor>& factors,
                                             const std::vector<std::string>& values);

// What else replications may leave behind.
struct MeansToo {
  std::vector<sim::Histogram>* spread = nullptr;  // how each measure is spread, in their order
  sim::RunResult* judged = nullptr;  // the first run, with what is said over all of them
};

// Means of every measure over replications 0..count-1, in this thread. Errors: kInterrupted once
// `stop` is set; prices that are missing, since what is known of a cost cannot be compared.
Result<sim::Measures, Errors> mean_measures(const PreparedScenario& prepared, std::uint32_t count,
                                            const std::atomic<bool>* stop,
                                            const MeansToo& too = {});

// The value of a measure that a histogram of `mean_measures` counts as this.
double value_of_count(const std::string& measure, std::uint64_t count);

}  // namespace backcast::study
