#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "cli/planning/from_server.h"
#include "cli/planning/scenario_options.h"
#include "cli/planning/watch.h"
#include "cli/shared/bill_options.h"
#include "cli/shared/budget_option.h"
#include "cli/shared/output_file.h"
#include "cli/shared/parser_view.h"
#include "cli/shared/verbs.h"
#include "costmodel/bill/usage_file.h"
#include "engine/base/errors.h"
#include "reports/run/measure_tables.h"
#include "reports/run/run_report.h"
#include "sim/words/decisions.h"
#include "sim/words/words.h"

namespace backcast::cli {
namespace {

struct Options {
  ScenarioOptions scenario;
  FromServer service;
  study::TrialOptions trials;
  std::uint32_t replication = 0;  // the one that is shown
  bool explain = false, events = false, backups = false, doubled = false;
  std::string report, ledger, budget, decisions;
  SumOptions sums;
  BillFiles files;

  bool shows_sums() const { return !sums.by.empty() || sums.dearest > 0; }
};

// The usage that the bill is made of, for `price`. Fleets hand it over while they run.
class LedgerFile {
 public:
  explicit LedgerFile(const std::string& path) {
    if (!path.empty()) file_.emplace(OutputFile::create(path));
  }
  void append(const UsageRecord& record) {
    if (!file_ || !file_->ok() || !status_.ok()) return;
    status_ = (*file_)->append(cost::to_json_line(record));
  }
  Status finish(const sim::RunResult& run) {
    if (!file_) return kOk;
    if (!file_->ok()) return file_->error();
    for (const UsageRecord& record : run.billed) append(record);
    BACKCAST_CHECK(status_);
    return (*file_)->finish();
  }

 private:
  std::optional<Result<OutputFile>> file_;
  Status status_ = kOk;
};

reports::Table events_table(const reports::RunReport& report) {
  const sim::RunResult& run = *report.run;
  reports::Table table{"events",
                       {{"at", "When"},
                        {"kind", "Event"},
                        {"service", "Service"},
                        {"region", "Region"},
                        {"text", "What happened"}},
                       {}};
  for (const sim::LogEvent& event : run.log) {
    table.rows.push_back({{format_instant(event.at), ""},
                          {policy::name(event.kind), ""},
                          {event.service == sim::kNone ? "" : run.services[event.service].name, ""},
                          {sim::region_of(*report.scenario, run, event), ""},
                          {sim::log_text(*report.scenario, run, event), ""}});
  }
  return table;
}

void what_next(const Context& context, const Options& options) {
  if (options.scenario.text && options.service.output.empty()) {
    return note(context,
                "\nNext:\n  backcast simulate --from-server -o now.json   keeps the scenario, to "
                "change it and to validate it");
  }
  std::string file = options.scenario.file;
  for (const auto& [flag, value] : {std::pair{" --history ", &options.scenario.history},
                                    std::pair{" --service ", &options.scenario.service},
                                    std::pair{" --source ", &options.scenario.source},
                                    std::pair{" --presence ", &options.scenario.presence},
                                    std::pair{" --start ", &options.scenario.start}}) {
    if (!value->empty()) file += flag + *value;
  }
  note(context, "\nNext:");
  note(context, "  backcast simulate " + file + " --events          every event of the run");
  note(context,
       "  backcast simulate " + file + " --backups         every restore point and its fate");
  note(context, "  backcast simulate " + file + " --report out.html one page to pass on");
  note(context,
       "  backcast validate " + file + "                   exit code 0 only if all of it holds");
}

// What many replications say, in place of the report of one.
void print_trials(Context& context, const Options& options, const study::Trials& trials) {
  const auto summaries = sim::summarize(trials.runs, options.trials.confidence);
  if (context.format == Format::kText) {
    print(fmt::format("\nOver {} replications, {:g} % intervals{}\n\n", trials.runs.rows.size(),
                      100 * options.trials.confidence,
                      trials.runs.partial ? " (partial: interrupted)" : ""));
  }
  print(context, reports::summary_table(summaries, "replications"));
}

Result<study::ScenarioRun, Errors> run_once(const Options& options,
                                            const study::PreparedScenario& prepared,
                                            const study::Watch& watch, LedgerFile& ledger) {
  sim::RunOptions how;
  how.replication = options.replication;
  how.threads = options.scenario.threads;
  how.stop = watch.stop;
  how.together = !options.decisions.empty();
  how.progress = watch.begin("simulating", sim::services_of(prepared.loaded.scenario), "services");
  how.ledger = [&](const UsageRecord& record) { ledger.append(record); };
  return study::run(prepared, how);
}

// The bill summed up, and what is not in the sums.
void print_sums(const Context& context, const Options& options, const cost::Invoice& invoice,
                std::span<const cost::Dimension> by) {
  reports::Table table =
      sums_table(options.sums, by, cost::showback(invoice, by),
                 std::string(invoice.total().currency.code()), invoice.is_complete());
  print_bill_table(context, std::move(table));
  for (const Error& error : cost::to_errors(invoice.missing)) note(context, to_string(error));
}

void print_run(Context& context, const Options& options, const study::ScenarioRun& run,
               const reports::RunReport& result, const std::optional<study::Trials>& trials,
               std::span<const cost::Dimension> by) {
  if (options.events) return print(context, events_table(result));
  if (options.backups) return print(context, reports::backups_table(result));
  if (options.shows_sums()) return print_sums(context, options, *run.invoice, by);
  switch (context.format) {
    case Format::kJson:
      return print(reports::to_json(result, options.explain));
    case Format::kMarkdown:
      return print(reports::to_markdown(result));
    case Format::kCsv:
      if (trials) return print_trials(context, options, *trials);
      if (run.invoice) return print(context, reports::invoice_table(*run.invoice));
      return print(context, reports::backups_table(result));
    case Format::kText:
      break;
  }
  print(reports::to_terminal(result, {.color = context.color, .explain = options.explain}));
  if (trials) print_trials(context, options, *trials);
  what_next(context, options);
}

// Without --by the dearest are services.
Result<std::vector<cost::Dimension>> dimensions_of(const Options& options) {
  return cost::parse_dimensions(options.sums.by.empty() ? "service" : options.sums.by);
}

// What only a bill can give.
Status check_bill(const Options& options, const study::ScenarioRun& run) {
  const bool wants_bill = options.shows_sums() || !options.budget.empty() ||
                          !options.files.focus.empty() || !options.files.xlsx.empty();
  if (run.invoice || !wants_bill) return kOk;
  return bad_input("the scenario has no price book, so nothing is spent",
                   "give it a \"price_book\"");
}

std::string decision_lines(const sim::Scenario& scenario, const sim::RunResult& run) {
  std::string lines;
  for (const policy::Decision& decision : sim::decisions_of(scenario, run)) {
    lines += policy::to_line(decision) + "\n";
  }
  return lines;
}

Result<Ok, Errors> simulate(Context& context, const Options& options) {
  BACKCAST_TRY(const auto by, all_errors(dimensions_of(options)));
  ScenarioOptions scenario = options.scenario;
  scenario.writes_ledger = !options.ledger.empty();
  BACKCAST_TRY(const study::PreparedScenario prepared, prepare(scenario));
  say_run_time(context, prepared);
  Interruptible interruptible;
  study::TrialOptions how = options.trials;
  how.threads = options.scenario.threads;
  how.watch = watch_of(context, interruptible);
  LedgerFile ledger(options.ledger);
  BACKCAST_TRY(study::ScenarioRun run, run_once(options, prepared, how.watch, ledger));
  BACKCAST_CHECK(all_errors(check_bill(options, run)));
  reports::RunReport result = reports::report_of(prepared, run);
  if (run.result.partial) {
    context.exit_code = exit_code(Errc::kInterrupted);
    note(context, "interrupted: what is known so far");
  }
  result.chosen = chosen_values(prepared, run,
                                {.replication = options.replication,
                                 .threads = options.scenario.threads,
                                 .stop = how.watch.stop},
                                how.watch, options.doubled);
  BACKCAST_TRY(std::optional<study::Trials> trials, judge(context, prepared, how, run));
  if (trials) {
    result.spread = trials->spread;
    study::add_spread(result.fillings, trials->fillings);
    if (trials->runs.partial) {
      say_partial(context, trials->runs.rows.size(), how.replications, "replications");
    }
    result.measures = sim::summarize(trials->runs, how.confidence);
    if (trials->runs.rows.empty()) trials.reset();
  }
  if (!options.budget.empty()) {
    const bool is_complete = run.invoice->is_complete() && (!trials || trials->spread);
    BACKCAST_TRY(result.budget,
                 against_budget(options.budget, study::spend_of(run, trials), is_complete));
  }
  if (run.invoice) BACKCAST_CHECK(write_bill_files(options.files, *run.invoice));
  BACKCAST_CHECK(all_errors(ledger.finish(run.result)));
  if (!options.report.empty()) {
    BACKCAST_CHECK(all_errors(write_output(options.report, reports::to_html({&result, 1}))));
  }
  if (!options.decisions.empty()) {
    BACKCAST_CHECK(all_errors(
        write_output(options.decisions, decision_lines(prepared.loaded.scenario, run.result))));
  }
  print_run(context, options, run, result, trials, by);
  return kOk;
}

}  // namespace

void add_simulate(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "simulate",
      "Run a scenario: which restore points exist, what must hold, what it costs. Exit code 0 "
      "whatever the verdict; `validate` has one for it\n\n"
      "  backcast simulate scenarios/zilliz-cross-region.json\n"
      "  backcast simulate zerops-defaults --until +90d --events\n"
      "  backcast simulate my.json --by year,provider --dearest 10\n"
      "  backcast simulate my.json --csv > invoice.csv\n"
      "  backcast simulate --from-server --days 90 -o now.json");
  verb->add_option("scenario", options->scenario.file,
                   "A scenario file, \"-\", or the name of a shipped scenario")
      ->type_name(kScenarioType);
  add_from_server(*verb, options->service);
  add_scenario_options(*verb, options->scenario);
  add_trial_options(*verb, options->trials);
  verb->add_option("--replication", options->replication,
                   "Show replication number so and so, such as the one that validate names, "
                   "instead of number 0")
      ->check(CLI::Range(0U, sim::kMaxReplications - 1))
      ->excludes("--replications");
  verb->add_flag("--explain", options->explain, "Every invoice line and every requirement's trace");
  verb->add_flag("--events", options->events,
                 "The event log instead of the report, what fails by chance included");
  verb->add_flag("--backups", options->backups, "Every backup and copy instead of the report");
  verb->add_option("--report", options->report, "Also write one self-contained HTML page here");
  add_sum_options(*verb, options->sums, "");
  for (const char* const sums : {"--by", "--dearest"}) {
    verb->get_option(sums)->excludes("--events")->excludes("--backups");
  }
  add_bill_files(*verb, options->files);
  add_budget_option(*verb, options->budget);
  add_doubled_option(*verb, options->doubled);
  verb->add_option("--ledger", options->ledger,
                   "Also write the billed usage here, as JSON lines for `backcast price`");
  verb->add_option("--decisions", options->decisions,
                   "Also write every decision here, one a line, as a control plane makes them");
  verb->callback([options, verb, &context] {
    const auto taken = take_from_server(context, *verb, options->service, options->scenario);
    if (!taken.ok()) return report(context, taken.error());
    if (*taken && options->service.prints) return;
    if (auto done = simulate(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
