#include "study/run/scenario_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "costmodel/bill/match.h"
#include "engine/base/errors.h"
#include "engine/base/time_math.h"
#include "engine/policy/time/moment.h"
#include "scenarios/load/not_billed.h"
#include "sim/requirements/overlaps.h"
#include "sim/requirements/requirements.h"
#include "sim/run/extremes.h"

namespace backcast::study {
namespace {

Status shorten(sim::Scenario& scenario, const std::string& until) {
  BACKCAST_TRY(const Instant end, policy::parse_moment(until, scenario.start));
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
  ScenarioRun run{sim::run(scenario, how), {}};
  if (run.result.too_large) {
    return Errors{
        bad_input(fmt::format("{}: the run stores more than {:g} EB at once, more than is "
                              "counted",
                              prepared.name, sim::kMaxStoredBytes / 1e18),
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

Result<scenario::Loaded, Errors> changed(scenario::Loaded written, const Question& question) {
  for (const FieldValue& field : question.assumed) {
    BACKCAST_CHECK(all_errors(check_assumed(written.document, field)));
  }
  std::vector<FieldValue> changes = question.changes;
  changes.insert(changes.end(), question.assumed.begin(), question.assumed.end());
  if (changes.empty()) return written;
  return load_changed(written.document, changes, question.given);
}

Result<PreparedScenario, Errors> prepare_changed(scenario::Loaded loaded,
                                                 const Question& question) {
  if (question.seed) loaded.scenario.seed = *question.seed;
  for (const FieldValue& field : question.assumed) {
    loaded.scenario.assumed.push_back({field.pointer, field.text});
  }
  if (!question.until.empty()) {
    BACKCAST_CHECK(all_errors(shorten(loaded.scenario, question.until)));
  }
  std::shared_ptr<const cost::PriceBook> book;
  if (question.bill && !loaded.pricing.books.empty()) {
    BACKCAST_TRY(cost::PriceBook found, scenario::price_book_of(loaded));
    book = std::make_shared<const cost::PriceBook>(std::move(found));
  }
  // A ledger that nobody prices here tells ages apart by the day.
  loaded.scenario.ages = book ? ages_of(*book) : std::nullopt;
  if (question.tells_ages && !loaded.scenario.ages) loaded.scenario.ages = sim::AgeScale{};
  std::vector<std::string> not_billed;
  if (book) {
    const auto& chosen = loaded.pricing.options;
    not_billed = scenario::not_billed(loaded.scenario, *book, {chosen.begin(), chosen.end()});
  }
  auto extremes = sim::extremes_of(loaded.scenario);
  return PreparedScenario{std::move(loaded),   std::move(book),
                          question.name,       std::move(not_billed),
                          std::move(extremes), std::make_shared<const Question>(question)};
}

Result<PreparedScenario, Errors> prepare(scenario::Loaded written, const Question& question) {
  BACKCAST_TRY(scenario::Loaded loaded, changed(std::move(written), question));
  return prepare_changed(std::move(loaded), question);
}

Result<ScenarioRun, Errors> run(const PreparedScenario& prepared, const sim::RunOptions& options) {
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

}  // namespace backcast::study
