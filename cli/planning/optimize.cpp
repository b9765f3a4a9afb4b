// backcast optimize: the cheapest values that meet every requirement, and what more would buy.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/planning/scenario_options.h"
#include "cli/planning/watch.h"
#include "cli/shared/output_file.h"
#include "cli/shared/parser_view.h"
#include "cli/shared/verbs.h"
#include "engine/base/errors.h"
#include "reports/html/study_pages.h"
#include "reports/run/headline.h"
#include "reports/run/measure_tables.h"
#include "study/vary/optimize.h"

namespace backcast::cli {
namespace {

struct Options {
  ScenarioOptions scenario;
  study::SweepPlan plan;
  study::SearchOptions search;
  std::string report;
  bool requirement_costs = false;
};

// What the search was sure of and fresh replications refuted, or nobody can know.
std::string refuted_text(const study::Search& found) {
  const sim::RunResult& judged = *found.refuted_run;
  std::string text = fmt::format("the cheapest of the search, row {}, {}", found.refuted->row,
                                 reports::verdict_sentence(judged));
  for (const auto& outcome : judged.requirements) {
    if (outcome.verdict == sim::Verdict::kHolds || !outcome.replicated) continue;
    text += fmt::format("; {} {}", outcome.name, reports::replicated_text(*outcome.replicated));
  }
  return text;
}

// "held in 199 of 200 fresh replications" of the requirement that fared worst, or that one run
// decides.
std::string confirmed_text(const sim::RunResult& judged) {
  const sim::ReplicatedOutcome* worst = nullptr;
  for (const auto& outcome : judged.requirements) {
    if (!outcome.replicated) continue;
    if (worst == nullptr || outcome.replicated->held < worst->held) worst = &*outcome.replicated;
  }
  if (worst == nullptr) return "nothing is drawn, so one run decides";
  return "on fresh replications it " + reports::replicated_text(*worst);
}

reports::Table front_table(const Options& options, const study::Search& found) {
  reports::Table table{"pareto_front", {}, {}};
  for (const study::Factor& f : options.plan.factors) {
    table.columns.push_back({f.pointer, f.pointer});
  }
  const std::string& minimize = options.search.minimize;
  const std::pair<std::string, std::string> measures[] = {{minimize, minimize},
                                                          {"rpo_seconds_worst", "Worst RPO"},
                                                          {"coverage_days_mean", "Coverage, days"},
                                                          {"requirements_hold", "Holds"}};
  for (const auto& [name, title] : measures) table.columns.push_back({name, title, true});
  for (const study::Candidate& c : found.front()) {
    table.rows.emplace_back();
    for (const std::string& value : options.plan.values(c.row)) {
      table.rows.back().push_back({value, ""});
    }
    for (const auto& [name, title] : measures) {
      table.rows.back().push_back(reports::measure_cell(name, c.of(name)));
    }
  }
  return table;
}

Error none_found(const Options& options, const study::Search& found) {
  if (found.partial) {
    return {Errc::kInterrupted, "stopped before a candidate met every requirement", {}, ""};
  }
  const study::Candidate& best =
      *std::max_element(found.last.begin(), found.last.end(), [](const auto& a, const auto& b) {
        return a.of("requirements_hold") < b.of("requirements_hold");
      });
  const std::string why = found.refuted ? refuted_text(found)
                                        : fmt::format("the best, row {}, does in {:g} %", best.row,
                                                      100 * best.of("requirements_hold"));
  return failed(fmt::format("none of {} candidates meets every requirement in {:g} % of runs",
                            options.plan.rows.size(), 100 * options.search.at_least),
                why + "; widen the values");
}

reports::Table costs_table(const Options& options,
                           const std::vector<study::RequirementCost>& costs) {
  const std::string& minimize = options.search.minimize;
  reports::Table table{"requirement_costs",
                       {{"requirement", "Requirement"},
                        {"statement", "Statement"},
                        {"without", "Without it, " + minimize, true},
                        {"less", "Less", true},
                        {"less_a_month", "Less a month", true}},
                       {}};
  for (const study::Factor& f : options.plan.factors) {
    table.columns.push_back({f.pointer, f.pointer});
  }
  for (const study::RequirementCost& cost : costs) {
    auto& row = table.rows.emplace_back();
    row = {{cost.name, ""}, {cost.statement, ""}};
    if (!cost.without) {
      row.resize(table.columns.size(), {"", "-"});
      continue;
    }
    row.push_back(reports::measure_cell(minimize, cost.without->of(minimize)));
    row.push_back(reports::measure_cell(minimize, cost.less));
    row.push_back(reports::measure_cell(minimize, cost.less_a_month));
    for (const std::string& value : options.plan.values(cost.without->row)) {
      row.push_back({value, ""});
    }
  }
  return table;
}

// What each requirement costs, in place of the front.
Result<Ok, Errors> print_costs(Context& context, const Options& options,
                               const study::BaseScenario& base, const study::Search& found) {
  if (!found.confirmed_run) {
    return Errors{{Errc::kInterrupted, "stopped before the cheapest was confirmed", {}, ""}};
  }
  BACKCAST_TRY(const auto costs,
               study::requirement_costs(base, options.plan, options.search, found));
  if (context.format == Format::kText) {
    const study::Candidate cheapest = found.front().front();
    print(fmt::format(
        "The cheapest that meets every requirement: {} {}, {}. Without one of them:\n\n",
        options.search.minimize,
        reports::shown(options.search.minimize, cheapest.of(options.search.minimize)),
        fmt::join(options.plan.values(cheapest.row), ", ")));
  }
  print(context, costs_table(options, costs));
  return kOk;
}

Result<Ok, Errors> optimize(Context& context, Options& options) {
  BACKCAST_CHECK(all_errors(study::expand(options.plan)));
  BACKCAST_TRY(const study::BaseScenario base, read_base(options.scenario));
  study::name_document(options.plan, base);
  Interruptible interruptible;
  options.search.threads = options.scenario.threads;
  options.search.watch = watch_of(context, interruptible);
  BACKCAST_TRY(const study::Search found, study::optimize(base, options.plan, options.search));
  const auto table = front_table(options, found);
  if (table.rows.empty()) return Errors{none_found(options, found)};
  if (!options.report.empty()) {
    const std::string page =
        reports::optimize_page(options.plan, options.search.minimize, found.tried, table);
    BACKCAST_CHECK(all_errors(write_output(options.report, page)));
  }
  if (options.requirement_costs) return print_costs(context, options, base, found);
  const std::size_t all = options.plan.rows.size();
  if (context.format == Format::kText) {
    print(fmt::format(
        "{} candidates, {} replication{} at the end{}. The first row is the cheapest that "
        "meets every requirement{}; each other buys freshness or reach.\n\n",
        all, found.replications, found.replications == 1 ? "" : "s",
        found.partial ? " (partial: interrupted)" : "",
        found.confirmed_run ? ": " + confirmed_text(*found.confirmed_run) : ""));
  }
  print(context, table);
  if (found.partial) say_partial(context, found.last.size(), all, "candidates");
  return kOk;
}

}  // namespace

void add_optimize(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  auto* verb = app.add_subcommand(
      "optimize",
      "The cheapest values that meet every requirement, and the Pareto front beyond them\n\n"
      "  backcast optimize my.json --vary '/services/0/schedules/0/every=6h,12h,24h' \\\n"
      "      --vary '/services/0/retention=restic: --keep-daily 7,restic: --keep-daily 30'");
  verb->add_option("scenario", options->scenario.file, "A scenario file, \"-\" or shipped name")
      ->required()
      ->type_name(kScenarioType);
  verb->add_option("--vary", options->plan.vary,
                   "POINTER=a,b,c or POINTER=low..high/levels; repeat")
      ->required();
  verb->add_option("--minimize", options->search.minimize, "The measure to minimize")
      ->capture_default_str();
  verb->add_option("--replications", options->plan.replications,
                   "Runs of those that stay to the end")
      ->check(CLI::Range(1U, 1'000'000U));
  verb->add_option("--at-least", options->search.at_least,
                   "The share of futures in which requirements must hold that state no quantile")
      ->check(CLI::Range(0.01, 1.0))
      ->capture_default_str();
  verb->add_flag("--requirement-costs", options->requirement_costs,
                 "What each requirement costs instead of the front: the cheapest that meets all, "
                 "less the cheapest without it; one more search for each");
  verb->add_option("--report", options->report,
                   "Also write one HTML page here: every candidate and the Pareto front");
  add_scenario_options(*verb, options->scenario);
  verb->callback([options, &context] {
    if (auto done = optimize(context, *options); !done.ok()) report(context, done.error());
  });
}

}  // namespace backcast::cli
