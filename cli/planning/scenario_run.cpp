#include "cli/planning/scenario_run.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "cli/planning/changed_fields.h"
#include "cli/policy/history_input.h"
#include "cli/shared/context.h"
#include "costmodel/bill/match.h"
#include "engine/base/time_math.h"
#include "scenarios/load/not_billed.h"
#include "scenarios/load/run_time.h"
#include "sim/requirements/overlaps.h"
#include "sim/requirements/requirements.h"
#include "sim/run/extremes.h"
#include "sim/run/run.h"

namespace backcast::cli {
namespace {

Status shorten(sim::Scenario& scenario, const std::string& until) {
  Instant end{};
  if (until.starts_with('+')) {
    BACKCAST_TRY(const Duration after, parse_duration(std::string_view(until).substr(1)));
    end = plus(scenario.start, after);
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

// The ages that the minimum durations of a book tell apart; none where it has none.
std::optional<sim::AgeScale> ages_of(const cost::PriceBook& book) {
  sim::AgeScale scale{.edges_seconds = {}, .step_seconds = 0};
  for (const cost::PriceRow& row : book.rows) {
    if (row.min_seconds == 0) continue;
    scale.edges_seconds.push_back(static_cast<std::int64_t>(row.min_seconds));
    const cost::Proration proration = book.meters[row.meter].proration;
    if (proration == cost::Proration::kDay && scale.step_seconds == 0) scale.step_seconds = 86'400;
    if (proration == cost::Proration::kHour) scale.step_seconds = 3'600;
  }
  if (scale.edges_seconds.empty()) return std::nullopt;
  auto& edges = scale.edges_seconds;
  std::sort(edges.begin(), edges.end());
  edges.erase(std::unique(edges.begin(), edges.end()), edges.end());
  return scale;
}

Result<std::vector<FieldValue>, Errors> changes_of(const ScenarioOptions& options) {
  std::vector<FieldValue> changes;
  std::vector<std::string> all = options.changes;
  all.insert(all.end(), options.assumed.begin(), options.assumed.end());
  for (const std::string& text : all) {
    auto change = parse_field_value(text);
    if (!change.ok()) return Errors{std::move(change).error()};
    changes.push_back(std::move(*change));
  }
  return changes;
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
  for (const std::string& text : options.assumed) {
    const std::size_t equals = text.find('=');
    loaded.scenario.assumed.push_back({text.substr(0, equals), text.substr(equals + 1)});
  }
  if (!options.until.empty()) {
    if (auto status = shorten(loaded.scenario, options.until); !status.ok()) {
      return Errors{std::move(status).error()};
    }
  }
  std::shared_ptr<const cost::PriceBook> book;
  if (options.bill && !loaded.pricing.books.empty()) {
    BACKCAST_TRY(cost::PriceBook found, scenario::price_book_of(loaded));
    book = std::make_shared<const cost::PriceBook>(std::move(found));
  }
  // A ledger that nobody prices here tells ages apart by the day.
  loaded.scenario.ages = book ? ages_of(*book) : std::nullopt;
  if (options.writes_ledger && !loaded.scenario.ages) loaded.scenario.ages = sim::AgeScale{};
  std::vector<std::string> not_billed;
  if (book) {
    const auto& chosen = loaded.pricing.options;
    not_billed = scenario::not_billed(loaded.scenario, *book, {chosen.begin(), chosen.end()});
  }
  auto extremes = sim::extremes_of(loaded.scenario);
  return PreparedScenario{std::move(loaded), std::move(book), options.file, std::move(not_billed),
                          std::move(extremes)};
}

Result<scenario::Given, Errors> read_given(const ScenarioOptions& options) {
  scenario::Given given;
  if (!options.start.empty()) {
    auto start = parse_instant(options.start);
    if (!start.ok()) return Errors{std::move(start).error()};
    given.start = start->instant;
  }
  if (options.history.empty()) {
    if (options.service.empty() && options.source.empty()) return given;
    return Errors{bad_input("--service and --source belong to --history")};
  }
  auto history = read_history(options.history, options.input, policy::Zone::utc());
  if (!history.ok()) return Errors{std::move(history).error()};
  given.history = std::move(*history);
  given.history_name = options.history;
  given.service = options.service;
  given.source = options.source;
  return given;
}

Result<scenario::Loaded, Errors> load_scenario(const ScenarioOptions& options,
                                               const scenario::Given& given) {
  BACKCAST_TRY(const std::vector<FieldValue> changes, changes_of(options));
  BACKCAST_TRY(scenario::Loaded loaded, scenario::load_file(options.file, given));
  for (const std::string& text : options.assumed) {
    auto field = parse_field_value(text);  // read once above, so it is right
    if (!field.ok()) continue;
    if (auto status = check_assumed(loaded.document, *field); !status.ok()) {
      return Errors{std::move(status).error()};
    }
  }
  if (changes.empty()) return loaded;
  return load_changed(loaded.document, changes, given);
}

Result<PreparedScenario, Errors> prepare(const ScenarioOptions& options) {
  BACKCAST_TRY(const scenario::Given given, read_given(options));
  BACKCAST_TRY(scenario::Loaded loaded, load_scenario(options, given));
  return prepare(std::move(loaded), options);
}

namespace {

// One run of the scenario, or of a variant of it, with its bill.
Result<ScenarioRun, Errors> run_billed(const PreparedScenario& prepared,
                                       const sim::Scenario& scenario,
                                       const sim::RunOptions& options) {
  const scenario::Loaded& loaded = prepared.loaded;
  sim::RunOptions how = options;
  std::optional<cost::Biller> biller;
  if (prepared.book != nullptr) {
    // What was committed is due in every month of the run, used or not.
    const auto month_of = [](Instant at) {
      return cost::to_year_month(cost::month_at(unix_seconds(at)));
    };
    const cost::BillOptions bill_options{
        {loaded.pricing.options.begin(), loaded.pricing.options.end()},
        month_of(loaded.scenario.start),
        month_of(loaded.scenario.end - Duration(1))};
    biller.emplace(prepared.book, bill_options);
  }
  // The biller keeps what it cannot price and says so at the end.
  how.ledger = [&](const UsageRecord& record) {
    if (biller) (void)biller->add(record);
    if (options.ledger) options.ledger(record);
  };
  ScenarioRun run{loaded, sim::run(scenario, how), {}, prepared.file, loaded.text};
  if (run.result.too_large) {
    return Errors{
        bad_input(fmt::format("{}: the run stores more than {:g} EB at once, more than is "
                              "counted",
                              prepared.file, sim::kMaxStoredBytes / 1e18),
                  "shorten the horizon, keep fewer backups, or split the scenario")};
  }
  if (biller) {
    for (const UsageRecord& record : run.result.billed) (void)biller->add(record);
    BACKCAST_TRY(run.invoice, biller->finish());
    sim::check_budgets(scenario, *run.invoice, run.result);
  }
  return run;
}

// Without a word to whoever listens to the run that is shown.
sim::RunOptions quietly(const sim::RunOptions& options) {
  sim::RunOptions how = options;
  how.progress = {};
  how.ledger = {};
  return how;
}

}  // namespace

Result<ScenarioRun, Errors> run_prepared(const PreparedScenario& prepared,
                                         const sim::RunOptions& options) {
  const sim::Scenario& scenario = prepared.loaded.scenario;
  BACKCAST_TRY(ScenarioRun run, run_billed(prepared, scenario, options));
  const auto run_all = [&](const std::vector<sim::Scenario>& variants)
      -> Result<std::vector<sim::RunResult>, Errors> {
    std::vector<sim::RunResult> results;
    for (const sim::Scenario& variant : variants) {
      if (run.result.partial) break;
      BACKCAST_TRY(ScenarioRun other, run_billed(prepared, variant, quietly(options)));
      run.result.partial = other.result.partial;
      results.push_back(std::move(other.result));
    }
    return results;
  };
  BACKCAST_TRY(const auto others, run_all(sim::other_overlaps(scenario, run.result)));
  sim::keep_common_failures(others, run.result);
  BACKCAST_TRY(const auto extremes, run_all(prepared.extremes));
  sim::keep_common(scenario, extremes, run.result);
  run.result.not_billed = prepared.not_billed;
  return run;
}

Result<sim::RunResult, Errors> run_variant(const PreparedScenario& prepared,
                                           const sim::Scenario& variant,
                                           const sim::RunOptions& options) {
  BACKCAST_TRY(ScenarioRun run, run_billed(prepared, variant, quietly(options)));
  return std::move(run.result);
}

void say_run_time(const Context& context, const PreparedScenario& prepared) {
  for (const auto& planning : scenario::long_planning(prepared.loaded.scenario)) {
    note(context, "one run takes " + planning.words());
  }
}

Result<ScenarioRun, Errors> run_scenario(const ScenarioOptions& options) {
  BACKCAST_TRY(const PreparedScenario prepared, prepare(options));
  return run_prepared(prepared, {.threads = options.threads});
}

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
  add_set_option(verb, options);
  verb.add_option("--assume", options.assumed,
                  "A value that nobody states, such as '/services/0/job/rate=100 MB/s': the "
                  "verdict is then under this assumption and says so; repeat")
      ->type_name("TEXT")
      ->allow_extra_args(false);
  verb.add_option("--threads", options.threads, "Threads; the result does not depend on it")
      ->check(CLI::Range(0, 1024));
}

}  // namespace backcast::cli
