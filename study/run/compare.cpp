#include "study/run/compare.h"

#include "engine/base/errors.h"

namespace backcast::study {
namespace {

const std::string kOfB = "B: ";  // before B's measures while both stand in one row

// The two sides of replications whose rows hold the measures of both.
std::pair<sim::Replications, sim::Replications> sides_of(const sim::Replications& both) {
  std::pair<sim::Replications, sim::Replications> sides;
  for (sim::Replications* side : {&sides.first, &sides.second}) {
    side->partial = both.partial;
    side->rows.resize(both.rows.size());
  }
  for (std::size_t m = 0; m < both.names.size(); ++m) {
    const bool is_b = both.names[m].starts_with(kOfB);
    sim::Replications& side = is_b ? sides.second : sides.first;
    side.names.push_back(is_b ? both.names[m].substr(kOfB.size()) : both.names[m]);
    for (std::size_t r = 0; r < both.rows.size(); ++r) side.rows[r].push_back(both.rows[r][m]);
  }
  return sides;
}

}  // namespace

void share_luck(const PreparedScenario& a, PreparedScenario& b) {
  b.loaded.scenario.seed = a.loaded.scenario.seed;
  for (sim::Scenario& extreme : b.extremes) extreme.seed = a.loaded.scenario.seed;
}

Result<Comparison, Errors> compare(const PreparedScenario& a, const PreparedScenario& b,
                                   const TrialOptions& options) {
  TrialRecorder recorder_a(a, options.replications), recorder_b(b, options.replications);
  const sim::Trial trial = [&](std::uint32_t r) -> Result<sim::Measures, Errors> {
    BACKCAST_TRY(sim::Measures both, recorder_a.run(r));
    BACKCAST_TRY(const sim::Measures of_b, recorder_b.run(r));
    for (const sim::Measure& m : of_b) both.push_back({kOfB + m.name, m.value});
    return both;
  };
  sim::ReplicationOptions how = replication_options(options);
  how.progress = options.watch.begin("comparing", options.replications, "pairs");
  BACKCAST_TRY(const sim::Replications both, sim::replicate(trial, how));
  if (both.rows.empty()) {
    return interrupted();
  }
  auto [runs_a, runs_b] = sides_of(both);
  Trials of_a = std::move(recorder_a).finish(std::move(runs_a));
  Trials of_b = std::move(recorder_b).finish(std::move(runs_b));
  BACKCAST_TRY(sim::Replications difference,
               all_errors(sim::paired_difference(of_b.runs, of_a.runs)));
  return Comparison{std::move(of_a), std::move(of_b), std::move(difference)};
}

std::vector<Difference> differences_of(const Comparison& comparison, double confidence) {
  std::vector<Difference> result;
  for (sim::Summary& s : sim::summarize(comparison.difference, confidence)) {
    const auto mean = [&](const Trials& side) {
      return sim::mean_estimate(side.runs.column(s.name), confidence).value;
    };
    result.push_back({s.name, mean(comparison.a), mean(comparison.b), s.mean});
  }
  return result;
}

Result<std::pair<ScenarioRun, ScenarioRun>, Errors> run_both(const PreparedScenario& a,
                                                             const PreparedScenario& b,
                                                             const Comparison& comparison,
                                                             const TrialOptions& options) {
  const auto one = [&](const PreparedScenario& prepared,
                       const Trials& trials) -> Result<ScenarioRun, Errors> {
    BACKCAST_TRY(ScenarioRun run, study::run(prepared, {.threads = options.threads}));
    trials.judge->conclude(comparison.difference.rows.size(), options.confidence,
                           trials.runs.partial, run.result);
    return run;
  };
  BACKCAST_TRY(ScenarioRun run_a, one(a, comparison.a));
  BACKCAST_TRY(ScenarioRun run_b, one(b, comparison.b));
  return std::pair{std::move(run_a), std::move(run_b)};
}

}  // namespace backcast::study
