// The cheapest values that meet every requirement, and what more would buy.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "study/run/trials.h"
#include "study/vary/sweep.h"

namespace backcast::study {

struct SearchOptions {
  std::string minimize = kCostTotal;
  double at_least = 1.0;  // the quantile of requirements that state none
  // Of this requirement of the scenario nothing is asked; none: all count.
  std::optional<std::size_t> without = {};
  unsigned threads = 0;
  Watch watch = {};
};

// One row of the plan, as far as it was looked at.
struct Candidate {
  std::uint32_t row = 0;
  sim::Measures measures = {};
  bool is_feasible = false;  // every requirement holds, as far as is known
  std::size_t beaten_by = 0;
  bool is_on_front = false;  // of those that went on to the end

  double of(std::string_view measure) const;  // 0 where there is none
};

struct Search {
  std::vector<Candidate> tried;    // every row, as it was last known
  std::vector<Candidate> last;     // those that went on to the end; best first
  std::uint32_t replications = 0;  // of the last
  bool partial = false;            // interrupted
  // The cheapest one, judged on replications that the search has not seen: the first that was
  // refuted there, and the one that held.
  std::optional<Candidate> refuted;
  std::optional<sim::RunResult> refuted_run, confirmed_run;

  std::vector<Candidate> front() const;  // cheapest first; each other buys freshness or reach
};

// Successive halving over the plan's grid: every candidate runs a few replications, the better
// half runs twice as many, until few have run them all. Chosen over evolutionary search because
// policies are small grids of whole numbers, every candidate is looked at, and the result does not
// depend on luck. Errors: kInterrupted before anything was known; faults of a changed document;
// kBadInput where nothing costs anything, but the cost is to be minimized.
Result<Search, Errors> optimize(const BaseScenario& base, const SweepPlan& plan,
                                const SearchOptions& options);

// What one requirement costs: the cheapest candidate that meets all, less the cheapest that meets
// all others.
struct RequirementCost {
  std::string name, statement;
  std::optional<Candidate> without;  // the cheapest without it; none where the others are not met
  double less = 0;                   // by so much of what is minimized; never negative
  double less_a_month = 0;           // over the run, in months of 30.44 days
};

// One more search for each requirement. `found` is the search with all of them; it has a front.
// Errors: as optimize; kInterrupted.
Result<std::vector<RequirementCost>, Errors> requirement_costs(const BaseScenario& base,
                                                               const SweepPlan& plan,
                                                               const SearchOptions& options,
                                                               const Search& found);

}  // namespace backcast::study
