// Replications of a scenario for the verbs that need them: simulate, compare, sweep, optimize.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "cli/planning/scenario_run.h"
#include "cli/shared/context.h"
#include "reports/parts/progress.h"
#include "reports/run/run_report.h"
#include "sim/run/judge.h"
#include "sim/run/replicate.h"

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

// What the bills of replications come to.
class Bills {
 public:
  explicit Bills(std::uint32_t replications);
  ~Bills();
  void keep(std::uint32_t replication, const ScenarioRun& run);  // from any thread
  // Over the first `replications`; none without bills.
  std::optional<reports::Spread> spread(std::size_t replications) const;

 private:
  struct Bill;
  std::vector<Bill> bills_;
};

struct Trials {
  sim::Replications runs;
  std::optional<reports::Spread> spread;  // of the bills
  std::unique_ptr<sim::Judge> judge;      // has heard them all
};

// Replications number first, first + 1 and so on; one alone where nothing is drawn. `prepared` must
// outlive what is given back. Errors: usage that no row prices; an unknown measure.
Result<Trials, Errors> run_trials(const Context& context, const PreparedScenario& prepared,
                                  const TrialOptions& options, Interruptible& interruptible,
                                  std::uint32_t first = 0);

// Runs as many replications as are asked for, from that of `run` on, and writes what is to be said
// of every requirement into the run. None where one run is asked for, or it was interrupted.
Result<std::optional<Trials>, Errors> judge(const Context& context,
                                            const PreparedScenario& prepared,
                                            const TrialOptions& options,
                                            Interruptible& interruptible, ScenarioRun& run);

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
