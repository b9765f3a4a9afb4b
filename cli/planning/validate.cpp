#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/planning/scenario_options.h"
#include "cli/planning/watch.h"
#include "cli/shared/output_file.h"
#include "cli/shared/parser_view.h"
#include "cli/shared/verbs.h"
#include "reports/run/run_report.h"

namespace backcast::cli {
namespace {

struct Options {
  std::vector<std::string> files;
  ScenarioOptions scenario;
  std::string junit;
  study::TrialOptions trials;  // replications 0: as many as the requirements need
  bool explain = false, allow_unknown = false, doubled = false;
};

void print_outcomes(Context& context, const Options& options,
                    const std::vector<reports::RunReport>& results) {
  if (context.format == Format::kCsv && options.files.size() > 1) {
    return print(context, reports::requirements_table(results));
  }
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
        print(reports::to_terminal(result, {.color = context.color, .explain = options.explain}));
        break;
    }
  }
}

struct Judged {
  study::PreparedScenario prepared;
  study::ScenarioRun run;
  std::vector<study::ChosenValue> chosen;
};

// A run, and as many replications as its requirements need.
Result<Judged, Errors> run_judged(const Context& context, const Options& options,
                                  const ScenarioOptions& one, const study::Watch& watch) {
  BACKCAST_TRY(study::PreparedScenario prepared, prepare(one));
  say_run_time(context, prepared);
  BACKCAST_TRY(study::ScenarioRun run,
               study::run(prepared, {.threads = one.threads, .stop = watch.stop}));
  auto chosen = chosen_values(prepared, run, {.threads = one.threads, .stop = watch.stop}, watch,
                              options.doubled);
  study::TrialOptions how = options.trials;
  how.threads = one.threads;
  how.watch = watch;
  BACKCAST_TRY(const auto trials, judge(context, prepared, how, run));
  return Judged{std::move(prepared), std::move(run), std::move(chosen)};
}

bool passes(const Options& options, const sim::RunResult& run) {
  const sim::Verdict verdict = sim::verdict_of(run);
  return verdict == sim::Verdict::kHolds ||
         (verdict == sim::Verdict::kUnknown && options.allow_unknown);
}

// The replication whose counterexample is shown, if it is not the one that the rest is about.
void say_how_to_replay(const Context& context, const std::string& file, const sim::RunResult& run) {
  for (const sim::RequirementOutcome& outcome : run.requirements) {
    if (outcome.verdict != sim::Verdict::kFails || !outcome.replicated) continue;
    note(context, fmt::format("{} first fails in replication {}: backcast simulate {} "
                              "--replication {} --events",
                              outcome.name, outcome.replicated->first_failing, file,
                              outcome.replicated->first_failing));
  }
}

void validate(Context& context, const Options& options) {
  std::vector<Judged> all;
  Errors errors;
  std::vector<reports::NotRun> not_run;
  Interruptible interruptible;
  for (const std::string& file : options.files) {
    if (interruptible.stop) break;
    ScenarioOptions one = options.scenario;
    one.file = file;
    auto judged = run_judged(context, options, one, watch_of(context, interruptible));
    if (judged.ok()) {
      all.push_back(std::move(judged).value());
    } else {
      not_run.push_back({file, ""});
      for (const Error& error : judged.error()) not_run.back().why += to_string(error) + '\n';
      errors.insert(errors.end(), judged.error().begin(), judged.error().end());
    }
  }
  std::vector<reports::RunReport> results;
  for (const Judged& one : all) {
    results.push_back(reports::report_of(one.prepared, one.run));
    results.back().chosen = one.chosen;
  }
  if (!options.junit.empty()) {
    if (auto status =
            write_output(options.junit, reports::to_junit(results, options.allow_unknown, not_run));
        !status.ok()) {
      return report(context, status.error());
    }
  }
  if (!results.empty()) print_outcomes(context, options, results);
  for (const Judged& one : all) {
    const sim::RunResult& run = one.run.result;
    if (run.requirements.empty()) {
      note(context,
           one.prepared.name + ": the scenario states no requirements, so nothing was proved");
    }
    if (!passes(options, run)) context.exit_code = 1;
    say_how_to_replay(context, one.prepared.name, run);
  }
  if (!errors.empty()) report(context, errors);
  if (interruptible.stop) say_partial(context, all.size(), options.files.size(), "scenarios");
}

}  // namespace

void add_validate(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  options->trials.replications = 0;
  auto* verb =
      app.add_subcommand("validate",
                         "Prove that every requirement of a scenario holds: exit code 0 only for "
                         "HOLDS, 1 for FAILS (with a counterexample) and UNKNOWN\n\n"
                         "  backcast validate scenarios/policy-that-fails.json\n"
                         "  backcast validate policies/*.json --junit results.xml\n"
                         "  backcast validate my.json --markdown >> \"$GITHUB_STEP_SUMMARY\"");
  verb->add_option("scenarios", options->files,
                   "Scenario files, \"-\", or names of shipped scenarios")
      ->required()
      ->type_name(kScenarioType);
  add_scenario_options(*verb, options->scenario);
  verb->add_option("--replications", options->trials.replications,
                   "Where something is drawn: 200 if left out, or 3/(1 - quantile) if that is more")
      ->check(CLI::Range(1U, 1'000'000U));
  verb->add_option("--junit", options->junit,
                   "Also write JUnit XML here, one case per requirement");
  verb->add_flag("--explain", options->explain, "Traces and every invoice line");
  add_doubled_option(*verb, options->doubled);
  verb->add_flag("--allow-unknown", options->allow_unknown,
                 "Exit code 0 for UNKNOWN, too; it is still called so");
  verb->callback([options, &context] { validate(context, *options); });
}

}  // namespace backcast::cli
