#include "cli/scenario_run.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "sim/requirements.h"
#include "sim/run.h"

namespace backcast::cli {
namespace {

Status shorten(sim::Scenario& scenario, const std::string& until) {
  Instant end{};
  if (until.starts_with('+')) {
    BACKCAST_TRY(const Duration after, parse_duration(std::string_view(until).substr(1)));
    end = scenario.start + after;
  } else {
    BACKCAST_TRY(const StampedInstant stamped, parse_instant(until));
    end = stamped.instant;
  }
  if (end <= scenario.start || end > scenario.end) {
    return bad_input(
        "--until " + until + " lies outside the run",
        "the run is " + format_instant(scenario.start) + " .. " + format_instant(scenario.end));
  }
  scenario.end = std::chrono::floor<std::chrono::seconds>(end);
  return kOk;
}

}  // namespace

reports::RunReport ScenarioRun::report() const {
  reports::RunReport report;
  report.run = &result;
  report.invoice = invoice ? &*invoice : nullptr;
  report.scenario_file = file;
  report.scenario_text = text;
  return report;
}

Result<PreparedScenario, Errors> prepare(scenario::Loaded loaded, const ScenarioOptions& options) {
  if (options.seed) loaded.scenario.seed = *options.seed;
  if (!options.until.empty()) {
    if (auto status = shorten(loaded.scenario, options.until); !status.ok()) {
      return Errors{std::move(status).error()};
    }
  }
  std::shared_ptr<const cost::PriceBook> book;
  if (options.bill && !loaded.pricing.book.empty()) {
    BACKCAST_TRY(cost::PriceBook found, scenario::price_book_of(loaded));
    book = std::make_shared<const cost::PriceBook>(std::move(found));
  }
  return PreparedScenario{std::move(loaded), std::move(book), options.file};
}

Result<PreparedScenario, Errors> prepare(const ScenarioOptions& options) {
  BACKCAST_TRY(scenario::Loaded loaded, scenario::load_file(options.file));
  return prepare(std::move(loaded), options);
}

Result<ScenarioRun, Errors> run_prepared(const PreparedScenario& prepared,
                                         const sim::RunOptions& options) {
  const scenario::Loaded& loaded = prepared.loaded;
  ScenarioRun run{loaded, sim::run(loaded.scenario, options), {}, prepared.file, loaded.text};
  if (prepared.book != nullptr) {
    const cost::BillOptions bill_options{
        {loaded.pricing.options.begin(), loaded.pricing.options.end()}};
    BACKCAST_TRY(run.invoice, cost::bill(*prepared.book, run.result.billed, bill_options));
    sim::check_budgets(loaded.scenario, *run.invoice, run.result);
  }
  return run;
}

Result<ScenarioRun, Errors> run_scenario(const ScenarioOptions& options) {
  BACKCAST_TRY(const PreparedScenario prepared, prepare(options));
  return run_prepared(prepared, {.threads = options.threads});
}

void add_scenario_options(CLI::App& verb, ScenarioOptions& options) {
  verb.add_option("--seed", options.seed, "Draws from this seed instead of the scenario's");
  verb.add_option("--until", options.until,
                  "Stop the run here: 2026-06-30, or +90d after its start");
  verb.add_option("--threads", options.threads, "Threads; the result does not depend on it")
      ->check(CLI::Range(0, 1024));
}

}  // namespace backcast::cli
