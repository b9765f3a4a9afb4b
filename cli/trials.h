// Replications of a scenario for the verbs that need them: simulate, compare, sweep, optimize.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/context.h"
#include "cli/scenario_run.h"
#include "reports/progress.h"
#include "reports/run_report.h"
#include "sim/replicate.h"

namespace backcast::cli {

struct TrialOptions {
  std::uint32_t replications = 1;
  std::optional<double> within;  // stop once the mean of `measure` is known to this share
  std::string measure = "cost_total";
  double confidence = 0.95;
  unsigned threads = 0;
};
void add_trial_options(CLI::App& verb, TrialOptions& options);

// sim::measures_of and, where there is a bill, "cost_total" in its currency.
sim::Measures measures_of(const ScenarioRun& run);

// Ctrl-C while this lives sets stop; the verb then prints what is known and exits with 130.
class Interruptible {
 public:
  Interruptible();
  ~Interruptible();
  std::atomic<bool> stop{false};
};

sim::ReplicationOptions replication_options(const TrialOptions& options,
                                            Interruptible& interruptible,
                                            reports::Progress& progress);
// Marks an interrupted result on standard error and sets the exit code.
void say_partial(Context& context, std::size_t done, std::size_t of, const std::string& what);

// What the bills and requirements of replications come to.
class Bills {
 public:
  explicit Bills(std::uint32_t replications);
  ~Bills();
  void keep(std::uint32_t replication, const ScenarioRun& run);  // from any thread
  // Over the first `replications`; none without bills.
  std::optional<reports::Spread> spread(std::size_t replications) const;
  // By requirement: when it first failed, in each replication in which it did, rising.
  std::vector<std::vector<Instant>> failures(std::size_t replications) const;

 private:
  struct Bill;
  std::vector<Bill> bills_;
};

struct Trials {
  sim::Replications runs;
  std::optional<reports::Spread> spread;       // of bills and requirements
  std::vector<std::vector<Instant>> failures;  // first ones of each requirement, rising

  std::uint64_t held(std::size_t requirement) const {
    return runs.rows.size() - failures[requirement].size();
  }
};

// Errors: usage that no row prices; an unknown measure.
Result<Trials, Errors> run_trials(const Context& context, const PreparedScenario& prepared,
                                  const TrialOptions& options, Interruptible& interruptible);

// Adds to every requirement's outcome in how many replications it held and when it first failed,
// and judges those that speak of a quantile by that; without replications these stay unchecked,
// since one run cannot tell.
void judge(const sim::Scenario& scenario, const Trials* trials, double confidence,
           sim::RunResult& result);
bool has_quantiles(const sim::Scenario& scenario);

// One row per measure: mean with its interval, median, 5th and 95th percentile with theirs.
reports::Table summary_table(const std::vector<sim::Summary>& summaries, const std::string& name);
// A value as histograms count it: bytes, seconds and counts whole; money, days and shares in
// hundredths; nullopt for what is negative. And back.
std::optional<std::uint64_t> counted(const sim::Measure& measure);
double value_of_count(const std::string& measure, std::uint64_t count);
// How a value of this measure is shown to people.
std::string shown(const std::string& measure, double value);
// Twelve significant digits: more than any estimate knows, the same on every machine.
std::string exact(double value);

}  // namespace backcast::cli
