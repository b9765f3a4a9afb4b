// Replications of a scenario, and the verdict over them.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "costmodel/bill/budget.h"
#include "sim/run/judge.h"
#include "sim/run/replicate.h"
#include "study/run/filling.h"
#include "study/run/scenario_run.h"
#include "study/run/watch.h"

namespace backcast::study {

// Of work that was stopped before anything was known.
Errors interrupted();

// The measure that is a bill's total.
inline constexpr const char* kCostTotal = "cost_total";

struct TrialOptions {
  std::uint32_t replications = 1;     // 0 = as many as the requirements need
  std::optional<double> within = {};  // stop once the mean of `measure` is known to this share
  std::string measure = kCostTotal;
  double confidence = 0.95;
  unsigned threads = 0;  // 0 = every core; the result does not depend on it
  Watch watch = {};
};
// As the simulator takes them.
sim::ReplicationOptions replication_options(const TrialOptions& options);

// sim::measures_of and, where there is a bill, its total in its currency, or as much of it as is
// known.
sim::Measures measures_of(const ScenarioRun& run);

// What the bills of replications come to: 5th, 50th and 95th percentile.
struct Spread {
  std::uint64_t replications = 0;
  cost::MonthSpend total;                // of all months
  std::vector<cost::MonthSpend> months;  // rising
};

struct Trials {
  sim::Replications runs;
  std::vector<std::vector<Filling>> fillings;  // by replication
  std::optional<Spread> spread;                // none without bills, or where one is incomplete
  std::unique_ptr<sim::Judge> judge;           // has heard them all
};

// Takes down what replications of one scenario show.
class TrialRecorder {
 public:
  // Replications number first .. first + count - 1. `prepared` must outlive what is given back.
  TrialRecorder(const PreparedScenario& prepared, std::uint32_t count, std::uint32_t first = 0);
  // Runs replication number first + r. From any thread, each once. Errors: as study::run.
  Result<sim::Measures, Errors> run(std::uint32_t r);
  Trials finish(sim::Replications runs) &&;

 private:
  struct Bill {
    std::optional<cost::Decimal> total;
    std::map<std::chrono::year_month, cost::Decimal> months;
    std::vector<Filling> fillings;
  };
  std::optional<Spread> spread(std::size_t replications) const;

  const PreparedScenario& prepared_;
  std::uint32_t first_;
  std::vector<Bill> bills_;                  // by replication
  std::atomic<bool> is_incomplete_ = false;  // some bill lacks a price: what they cost is not known
  std::unique_ptr<sim::Judge> judge_;
};

// Whether one run decides, whatever the number of replications.
bool is_drawn(const PreparedScenario& prepared);

// Runs as many replications as are asked for, from that of `run` on, and writes what is to be said
// of every requirement into the run. None where one run is asked for, or it was interrupted.
// Errors: usage that no row prices; an unknown measure.
Result<std::optional<Trials>, Errors> judge(const PreparedScenario& prepared,
                                            const TrialOptions& options, ScenarioRun& run);

// What each month costs, over all replications or in the one run, which must have a bill.
std::vector<cost::MonthSpend> spend_of(const ScenarioRun& run, const std::optional<Trials>& trials);

}  // namespace backcast::study
