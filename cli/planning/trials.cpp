#include "cli/planning/trials.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <csignal>
#include <map>
#include <span>

#include "engine/base/bytes.h"
#include "sim/run/extremes.h"
#include "sim/run/measures.h"

namespace backcast::cli {
namespace {

std::atomic<std::atomic<bool>*> g_stop{nullptr};
extern "C" void stop_trials(int) {
  if (auto* flag = g_stop.load()) flag->store(true);
}

reports::CostRange range_of(std::vector<cost::Decimal> values) {
  const cost::MonthSpend spread = cost::spread_of({}, std::move(values));
  return {spread.p05, spread.p50, spread.p95};
}

reports::Cell cell(const std::string& measure, double value) {
  return {exact(value), shown(measure, value)};
}

}  // namespace

// What a replication leaves behind besides its measures.
struct Bills::Bill {
  std::optional<cost::Decimal> total;
  std::map<std::chrono::year_month, cost::Decimal> months;
};

Bills::Bills(std::uint32_t replications) : bills_(replications) {}
Bills::~Bills() = default;

void Bills::keep(std::uint32_t replication, const ScenarioRun& run) {
  Bill& bill = bills_[replication];
  if (!run.invoice) return;
  bill.total = run.invoice->total().amount;
  for (const cost::InvoiceLine& line : run.invoice->lines) {
    bill.months[line.month] += line.amount;
  }
}

std::optional<reports::Spread> Bills::spread(std::size_t replications) const {
  const std::span bills = std::span(bills_).first(replications);
  if (bills.empty()) return std::nullopt;
  reports::Spread spread;
  spread.replications = bills.size();
  std::vector<cost::Decimal> totals;
  std::map<std::chrono::year_month, std::vector<cost::Decimal>> months;
  for (const Bill& bill : bills) {
    if (bill.total) totals.push_back(*bill.total);
    for (const auto& [month, amount] : bill.months) months[month].push_back(amount);
  }
  if (totals.empty()) return std::nullopt;
  spread.total = range_of(std::move(totals));
  for (auto& [month, amounts] : months) {
    amounts.resize(bills.size());  // a replication without a line that month paid nothing
    spread.months.emplace_back(month, range_of(std::move(amounts)));
  }
  return spread;
}

Interruptible::Interruptible() {
  g_stop = &stop;
  std::signal(SIGINT, stop_trials);
  std::signal(SIGTERM, stop_trials);
}
Interruptible::~Interruptible() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  g_stop = nullptr;
}

void add_trial_options(CLI::App& verb, TrialOptions& options) {
  verb.add_option("--replications", options.replications,
                  "Number of replications; with --within, the most to run")
      ->check(CLI::Range(1U, 1'000'000U));
  verb.add_option("--within", options.within,
                  "Stop when the mean is known to within this share, such as 0.01")
      ->check(CLI::PositiveNumber);
  verb.add_option("--measure", options.measure, "The measure whose mean --within looks at")
      ->capture_default_str();
  verb.add_option("--confidence", options.confidence, "Confidence level of the intervals")
      ->check(CLI::Range(0.5, 0.9999))
      ->capture_default_str();
}

sim::Measures measures_of(const ScenarioRun& run) {
  sim::Measures measures;
  if (run.invoice) {
    measures.push_back({"cost_total", cost::to_double(run.invoice->total().amount)});
  }
  for (sim::Measure& m : sim::measures_of(run.result)) measures.push_back(std::move(m));
  return measures;
}

sim::ReplicationOptions replication_options(const TrialOptions& options,
                                            Interruptible& interruptible,
                                            reports::Progress& progress) {
  return {.count = options.replications,
          .target_share = options.within,
          .target_measure = options.measure,
          .confidence = options.confidence,
          .threads = options.threads,
          .stop = &interruptible.stop,
          .progress = [&progress](std::uint32_t done) { progress.advance(done); }};
}

void say_partial(Context& context, std::size_t done, std::size_t of, const std::string& what) {
  note(context, fmt::format("partial: interrupted after {} of {} {}", done, of, what));
  context.exit_code = exit_code(Errc::kInterrupted);
}

Result<Trials, Errors> run_trials(const Context& context, const PreparedScenario& prepared,
                                  const TrialOptions& options, Interruptible& interruptible,
                                  std::uint32_t first) {
  const sim::Scenario& scenario = prepared.loaded.scenario;
  TrialOptions how = options;
  if (!sim::is_drawn(scenario)) {
    if (how.replications > 1) note(context, "nothing in this scenario is drawn: one run decides");
    how.replications = 1;
  }
  Bills bills(how.replications);
  auto judge = std::make_unique<sim::Judge>(scenario, how.replications, first);
  reports::Progress progress(progress_form(context), "simulating", how.replications,
                             "replications");
  const sim::Trial trial = [&](std::uint32_t r) -> Result<sim::Measures, Errors> {
    BACKCAST_TRY(const ScenarioRun run,
                 run_prepared(prepared, {.replication = first + r, .threads = 1}));
    bills.keep(r, run);
    judge->hear(first + r, run.result);
    return measures_of(run);
  };
  BACKCAST_TRY(sim::Replications runs,
               sim::replicate(trial, replication_options(how, interruptible, progress)));
  const std::size_t count = runs.rows.size();
  return Trials{std::move(runs), bills.spread(count), std::move(judge)};
}

namespace {

// Where missing values decide, from where on: the same replications of variants of the scenario.
Result<bool, Errors> tell_break_evens(const PreparedScenario& prepared, std::uint32_t count,
                                      const TrialOptions& options, Interruptible& interruptible,
                                      ScenarioRun& run) {
  const auto first = static_cast<std::uint32_t>(run.result.replication);
  const sim::Verdicts verdicts =
      [&](const sim::Scenario& variant) -> Result<std::vector<sim::Verdict>, Errors> {
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
    how.stop = &interruptible.stop;
    BACKCAST_TRY(const sim::Replications runs, sim::replicate(trial, how));
    if (runs.partial) return Errors{Error{Errc::kInterrupted, "interrupted", {}, ""}};
    judge.conclude(count, options.confidence, false, shown);
    std::vector<sim::Verdict> all;
    for (const auto& outcome : shown.requirements) all.push_back(outcome.verdict);
    return all;
  };
  auto told = sim::find_break_evens(prepared.loaded.scenario, verdicts, run.result);
  const bool interrupted = !told.ok() && told.error().front().code == Errc::kInterrupted;
  if (interrupted) return false;
  return told;
}

}  // namespace

Result<std::optional<Trials>, Errors> judge(const Context& context,
                                            const PreparedScenario& prepared,
                                            const TrialOptions& options,
                                            Interruptible& interruptible, ScenarioRun& run) {
  const auto alone = [&] {
    const auto replication = static_cast<std::uint32_t>(run.result.replication);
    sim::Judge one(prepared.loaded.scenario, 1, replication);
    one.hear(replication, run.result);
    one.conclude(1, options.confidence, run.result.partial, run.result);
  };
  std::optional<Trials> trials;
  std::size_t done = 1;
  if (options.replications == 1 || run.result.partial) {
    alone();
  } else {
    BACKCAST_TRY(trials, run_trials(context, prepared, options, interruptible,
                                    static_cast<std::uint32_t>(run.result.replication)));
    done = trials->runs.rows.size();
    run.result.partial = trials->runs.partial;
    if (done == 0) {
      alone();
    } else {
      trials->judge->conclude(done, options.confidence, trials->runs.partial, run.result);
    }
  }
  if (run.result.partial) return trials;
  BACKCAST_TRY(const bool told, tell_break_evens(prepared, static_cast<std::uint32_t>(done),
                                                 options, interruptible, run));
  (void)told;
  return trials;
}

namespace {
double counts_per_unit(const std::string& measure) {
  const bool has_fractions = measure.starts_with("cost") || measure.ends_with("_hold") ||
                             measure.find("days") != measure.npos;
  return has_fractions ? 100 : 1;
}
}  // namespace

std::optional<std::uint64_t> counted(const sim::Measure& measure) {
  if (!(measure.value >= 0)) return std::nullopt;
  const double count = std::round(measure.value * counts_per_unit(measure.name));
  return count < 0x1p64 ? static_cast<std::uint64_t>(count) : UINT64_MAX;
}

double value_of_count(const std::string& measure, std::uint64_t count) {
  return static_cast<double>(count) / counts_per_unit(measure);
}

std::string exact(double value) {
  return fmt::format("{:.12g}", value);
}

std::string shown(const std::string& measure, double value) {
  const std::string sign = value < 0 ? "-" : "";
  const double size = std::fabs(value);
  if (measure.find("bytes") != measure.npos) {
    if (size >= 0x1p64) return fmt::format("{}{:.2f} EB", sign, size / 1e18);
    return sign + format_bytes(static_cast<std::uint64_t>(size));
  }
  if (measure.find("seconds") != measure.npos) {
    return sign + format_duration(std::chrono::seconds(static_cast<std::int64_t>(size)));
  }
  return fmt::format("{:.2f}", value);
}

reports::Table summary_table(const std::vector<sim::Summary>& summaries, const std::string& name) {
  reports::Table table{name,
                       {{"measure", "Measure"},
                        {"mean", "Mean", true},
                        {"mean_low", "from", true},
                        {"mean_high", "to", true},
                        {"p05", "5 %", true},
                        {"p50", "Median", true},
                        {"p95", "95 %", true},
                        {"p95_low", "from", true},
                        {"p95_high", "to", true}},
                       {}};
  for (const sim::Summary& s : summaries) {
    const auto edge = [&](const sim::Estimate& e, bool high) {
      if (!e.interval) return reports::Cell{"", "-"};
      return cell(s.name, high ? e.interval->high : e.interval->low);
    };
    table.rows.push_back({{s.name, ""},
                          cell(s.name, s.mean.value),
                          edge(s.mean, false),
                          edge(s.mean, true),
                          cell(s.name, s.p05.value),
                          cell(s.name, s.p50.value),
                          cell(s.name, s.p95.value),
                          edge(s.p95, false),
                          edge(s.p95, true)});
  }
  return table;
}

}  // namespace backcast::cli
