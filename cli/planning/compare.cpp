// backcast compare: two scenarios under the same luck, and by how much they differ.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <tuple>

#include "cli/planning/scenario_options.h"
#include "cli/planning/watch.h"
#include "cli/shared/output_file.h"
#include "cli/shared/parser_view.h"
#include "cli/shared/verbs.h"
#include "costmodel/bill/compare.h"
#include "engine/base/errors.h"
#include "reports/bill/invoice_tables.h"
#include "reports/run/compare_markdown.h"
#include "reports/run/measure_tables.h"
#include "reports/run/run_report.h"
#include "study/run/compare.h"

namespace backcast::cli {
namespace {

struct Options {
  ScenarioOptions a, b;
  study::TrialOptions trials;
  bool lines = false;
  std::string report;
};

using Pair = std::pair<study::ScenarioRun, study::ScenarioRun>;

// Names that tell the two apart.
std::pair<std::string, std::string> labels(const Pair& pair) {
  const std::string &a = pair.first.result.scenario, &b = pair.second.result.scenario;
  if (a != b) return {a, b};
  return {"A: " + a, "B: " + b};
}

Result<reports::Table, Errors> lines_table(const Pair& pair) {
  if (!pair.first.invoice || !pair.second.invoice) {
    return Errors{bad_input("a scenario without a price book has no bill to compare")};
  }
  BACKCAST_TRY(const auto rows,
               all_errors(cost::compare(*pair.first.invoice, *pair.second.invoice)));
  const auto [left, right] = labels(pair);
  return reports::compare_table(rows, std::string(pair.first.invoice->total().currency.code()),
                                {left, right});
}

reports::Table difference_table(const std::vector<study::Difference>& differences) {
  reports::Table table{"comparison",
                       {{"measure", "Measure"},
                        {"a_mean", "A", true},
                        {"b_mean", "B", true},
                        {"difference_mean", "B - A", true},
                        {"difference_low", "from", true},
                        {"difference_high", "to", true}},
                       {}};
  for (const study::Difference& d : differences) {
    const auto cell = [&](double value) { return reports::measure_cell(d.measure, value); };
    const auto& interval = d.b_minus_a.interval;
    table.rows.push_back({{d.measure, ""},
                          cell(d.a),
                          cell(d.b),
                          cell(d.b_minus_a.value),
                          interval ? cell(interval->low) : reports::Cell{"", "-"},
                          interval ? cell(interval->high) : reports::Cell{"", "-"}});
  }
  return table;
}

// One run of each, in the forms that are asked for.
Result<Ok, Errors> show_pair(const Context& context, const Options& options,
                             const study::PreparedScenario& a, const study::PreparedScenario& b,
                             const study::Comparison& comparison) {
  BACKCAST_TRY(const Pair pair, study::run_both(a, b, comparison, options.trials));
  reports::RunReport both[] = {reports::report_of(a, pair.first),
                               reports::report_of(b, pair.second)};
  std::tie(both[0].label, both[1].label) = labels(pair);
  const bool is_replicated = comparison.difference.rows.size() > 1;
  if (is_replicated) {
    both[0].spread = comparison.a.spread;
    both[1].spread = comparison.b.spread;
  }
  if (!options.report.empty()) {
    BACKCAST_CHECK(all_errors(write_output(options.report, reports::to_html(both))));
  }
  if (!options.lines && context.format == Format::kMarkdown) {
    reports::Table measures;
    if (is_replicated) {
      measures = difference_table(study::differences_of(comparison, options.trials.confidence));
    }
    print(reports::compare_markdown(
        both[0], both[1], study::document_changes(a.loaded.document, b.loaded.document), measures));
  }
  if (!options.lines) return kOk;
  BACKCAST_TRY(reports::Table table, lines_table(pair));
  print(context,
        context.format == Format::kText ? reports::without_empty_columns(std::move(table)) : table);
  return kOk;
}

Result<Ok, Errors> compare(Context& context, Options& options) {
  BACKCAST_TRY(const study::PreparedScenario a, prepare(options.a));
  BACKCAST_TRY(study::PreparedScenario b, prepare(options.b));
  if (!options.b.seed) study::share_luck(a, b);
  Interruptible interruptible;
  options.trials.watch = watch_of(context, interruptible);
  BACKCAST_TRY(const study::Comparison comparison, study::compare(a, b, options.trials));
  const std::size_t done = comparison.difference.rows.size();
  const bool is_partial = comparison.a.runs.partial;
  if (is_partial) say_partial(context, done, options.trials.replications, "replications");
  const bool shows_pair = options.lines || context.format == Format::kMarkdown;
  if (shows_pair || !options.report.empty()) {
    auto shown = show_pair(context, options, a, b, comparison);
    if (!shown.ok() || shows_pair) return shown;
  }
  if (context.format == Format::kText) {
    print(fmt::format("A: {}\nB: {}\n{} replication{}, the same draws for both{}\n\n",
                      a.loaded.scenario.title, b.loaded.scenario.title, done, done == 1 ? "" : "s",
                      is_partial ? " (partial: interrupted)" : ""));
  }
  print(context, difference_table(study::differences_of(comparison, options.trials.confidence)));
  return kOk;
}

}  // namespace

void add_compare(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "compare",
      "Two scenarios under the same luck, the same failures, outages and busy days: what the "
      "second "
      "costs and holds more or less\n\n"
      "  backcast compare now.json proposed.json --replications 200\n"
      "  backcast compare now.json proposed.json --replications 10000 --within 0.01\n"
      "  backcast compare now.json --set '/services/0/growth/per_year=60%'\n"
      "  backcast compare now.json proposed.json --lines --report both.html\n"
      "  backcast compare now.json proposed.json --markdown   # for a pull request");
  verb->add_option("a", options->a.file, "The scenario to compare with")
      ->required()
      ->type_name(kScenarioType);
  verb->add_option("b", options->b.file, "The scenario that is compared; A itself with --set")
      ->type_name(kScenarioType);
  add_set_option(*verb, options->b);
  verb->add_option("--seed", options->a.seed, "Use this random seed instead of A's");
  verb->add_option("--until", options->a.until, "Stop both runs here: 2026-06-30, or +90d");
  verb->add_option("--threads", options->trials.threads, "The result does not depend on it")
      ->check(CLI::Range(0, 1024));
  add_trial_options(*verb, options->trials);
  verb->add_flag("--lines", options->lines,
                 "The two invoices line by line with the difference, of one run each");
  verb->add_option("--report", options->report,
                   "Also write one HTML page here, the two side by side");
  verb->callback([options, &context] {
    if (options->b.file.empty()) {
      if (options->b.changes.empty()) {
        return report(context, bad_input("there is nothing to compare with",
                                         "name a second scenario, or say with --set what changes"));
      }
      options->b.file = options->a.file;
    }
    options->b.until = options->a.until;
    options->b.seed = options->a.seed;
    if (auto done = compare(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
