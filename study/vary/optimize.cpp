#include "study/vary/optimize.h"

#include <algorithm>
#include <chrono>

namespace backcast::study {
namespace {

constexpr std::uint32_t kFirstReplications = 4;
constexpr std::size_t kAlwaysKept = 8;

// Cheaper or equal, fresher or equal, covering as much or more, and not the same.
bool dominates(const Candidate& a, const Candidate& b, const std::string& minimize) {
  if (a.is_feasible != b.is_feasible) return a.is_feasible;
  const double x[] = {a.of(minimize), a.of("rpo_seconds_worst"), -a.of("coverage_days_mean")};
  const double y[] = {b.of(minimize), b.of("rpo_seconds_worst"), -b.of("coverage_days_mean")};
  bool better = false;
  for (int i = 0; i < 3; ++i) {
    if (x[i] > y[i]) return false;
    better = better || x[i] < y[i];
  }
  return better;
}

// Numbers the Pareto fronts and sorts by front, then by what is minimized.
void rank(std::vector<Candidate>& candidates, const std::string& minimize) {
  for (Candidate& c : candidates) {
    c.beaten_by = static_cast<std::size_t>(
        std::count_if(candidates.begin(), candidates.end(),
                      [&](const Candidate& other) { return dominates(other, c, minimize); }));
    c.is_on_front = c.beaten_by == 0 && c.is_feasible;
  }
  std::stable_sort(candidates.begin(), candidates.end(), [&](const auto& a, const auto& b) {
    if (a.beaten_by != b.beaten_by) return a.beaten_by < b.beaten_by;
    return a.of(minimize) < b.of(minimize);
  });
}

// Whether the replications that ran hold often enough; as many as a verdict needs come at the end.
bool looks_feasible(const sim::RunResult& judged) {
  return std::all_of(judged.requirements.begin(), judged.requirements.end(), [](const auto& one) {
    return one.replicated ? one.replicated->held >= one.replicated->required
                          : one.verdict == sim::Verdict::kHolds;
  });
}

void leave_out(std::size_t requirement, sim::Scenario& scenario) {
  scenario.requirements.erase(scenario.requirements.begin() +
                              static_cast<std::ptrdiff_t>(requirement));
}

// How many stay for the next round, and how often all then run.
std::size_t survivors(std::size_t candidates) {
  return std::max(std::min(candidates, kAlwaysKept), (candidates + 1) / 2);
}
std::uint64_t runs_in_all(std::size_t candidates, std::uint32_t most) {
  std::uint64_t sum = 0;
  for (std::uint32_t r = std::min(kFirstReplications, most);; r = std::min(2 * r, most)) {
    sum += std::uint64_t{r} * candidates;
    if (r == most) return sum;
    candidates = survivors(candidates);
  }
}

class Searcher {
 public:
  Searcher(const BaseScenario& base, const SweepPlan& plan, const SearchOptions& options)
      : base_(base), plan_(plan), options_(options), candidates_(plan.rows.size()) {
    for (std::uint32_t row = 0; row < candidates_.size(); ++row) candidates_[row].row = row;
    found_.tried.resize(plan.rows.size());
  }

  Result<Search, Errors> run() && {
    const auto advance = options_.watch.begin(
        "optimizing", runs_in_all(candidates_.size(), plan_.replications), "runs");
    found_.replications = std::min(kFirstReplications, plan_.replications);
    while (true) {
      BACKCAST_CHECK(evaluate(advance));
      if (found_.partial || found_.replications >= plan_.replications) break;
      candidates_.resize(survivors(candidates_.size()));
      found_.replications = std::min(2 * found_.replications, plan_.replications);
    }
    if (!found_.partial) BACKCAST_CHECK(confirm());
    for (const Candidate& c : candidates_) found_.tried[c.row] = c;
    std::erase_if(found_.tried, [](const Candidate& c) { return c.measures.empty(); });
    found_.last = std::move(candidates_);
    return std::move(found_);
  }

 private:
  Result<PreparedScenario, Errors> prepared_for(std::uint32_t row) const {
    BACKCAST_TRY(PreparedScenario prepared, with_values(base_, plan_.factors, plan_.values(row)));
    for (sim::Requirement& r : prepared.loaded.scenario.requirements) {
      if (!r.quantile) r.quantile = options_.at_least;
    }
    if (options_.without) {
      leave_out(*options_.without, prepared.loaded.scenario);
      for (sim::Scenario& extreme : prepared.extremes) leave_out(*options_.without, extreme);
    }
    return prepared;
  }

  // Runs every candidate and ranks them; interrupted, it leaves the rest as they were.
  Result<Ok, Errors> evaluate(const Advance& advance) {
    const std::uint32_t replications = found_.replications;
    std::vector<char> feasible(candidates_.size(), 0);
    const sim::Trial trial = [&](std::uint32_t i) -> Result<sim::Measures, Errors> {
      BACKCAST_TRY(const PreparedScenario prepared, prepared_for(candidates_[i].row));
      sim::RunResult judged;
      auto means = mean_measures(prepared, replications, options_.watch.stop,
                                 {.spread = nullptr, .judged = &judged});
      feasible[i] = looks_feasible(judged) ? 1 : 0;
      advance(replications);
      return means;
    };
    sim::ReplicationOptions how;
    how.count = static_cast<std::uint32_t>(candidates_.size());
    how.threads = options_.threads;
    how.stop = options_.watch.stop;
    BACKCAST_TRY(const sim::Replications runs, sim::replicate(trial, how));
    for (std::size_t i = 0; i < runs.rows.size(); ++i) {
      candidates_[i].measures = runs.measures(i);
      candidates_[i].is_feasible = feasible[i] != 0;
    }
    found_.partial = runs.partial;
    std::erase_if(candidates_, [](const Candidate& c) { return c.measures.empty(); });
    if (candidates_.empty()) {
      return interrupted();
    }
    const Candidate& any = candidates_.front();
    if (any.measures.front().name != options_.minimize && options_.minimize == kCostTotal &&
        any.of(kCostTotal) == 0) {
      return Errors{bad_input("the scenario has no price book, so there is no cost",
                              "add one, or --minimize stored_bytes_mean")};
    }
    rank(candidates_, options_.minimize);
    for (const Candidate& c : candidates_) {
      found_.tried[c.row] = c;
      found_.tried[c.row].is_on_front = false;  // until the end
    }
    return kOk;
  }

  // Judges the cheapest on replications that the search has not seen, since what was chosen for its
  // luck must show it again. What does not hold there is left, and the next is judged.
  Result<Ok, Errors> confirm() {
    const auto is_stopped = [&] { return options_.watch.stop && *options_.watch.stop; };
    while (true) {
      rank(candidates_, options_.minimize);
      const auto best = std::find_if(candidates_.begin(), candidates_.end(),
                                     [](const Candidate& c) { return c.is_on_front; });
      found_.partial = is_stopped();
      if (best == candidates_.end() || found_.partial) return kOk;
      BACKCAST_TRY(const PreparedScenario prepared, prepared_for(best->row));
      TrialOptions how;
      how.threads = options_.threads;
      how.replications = 0;  // as many as a verdict needs
      how.watch = options_.watch;
      BACKCAST_TRY(ScenarioRun run,
                   study::run(prepared, {.replication = plan_.replications, .threads = 1}));
      BACKCAST_TRY(const auto trials, judge(prepared, how, run));
      found_.partial = is_stopped();
      if (sim::verdict_of(run.result) == sim::Verdict::kHolds) {
        found_.confirmed_run = std::move(run.result);
        return kOk;
      }
      if (run.result.partial) return kOk;
      if (!found_.refuted) {
        found_.refuted = *best;
        found_.refuted_run = std::move(run.result);
      }
      best->is_feasible = false;
    }
  }

  const BaseScenario& base_;
  const SweepPlan& plan_;
  const SearchOptions& options_;
  std::vector<Candidate> candidates_;
  Search found_;
};

}  // namespace

double Candidate::of(std::string_view measure) const {
  for (const sim::Measure& m : measures) {
    if (m.name == measure) return m.value;
  }
  return 0;
}

std::vector<Candidate> Search::front() const {
  std::vector<Candidate> front;
  std::copy_if(last.begin(), last.end(), std::back_inserter(front),
               [](const Candidate& c) { return c.is_on_front; });
  return front;
}

Result<std::vector<RequirementCost>, Errors> requirement_costs(const BaseScenario& base,
                                                               const SweepPlan& plan,
                                                               const SearchOptions& options,
                                                               const Search& found) {
  constexpr double kMonthSeconds = 365.25 / 12 * 86'400;
  const std::vector<Candidate> front = found.front();
  BACKCAST_ASSERT(!front.empty());
  BACKCAST_TRY(const PreparedScenario any,
               with_values(base, plan.factors, plan.values(front.front().row)));
  const sim::Scenario& scenario = any.loaded.scenario;
  const double months =
      std::chrono::duration<double>(scenario.end - scenario.start).count() / kMonthSeconds;
  std::vector<RequirementCost> costs;
  for (std::size_t i = 0; i < scenario.requirements.size(); ++i) {
    SearchOptions fewer = options;
    fewer.without = i;
    BACKCAST_TRY(const Search without, optimize(base, plan, fewer));
    if (without.partial) return interrupted();
    RequirementCost cost{scenario.requirements[i].name, "", std::nullopt, 0, 0};
    for (const auto& outcome : found.confirmed_run->requirements) {
      if (outcome.name == cost.name) cost.statement = outcome.statement;
    }
    if (const auto fewer_front = without.front(); !fewer_front.empty()) {
      cost.without = fewer_front.front();
      // What meets all meets the others: a dearer one is luck of the draws.
      cost.less =
          std::max(0.0, front.front().of(options.minimize) - cost.without->of(options.minimize));
      cost.less_a_month = cost.less / months;
    }
    costs.push_back(std::move(cost));
  }
  return costs;
}

Result<Search, Errors> optimize(const BaseScenario& base, const SweepPlan& plan,
                                const SearchOptions& options) {
  return Searcher(base, plan, options).run();
}

}  // namespace backcast::study
