// When what is limited is full: quotas of projects, and the stores and budgets that requirements
// limit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "study/run/scenario_run.h"

namespace backcast::study {

// One limit of the scenario; the same ones in the same order in every run of it.
struct Filling {
  std::string what;  // "the quota of project shop, 5.37 GB", "budget: the bill is never above …"
  Instant full = sim::kNever;  // the first time that something did not fit; never within the run
  // Over replications, where there are some: how many fill it, and when; kNever where fewer do.
  std::uint64_t replications = 0, filled = 0;
  Instant p10 = sim::kNever, p50 = sim::kNever, p90 = sim::kNever;
};

std::vector<Filling> fillings_of(const ScenarioRun& run);
// Those of many replications, put beside what the run that is shown says. Nearest-rank quantiles.
void add_spread(std::vector<Filling>& shown, const std::vector<std::vector<Filling>>& all);

}  // namespace backcast::study
