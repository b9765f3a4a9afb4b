#include "cli/trials.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <csignal>
#include <map>
#include <span>

#include "engine/base/bytes.h"
#include "sim/measures.h"

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
  struct Outcome {
    bool holds = true;
    Instant first_failure = sim::kNever;
  };
  std::vector<Outcome> outcomes;  // by requirement
};

Bills::Bills(std::uint32_t replications) : bills_(replications) {}
Bills::~Bills() = default;

void Bills::keep(std::uint32_t replication, const ScenarioRun& run) {
  Bill& bill = bills_[replication];
  for (const auto& outcome : run.result.requirements) {
    bill.outcomes.push_back({outcome.holds, outcome.first_failure});
  }
  if (!run.invoice) return;
  bill.total = run.invoice->total().amount;
  for (const cost::InvoiceLine& line : run.invoice->lines) {
    bill.months[line.month] += line.amount;
  }
}

std::vector<std::vector<Instant>> Bills::failures(std::size_t replications) const {
  std::vector<std::vector<Instant>> failures;
  for (const Bill& bill : std::span(bills_).first(replications)) {
    failures.resize(bill.outcomes.size());
    for (std::size_t i = 0; i < bill.outcomes.size(); ++i) {
      if (!bill.outcomes[i].holds) failures[i].push_back(bill.outcomes[i].first_failure);
    }
  }
  for (auto& of_one : failures) std::sort(of_one.begin(), of_one.end());
  return failures;
}

std::optional<reports::Spread> Bills::spread(std::size_t replications) const {
  const std::span bills = std::span(bills_).first(replications);
  if (bills.empty()) return std::nullopt;
  reports::Spread spread;
  spread.replications = bills.size();
  spread.held.resize(bills.front().outcomes.size());
  std::vector<cost::Decimal> totals;
  std::map<std::chrono::year_month, std::vector<cost::Decimal>> months;
  for (const Bill& bill : bills) {
    for (std::size_t i = 0; i < bill.outcomes.size(); ++i) {
      spread.held[i] += bill.outcomes[i].holds ? 1 : 0;
    }
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
                  "Run this often with other draws; with --within, at most this often")
      ->check(CLI::Range(1U, 1'000'000U));
  verb.add_option("--within", options.within,
                  "Stop when the mean is known to this share, such as 0.01")
      ->check(CLI::PositiveNumber);
  verb.add_option("--measure", options.measure, "Which mean --within looks at")
      ->capture_default_str();
  verb.add_option("--confidence", options.confidence, "Of every interval")
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
                                  const TrialOptions& options, Interruptible& interruptible) {
  Bills bills(options.replications);
  reports::Progress progress(progress_form(context), "simulating", options.replications,
                             "replications");
  const sim::Trial trial = [&](std::uint32_t r) -> Result<sim::Measures, Errors> {
    BACKCAST_TRY(const ScenarioRun run, run_prepared(prepared, {.replication = r, .threads = 1}));
    bills.keep(r, run);
    return measures_of(run);
  };
  BACKCAST_TRY(sim::Replications runs,
               sim::replicate(trial, replication_options(options, interruptible, progress)));
  const std::size_t count = runs.rows.size();
  return Trials{std::move(runs), bills.spread(count), bills.failures(count)};
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
  return static_cast<std::uint64_t>(std::llround(measure.value * counts_per_unit(measure.name)));
}

double value_of_count(const std::string& measure, std::uint64_t count) {
  return static_cast<double>(count) / counts_per_unit(measure);
}

bool has_quantiles(const sim::Scenario& scenario) {
  return std::any_of(scenario.requirements.begin(), scenario.requirements.end(),
                     [](const sim::Requirement& r) { return r.quantile.has_value(); });
}

namespace {

sim::ReplicatedOutcome replicated(const Trials& trials, std::size_t requirement,
                                  double confidence) {
  const std::vector<Instant>& failures = trials.failures[requirement];
  sim::ReplicatedOutcome told;
  told.replications = trials.runs.rows.size();
  told.held = trials.held(requirement);
  told.confidence = confidence;
  const auto share = sim::share_estimate(told.held, told.replications, confidence);
  told.share_low = share.interval->low;
  told.share_high = share.interval->high;
  if (!failures.empty()) {
    told.earliest_failure = failures.front();
    told.median_failure = failures[(failures.size() - 1) / 2];
  }
  return told;
}

void judge_quantile(double quantile, sim::RequirementOutcome& outcome) {
  const std::string share = fmt::format("{:g} %", 100 * quantile);
  outcome.statement += fmt::format(", in {} of replications", share);
  outcome.checked = outcome.replicated.has_value();
  if (!outcome.checked) {
    outcome.observed = "one run cannot tell: give --replications";
    return;
  }
  const auto [held, all] = std::pair(outcome.replicated->held, outcome.replicated->replications);
  outcome.holds = static_cast<double>(held) >= quantile * static_cast<double>(all);
  outcome.limit = share;
  outcome.observed += " in the first run";
}

}  // namespace

void judge(const sim::Scenario& scenario, const Trials* trials, double confidence,
           sim::RunResult& result) {
  const bool is_replicated = trials != nullptr && !trials->runs.rows.empty();
  for (std::size_t i = 0; i < result.requirements.size(); ++i) {
    sim::RequirementOutcome& outcome = result.requirements[i];
    if (is_replicated) outcome.replicated = replicated(*trials, i, confidence);
    if (const auto& quantile = scenario.requirements[i].quantile)
      judge_quantile(*quantile, outcome);
  }
}

std::string exact(double value) {
  return fmt::format("{:.12g}", value);
}

std::string shown(const std::string& measure, double value) {
  const std::string sign = value < 0 ? "-" : "";
  const double size = std::fabs(value);
  if (measure.find("bytes") != measure.npos) {
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
