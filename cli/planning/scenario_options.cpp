#include "cli/planning/scenario_options.h"

#include <CLI/CLI.hpp>

#include "cli/policy/history_input.h"
#include "engine/base/errors.h"
#include "scenarios/load/run_time.h"

namespace backcast::cli {
namespace {

// The history and start that the options name, read.
Result<scenario::Given> read_given(const ScenarioOptions& options) {
  scenario::Given given;
  if (!options.start.empty()) {
    BACKCAST_TRY(const StampedInstant start, parse_instant(options.start));
    given.start = start.instant;
  }
  if (options.history.empty()) {
    if (options.service.empty() && options.source.empty() && options.presence.empty()) {
      return given;
    }
    return bad_input("--service, --source and --presence belong to --history");
  }
  BACKCAST_TRY(given.history, read_history(options.history, options.input, policy::Zone::utc()));
  given.history_name = options.history;
  given.service = options.service;
  given.source = options.source;
  given.presence = options.presence;
  return given;
}

Result<study::Question> read_question(const ScenarioOptions& options) {
  study::Question question;
  question.name = options.file;
  question.seed = options.seed;
  question.until = options.until;
  BACKCAST_TRY(question.given, read_given(options));
  BACKCAST_TRY(question.changes, study::parse_field_values(options.changes));
  BACKCAST_TRY(question.assumed, study::parse_field_values(options.assumed));
  question.bill = options.bill;
  question.tells_ages = options.writes_ledger;
  return question;
}

struct Asked {
  scenario::Loaded written;
  study::Question question;
};

Result<scenario::Loaded, Errors> load(const ScenarioOptions& options,
                                      const scenario::Given& given) {
  if (!options.text) return scenario::load_file(options.file, given);
  BACKCAST_TRY(const Document document, all_errors(Document::parse(*options.text, options.file)));
  BACKCAST_TRY(scenario::Loaded loaded, scenario::load(document, given));
  loaded.text = *options.text;
  return loaded;
}

Result<Asked, Errors> ask(const ScenarioOptions& options) {
  BACKCAST_TRY(study::Question question, all_errors(read_question(options)));
  BACKCAST_TRY(scenario::Loaded written, load(options, question.given));
  return Asked{std::move(written), std::move(question)};
}

}  // namespace

void add_set_option(CLI::App& verb, ScenarioOptions& options) {
  verb.add_option("--set", options.changes,
                  "What if: POINTER=VALUE gives a field of the document another value, such as "
                  "'/services/0/growth/per_year=60%'; repeat")
      ->type_name("TEXT")
      ->allow_extra_args(false);
}

void add_scenario_options(CLI::App& verb, ScenarioOptions& options) {
  verb.add_option("--seed", options.seed, "Use this random seed instead of the scenario's");
  verb.add_option("--until", options.until,
                  "Stop the run here: 2026-06-30, or +90d after its start");
  verb.add_option("--start", options.start,
                  "Begin the run here instead of at the scenario's start");
  verb.add_option("--history", options.history,
                  "Restore points a service goes on with: what `backcast import` wrote, or an "
                  "export read directly");
  verb.add_option("--input", options.input, "What wrote it, if it is not recognised");
  verb.add_option("--service", options.service, "Which service, if the scenario has several");
  verb.add_option(
      "--source", options.source,
      "Which source of the history, if it has several: a host, a path, or user@host:path");
  verb.add_option("--presence", options.presence,
                  "What the restore points of --history share, exactly: what `backcast stats "
                  "--presence` prints")
      ->type_name("FILE");
  add_set_option(verb, options);
  verb.add_option("--assume", options.assumed,
                  "A value that nobody states, such as '/services/0/job/rate=100 MB/s': the "
                  "verdict is then under this assumption and says so; repeat")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  verb.add_option("--threads", options.threads, "Threads; the result does not depend on it")
      ->check(CLI::Range(0, 1024));
}

void add_trial_options(CLI::App& verb, study::TrialOptions& options) {
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

Result<study::PreparedScenario, Errors> prepare(const ScenarioOptions& options) {
  BACKCAST_TRY(Asked asked, ask(options));
  return study::prepare(std::move(asked.written), asked.question);
}

Result<study::BaseScenario, Errors> read_base(const ScenarioOptions& options) {
  BACKCAST_TRY(Asked asked, ask(options));
  return study::base_of(std::move(asked.written), asked.question);
}

void add_doubled_option(CLI::App& verb, bool& doubled) {
  verb.add_flag("--doubled", doubled,
                "Say of every value that `backcast new` chose what doubling it does, also where "
                "that takes many runs of many restore points");
}

std::vector<study::ChosenValue> chosen_values(const study::PreparedScenario& prepared,
                                              const study::ScenarioRun& run,
                                              const sim::RunOptions& how, const study::Watch& watch,
                                              bool doubled) {
  auto chosen = study::chosen_values(prepared);
  study::double_each(prepared, run, doubled ? UINT64_MAX : study::kMostDoubledPoints, how, watch,
                     chosen);
  return chosen;
}

void say_run_time(const Context& context, const study::PreparedScenario& prepared) {
  for (const auto& planning : scenario::long_planning(prepared.loaded.scenario)) {
    note(context, "one run takes " + planning.words());
  }
}

Result<std::optional<study::Trials>, Errors> judge(const Context& context,
                                                   const study::PreparedScenario& prepared,
                                                   const study::TrialOptions& options,
                                                   study::ScenarioRun& run) {
  if (options.replications > 1 && !run.result.partial && !study::is_drawn(prepared)) {
    note(context, "nothing in this scenario is drawn: one run decides");
  }
  return study::judge(prepared, options, run);
}

}  // namespace backcast::cli
