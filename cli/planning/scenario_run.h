// Load a scenario, run it, bill it: what simulate, validate and compare have in common.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/shared/context.h"
#include "costmodel/bill/invoice.h"
#include "engine/base/error.h"
#include "reports/run/run_report.h"
#include "scenarios/load/load.h"
#include "sim/model/result.h"
#include "sim/run/run.h"

namespace backcast::cli {

struct ScenarioOptions {
  std::string file;                             // path, "-", or the name of a shipped scenario
  std::optional<std::uint64_t> seed;            // instead of the document's
  std::string until;                            // stop the run here: RFC 3339, or "+90d"
  std::string start;                            // instead of the document's
  std::string history, input, service, source;  // what one service goes on with
  std::vector<std::string> changes;             // POINTER=VALUE, into the document
  std::vector<std::string> assumed;             // the same, of what nobody states
  unsigned threads = 0;
  bool bill = true;
  bool writes_ledger = false;
};

struct ScenarioRun {
  scenario::Loaded loaded;
  sim::RunResult result;
  std::optional<cost::Invoice> invoice;  // none without a price book
  std::string file, text;

  reports::RunReport report() const;
};

// A scenario that is ready to run, as often as wanted and from several threads.
struct PreparedScenario {
  scenario::Loaded loaded;
  std::shared_ptr<const cost::PriceBook> book;  // null: no bill
  std::string file;
  std::vector<std::string> not_billed;  // as RunResult::not_billed
  std::vector<sim::Scenario> extremes;  // of its scenario, see sim/run/extremes.h
};

// The history and start that the options name, read.
Result<scenario::Given, Errors> read_given(const ScenarioOptions& options);

// The document with the changes that the options name.
Result<scenario::Loaded, Errors> load_scenario(const ScenarioOptions& options,
                                               const scenario::Given& given);

// The price book is found and checked before anything is simulated. Errors: every fault of the
// document or the book.
Result<PreparedScenario, Errors> prepare(const ScenarioOptions& options);
// The same for a document that was read, or made, before.
Result<PreparedScenario, Errors> prepare(scenario::Loaded loaded, const ScenarioOptions& options);

// Where a time that decides is stated by nobody, its extremes run as well, and the requirements
// tell what all of them share. Errors: the usage that no row prices.
Result<ScenarioRun, Errors> run_prepared(const PreparedScenario& prepared,
                                         const sim::RunOptions& options);

// The same for a variant of its scenario, which runs as it is.
Result<sim::RunResult, Errors> run_variant(const PreparedScenario& prepared,
                                           const sim::Scenario& variant,
                                           const sim::RunOptions& options);

// Says on standard error what of a run takes long, before it starts.
void say_run_time(const Context& context, const PreparedScenario& prepared);
Result<ScenarioRun, Errors> run_scenario(const ScenarioOptions& options);

// --set; part of the options below.
void add_set_option(CLI::App& verb, ScenarioOptions& options);
// Options that every verb running scenarios has.
void add_scenario_options(CLI::App& verb, ScenarioOptions& options);

}  // namespace backcast::cli
