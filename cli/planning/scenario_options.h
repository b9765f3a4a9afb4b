// The options of every verb that runs scenarios, and the scenario they ask about.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/shared/context.h"
#include "study/run/trials.h"
#include "study/vary/chosen.h"
#include "study/vary/varied.h"

namespace backcast::cli {

struct ScenarioOptions {
  std::string file;                             // path, "-", or the name of a shipped scenario
  std::optional<std::string> text;              // of the document itself, which `file` names
  std::optional<std::uint64_t> seed;            // instead of the document's
  std::string until;                            // stop the run here: RFC 3339, or "+90d"
  std::string start;                            // instead of the document's
  std::string history, input, service, source;  // what one service goes on with
  std::string presence;                         // what these restore points share
  std::vector<std::string> changes;             // POINTER=VALUE, into the document
  std::vector<std::string> assumed;             // the same, of what nobody states
  unsigned threads = 0;
  bool bill = true;
  bool writes_ledger = false;
};

// --set; part of the options below.
void add_set_option(CLI::App& verb, ScenarioOptions& options);
void add_scenario_options(CLI::App& verb, ScenarioOptions& options);
// --replications and how sure it is to be.
void add_trial_options(CLI::App& verb, study::TrialOptions& options);

// Reads the scenario, and the history if one is named. Errors: as study::prepare.
Result<study::PreparedScenario, Errors> prepare(const ScenarioOptions& options);
// The same for variants of it.
Result<study::BaseScenario, Errors> read_base(const ScenarioOptions& options);

// --doubled of the verbs that print a run.
void add_doubled_option(CLI::App& verb, bool& doubled);
// What `backcast new` chose for the scenario, with what doubling each does: where `doubled` asks
// for it, or the runs are few restore points. `run`: before it is judged.
std::vector<study::ChosenValue> chosen_values(const study::PreparedScenario& prepared,
                                              const study::ScenarioRun& run,
                                              const sim::RunOptions& how, const study::Watch& watch,
                                              bool doubled);

// Says on standard error what of a run takes long, before it starts.
void say_run_time(const Context& context, const study::PreparedScenario& prepared);
// As study::judge, saying so where one run decides whatever was asked for.
Result<std::optional<study::Trials>, Errors> judge(const Context& context,
                                                   const study::PreparedScenario& prepared,
                                                   const study::TrialOptions& options,
                                                   study::ScenarioRun& run);

}  // namespace backcast::cli
