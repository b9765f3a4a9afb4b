#include "study/run/trials.h"

#include <algorithm>
#include <span>

#include "sim/run/extremes.h"
#include "sim/run/measures.h"

namespace backcast::study {
namespace {

// Replications `first` and on; one alone where nothing is drawn.
Result<Trials, Errors> run_trials(const PreparedScenario& prepared, const TrialOptions& options,
                                  std::uint32_t first) {
  const std::uint32_t count = is_drawn(prepared) ? options.replications : 1;
  TrialRecorder recorder(prepared, count, first);
  sim::ReplicationOptions how = replication_options(options);
  how.count = count;
  how.progress = options.watch.begin("simulating", count, "replications");
  BACKCAST_TRY(sim::Replications runs,
               sim::replicate([&](std::uint32_t r) { return recorder.run(r); }, how));
  return std::move(recorder).finish(std::move(runs));
}

// The verdicts on a variant of the scenario over the same replications. Errors: kInterrupted.
Result<std::vector<sim::Verdict>, Errors> judge_variant(const PreparedScenario& prepared,
                                                        const sim::Scenario& variant,
                                                        const TrialOptions& options,
                                                        std::uint32_t count, std::uint32_t first) {
  sim::Judge judge(variant, count, first);
  sim::RunResult shown;
  const sim::Trial trial = [&](std::uint32_t r) -> Result<sim::Measures, Errors> {
    BACKCAST_TRY(sim::RunResult one,
                 run_variant(prepared, variant, {.replication = first + r, .threads = 1}));
    judge.hear(first + r, one);
    if (r == 0) shown = std::move(one);
    return sim::Measures{};
  };
  sim::ReplicationOptions how;
  how.count = count;
  how.threads = options.threads;
  how.stop = options.watch.stop;
  BACKCAST_TRY(const sim::Replications runs, sim::replicate(trial, how));
  if (runs.partial) return interrupted();
  judge.conclude(count, options.confidence, false, shown);
  std::vector<sim::Verdict> all;
  for (const auto& outcome : shown.requirements) all.push_back(outcome.verdict);
  return all;
}

void drop(sim::Replications& runs, std::string_view measure) {
  const auto found = std::find(runs.names.begin(), runs.names.end(), measure);
  if (found == runs.names.end()) return;
  const auto column = found - runs.names.begin();
  runs.names.erase(found);
  for (auto& row : runs.rows) row.erase(row.begin() + column);
}

}  // namespace

Errors interrupted() {
  return Errors{Error{Errc::kInterrupted, "interrupted", {}, ""}};
}

bool is_drawn(const PreparedScenario& prepared) {
  return sim::is_drawn(prepared.loaded.scenario);
}

sim::ReplicationOptions replication_options(const TrialOptions& options) {
  sim::ReplicationOptions how;
  how.count = options.replications;
  how.target_share = options.within;
  how.target_measure = options.measure;
  how.confidence = options.confidence;
  how.threads = options.threads;
  how.stop = options.watch.stop;
  return how;
}

sim::Measures measures_of(const ScenarioRun& run) {
  sim::Measures measures;
  if (run.invoice) {
    measures.push_back({kCostTotal, cost::to_double(run.invoice->total().amount)});
  }
  for (sim::Measure& m : sim::measures_of(run.result)) measures.push_back(std::move(m));
  return measures;
}

TrialRecorder::TrialRecorder(const PreparedScenario& prepared, std::uint32_t count,
                             std::uint32_t first)
    : prepared_(prepared),
      first_(first),
      bills_(count),
      judge_(std::make_unique<sim::Judge>(prepared.loaded.scenario, count, first)) {}

Result<sim::Measures, Errors> TrialRecorder::run(std::uint32_t r) {
  BACKCAST_TRY(const ScenarioRun run,
               study::run(prepared_, {.replication = first_ + r, .threads = 1}));
  judge_->hear(first_ + r, run.result);
  bills_[r].fillings = fillings_of(run);
  if (run.invoice) {
    if (!run.invoice->is_complete()) is_incomplete_ = true;
    bills_[r].total = run.invoice->total().amount;
    for (const cost::InvoiceLine& line : run.invoice->lines) {
      bills_[r].months[line.month] += line.amount;
    }
  }
  return measures_of(run);
}

Trials TrialRecorder::finish(sim::Replications runs) && {
  const std::size_t count = runs.rows.size();
  if (is_incomplete_) drop(runs, kCostTotal);
  std::vector<std::vector<Filling>> fillings;
  for (std::size_t r = 0; r < count; ++r) fillings.push_back(std::move(bills_[r].fillings));
  return Trials{std::move(runs), std::move(fillings), spread(count), std::move(judge_)};
}

std::optional<Spread> TrialRecorder::spread(std::size_t replications) const {
  std::vector<cost::Decimal> totals;
  std::map<std::chrono::year_month, std::vector<cost::Decimal>> months;
  for (const Bill& bill : std::span(bills_).first(replications)) {
    if (bill.total) totals.push_back(*bill.total);
    for (const auto& [month, amount] : bill.months) months[month].push_back(amount);
  }
  if (totals.empty() || is_incomplete_) return std::nullopt;
  Spread spread{replications, cost::spread_of({}, std::move(totals)), {}};
  for (auto& [month, amounts] : months) {
    amounts.resize(replications);  // a replication without a line that month paid nothing
    spread.months.push_back(cost::spread_of(month, std::move(amounts)));
  }
  return spread;
}

Result<std::optional<Trials>, Errors> judge(const PreparedScenario& prepared,
                                            const TrialOptions& asked, ScenarioRun& run) {
  TrialOptions options = asked;
  if (options.replications == 0) {
    options.replications = sim::wanted_replications(prepared.loaded.scenario);
  }
  const auto first = static_cast<std::uint32_t>(run.result.replication);
  std::optional<Trials> trials;
  if (options.replications != 1 && !run.result.partial) {
    BACKCAST_TRY(trials, run_trials(prepared, options, first));
    run.result.partial = trials->runs.partial;
  }
  const std::size_t done = trials ? trials->runs.rows.size() : 0;
  if (done > 0) {
    trials->judge->conclude(done, options.confidence, trials->runs.partial, run.result);
  } else {
    sim::Judge alone(prepared.loaded.scenario, 1, first);
    alone.hear(first, run.result);
    alone.conclude(1, options.confidence, run.result.partial, run.result);
  }
  if (run.result.partial) return trials;
  const auto count = static_cast<std::uint32_t>(trials ? done : 1);
  const auto told = sim::find_break_evens(
      prepared.loaded.scenario,
      [&](const sim::Scenario& variant) {
        return judge_variant(prepared, variant, options, count, first);
      },
      run.result);
  if (!told.ok() && told.error().front().code != Errc::kInterrupted) return told.error();
  return trials;
}

std::vector<cost::MonthSpend> spend_of(const ScenarioRun& run,
                                       const std::optional<Trials>& trials) {
  return trials && trials->spread ? trials->spread->months : cost::spend_of(*run.invoice);
}

}  // namespace backcast::study
