#include <CLI/CLI.hpp>
#include <memory>

#include "cli/output_file.h"
#include "cli/scenario_run.h"
#include "cli/trials.h"
#include "cli/verbs.h"

namespace backcast::cli {
namespace {

constexpr std::uint32_t kReplicationsOfQuantiles = 200;

struct Options {
  std::vector<std::string> files;
  ScenarioOptions scenario;
  std::string junit;
  TrialOptions trials;
  bool explain = false, allow_unchecked = false;
};

void print_outcomes(Context& context, const Options& options,
                    const std::vector<reports::RunReport>& results) {
  for (const reports::RunReport& result : results) {
    switch (context.format) {
      case Format::kJson:
        print(reports::to_json(result));
        break;
      case Format::kMarkdown:
        print(reports::to_markdown(result));
        break;
      case Format::kCsv:
        print(context, reports::requirements_table(*result.run));
        break;
      case Format::kText:
        print(reports::to_terminal(result, {.explain = options.explain}));
        break;
    }
  }
}

// A run, and as many replications as its requirements need.
Result<ScenarioRun, Errors> run_judged(const Context& context, const Options& options,
                                       const ScenarioOptions& one, Interruptible& interruptible) {
  BACKCAST_TRY(const PreparedScenario prepared, prepare(one));
  BACKCAST_TRY(ScenarioRun run,
               run_prepared(prepared, {.threads = one.threads, .stop = &interruptible.stop}));
  if (!has_quantiles(prepared.loaded.scenario) || run.result.partial) return run;
  TrialOptions how = options.trials;
  how.threads = one.threads;
  if (how.replications == 1) how.replications = kReplicationsOfQuantiles;
  BACKCAST_TRY(const Trials trials, run_trials(context, prepared, how, interruptible));
  run.result.partial = trials.runs.partial;
  judge(prepared.loaded.scenario, &trials, how.confidence, run.result);
  return run;
}

void validate(Context& context, const Options& options) {
  std::vector<ScenarioRun> runs;
  Errors errors;
  Interruptible interruptible;
  for (const std::string& file : options.files) {
    if (interruptible.stop) break;
    ScenarioOptions one = options.scenario;
    one.file = file;
    auto run = run_judged(context, options, one, interruptible);
    if (run.ok()) {
      runs.push_back(std::move(run).value());
    } else {
      errors.insert(errors.end(), run.error().begin(), run.error().end());
    }
  }
  if (!errors.empty()) return report(context, errors);
  std::vector<reports::RunReport> results;
  for (const ScenarioRun& run : runs) results.push_back(run.report());
  if (!options.junit.empty()) {
    if (auto status = write_output(options.junit, reports::to_junit(results)); !status.ok()) {
      return report(context, status.error());
    }
  }
  print_outcomes(context, options, results);
  for (const ScenarioRun& run : runs) {
    if (run.result.requirements.empty()) {
      note(context, run.file + ": the scenario states no requirements, so nothing was proved");
    }
    if (!sim::all_hold(run.result)) context.exit_code = 1;
    for (const sim::RequirementOutcome& outcome : run.result.requirements) {
      if (outcome.checked || options.allow_unchecked) continue;
      note(context, run.file + ": " + outcome.name + " could not be checked: " + outcome.observed);
      context.exit_code = 1;
    }
  }
  if (interruptible.stop) say_partial(context, runs.size(), options.files.size(), "scenarios");
}

}  // namespace

void add_validate(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb =
      app.add_subcommand("validate",
                         "Prove that every requirement of a scenario holds; exit code 1 and a "
                         "counterexample if not\n\n"
                         "  backcast validate scenarios/policy-that-fails.json\n"
                         "  backcast validate policies/*.json --junit results.xml\n"
                         "  backcast validate my.json --markdown >> \"$GITHUB_STEP_SUMMARY\"");
  verb->add_option("scenarios", options->files,
                   "Scenario files, \"-\", or names of shipped scenarios")
      ->required();
  add_scenario_options(*verb, options->scenario);
  verb->add_option("--replications", options->trials.replications,
                   "For requirements that speak of a quantile; 200 if left out")
      ->check(CLI::Range(1U, 1'000'000U));
  verb->add_option("--junit", options->junit, "Also write JUnit XML here, one case a requirement");
  verb->add_flag("--explain", options->explain, "Traces and every invoice line");
  verb->add_flag("--allow-unchecked", options->allow_unchecked,
                 "Requirements that nothing in the run could test do not fail");
  verb->callback([options, &context] { validate(context, *options); });
}

}  // namespace backcast::cli
