#include <nlohmann/json.hpp>

#include "reports/run/headline.h"
#include "reports/run/months.h"
#include "reports/run/run_report.h"
#include "sim/words/words.h"

namespace backcast::reports {
namespace {

using Json = nlohmann::ordered_json;

Json moment(Instant t) {
  return t == sim::kNever ? Json() : Json(format_instant(t));
}

std::int64_t seconds(Duration d) {
  return std::chrono::floor<std::chrono::seconds>(d).count();
}

Json replicated_json(const sim::RequirementOutcome& outcome) {
  const sim::ReplicatedOutcome& told = *outcome.replicated;
  return {{"replications", told.replications},
          {"held", told.held},
          {"failed", told.failed},
          {"unknown", told.unknown},
          {"required", told.required},
          {"low", told.low},
          {"high", told.high},
          {"confidence", told.confidence},
          {"close", told.close},
          {"worst", outcome.observed},
          {"first_failing", told.first_failing == sim::kNone ? Json() : Json(told.first_failing)},
          {"earliest_failure", moment(told.earliest_failure)},
          {"median_failure", moment(told.median_failure)}};
}

Json missing_json(const std::vector<sim::MissingTold>& missing) {
  Json json = Json::array();
  for (const auto& [pointer, break_even] : missing) {
    json.push_back({{"pointer", pointer}, {"break_even", break_even}});
  }
  return json;
}

Json requirement_json(const sim::RunResult& run, const sim::RequirementOutcome& outcome) {
  Json trace = Json::array();
  for (const auto& step : outcome.trace) {
    trace.push_back({{"at", format_instant(step.at)}, {"text", step.text}});
  }
  Json json = {
      {"name", outcome.name},
      {"kind", outcome.kind},
      {"statement", outcome.statement},
      {"verdict", sim::name(outcome.verdict)},
      {"holds", outcome.verdict == sim::Verdict::kHolds},
      {"unknown_because", outcome.unknown_because.empty() ? Json() : Json(outcome.unknown_because)},
      {"one_future", outcome.one_future},
      {"would_hold", outcome.would_hold.empty() ? Json() : Json(outcome.would_hold)},
      {"limit", outcome.limit},
      {"worst", outcome.observed},
      {"first_failure", moment(outcome.first_failure)},
      {"failing_seconds", seconds(outcome.failing_time)},
      {"failing_periods", outcome.failing_periods},
      {"service",
       outcome.service < run.services.size() ? Json(run.services[outcome.service].name) : Json()},
      {"region", outcome.region.empty() ? Json() : Json(outcome.region)},
      {"missing", missing_json(outcome.missing)},
      {"trace", trace}};
  if (outcome.replicated) json["replicated"] = replicated_json(outcome);
  return json;
}

Json backup_json(const RunReport& report, const sim::BackupRecord& backup) {
  const sim::RunResult& run = *report.run;
  return {{"id", backup.id},
          {"service", run.services[backup.service].name},
          {"original",
           backup.original < run.backups.size() ? Json(run.backups[backup.original].id) : Json()},
          {"region", backup.region},
          {"kind", backup.kind},
          {"schedule", backup.schedule},
          {"tags", backup.tags},
          {"state", sim::name(backup.state)},
          {"born", moment(backup.born)},
          {"available", moment(backup.available)},
          {"deleted", moment(backup.deleted)},
          {"expires", moment(backup.expires)},
          {"size_bytes", backup.size_bytes},
          {"added_bytes", backup.added_bytes},
          {"freed_bytes", backup.freed_bytes},
          {"reason", sim::reason_text(*report.scenario, backup)}};
}

// What 64 bits do not hold is written to the digits that binary floating point has.
Json number(uint128 value) {
  if (value <= UINT64_MAX) return static_cast<std::uint64_t>(value);
  return static_cast<double>(value);
}

Json fleets_json(const sim::RunResult& run) {
  Json fleets = Json::array();
  for (const auto& fleet : run.fleets) {
    const auto& service = run.services[fleet.service];
    fleets.push_back({{"name", service.name},
                      {"services", fleet.members},
                      {"simulated", fleet.simulated},
                      {"made", fleet.backups.made},
                      {"copies", fleet.backups.copies},
                      {"available", fleet.backups.available},
                      {"deleted", fleet.backups.deleted},
                      {"failed", fleet.backups.failed},
                      {"refused", fleet.backups.refused},
                      {"moved_bytes", number(fleet.moved_bytes)},
                      {"size_first_bytes", service.size_first_bytes},
                      {"size_last_bytes", service.size_last_bytes}});
  }
  return fleets;
}

Json left_out_json(const sim::RunResult& run) {
  Json left_out = Json::array();
  for (const auto& left : run.left_out) {
    left_out.push_back({{"what", left.what}, {"peak_bytes", left.peak_bytes}});
  }
  return left_out;
}

Json repositories_json(const sim::RunResult& run) {
  Json repositories = Json::array();
  for (const sim::RepositoryResult& r : run.repositories) {
    repositories.push_back({{"name", r.name},
                            {"region", r.region},
                            {"services", r.services},
                            {"logical_bytes", r.logical_bytes},
                            {"unique_bytes", r.unique_bytes},
                            {"stored_bytes", r.stored_bytes},
                            {"ratio", r.stored_bytes == 0 ? Json() : Json(ratio_of(r))}});
  }
  return repositories;
}

Json outages_json(const RunReport& report) {
  Json outages = Json::array();
  for (const sim::Outage& outage : report.run->outages) {
    outages.push_back({{"what", report.scenario->failures[outage.law].name},
                       {"from", moment(outage.from)},
                       {"seconds", seconds(outage.lasts)}});
  }
  return outages;
}

Json missing_prices_json(const cost::Invoice& invoice) {
  Json json = Json::array();
  for (const cost::MissingPrice& missing : invoice.missing) {
    json.push_back({{"what", missing.what},
                    {"amount", missing.amount},
                    {"first_month", to_string(missing.first_month)},
                    {"last_month", to_string(missing.last_month)},
                    {"hint", missing.hint},
                    {"lines_to_add", missing.lines_to_add}});
  }
  return json;
}

// Decimals are strings: a JSON number goes through binary floating point in most readers.
Json invoice_json(const cost::Invoice& invoice) {
  Json lines = Json::array(), providers = Json::array();
  for (const auto& row : provider_totals(invoice).rows) {
    providers.push_back(
        {{"provider", row[0].value}, {"price_book", row[1].value}, {"total", row[2].value}});
    if (row.size() > 4 && !row[4].value.empty()) {
      providers.back()["own_total"] = row[4].value;
      providers.back()["own_currency"] = row[5].value;
    }
  }
  for (const auto& row : invoice_table(invoice).rows) {
    lines.push_back({{"month", row[0].value},
                     {"item", row[1].value},
                     {"place", row[2].value},
                     {"project", row[3].value},
                     {"service", row[4].value},
                     {"quantity", row[5].value},
                     {"unit", row[6].value},
                     {"rate", row[7].value},
                     {"amount", row[8].value},
                     {"price_row", row[10].value}});
    if (row.size() > 11) lines.back()["price_book"] = row[11].value;
  }
  const std::string sum = cost::to_string(invoice.total().amount, 2);
  return {{"total", invoice.is_complete() ? Json(sum) : Json()},
          {"known", sum},
          {"missing", missing_prices_json(invoice)},
          {"currency", invoice.total().currency.code()},
          {"price_book", invoice.book ? Json(invoice.book->name) : Json()},
          {"prices_as_of", invoice.book ? Json(invoice.book->as_of) : Json()},
          {"providers", providers},
          {"lines", lines},
          {"assumptions", invoice.assumptions}};
}

Json range_json(const cost::MonthSpend& range) {
  return {{"p05", cost::to_string(range.p05, 2)},
          {"p50", cost::to_string(range.p50, 2)},
          {"p95", cost::to_string(range.p95, 2)}};
}

Json spread_json(const study::Spread& spread) {
  Json months = Json::array();
  for (const cost::MonthSpend& spend : spread.months) {
    Json entry = {{"month", to_string(spend.month)}};
    entry.update(range_json(spend));
    months.push_back(entry);
  }
  return {{"replications", spread.replications},
          {"total", range_json(spread.total)},
          {"months", months}};
}

Json budget_json(const cost::BudgetReport& budget) {
  const auto month = [](const std::optional<std::chrono::year_month>& m) {
    return m ? Json(to_string(*m)) : Json();
  };
  Json months = Json::array();
  for (const cost::BudgetRow& row : budget.rows) {
    Json entry = {{"month", to_string(row.spend.month)},
                  {"budget", cost::to_string(row.budget, 2)}};
    entry.update(range_json(row.spend));
    entry["budget_so_far"] = cost::to_string(row.budget_so_far, 2);
    entry["spent_so_far"] = cost::to_string(row.spent_so_far, 2);
    entry["over"] = row.is_over;
    entry["may_be_over"] = row.may_be_over;
    months.push_back(entry);
  }
  return {{"first_over", month(budget.first_over)},
          {"first_maybe_over", month(budget.first_maybe_over)},
          {"months", months}};
}

Json interval_json(const sim::Estimate& estimate) {
  if (!estimate.interval) return Json();
  return {{"low", estimate.interval->low}, {"high", estimate.interval->high}};
}

Json measures_json(const std::vector<sim::Summary>& measures) {
  Json json = Json::array();
  for (const sim::Summary& s : measures) {
    json.push_back({{"name", s.name},
                    {"replications", s.count},
                    {"mean", s.mean.value},
                    {"mean_interval", interval_json(s.mean)},
                    {"p05", s.p05.value},
                    {"p05_interval", interval_json(s.p05)},
                    {"p50", s.p50.value},
                    {"p50_interval", interval_json(s.p50)},
                    {"p95", s.p95.value},
                    {"p95_interval", interval_json(s.p95)}});
  }
  return json;
}

Json fillings_json(const RunReport& report) {
  Json json = Json::array();
  for (const study::Filling& filling : report.fillings) {
    Json one = {{"what", filling.what}, {"full", moment(filling.full)}};
    if (filling.replications > 1) {
      one["replications"] = filling.replications;
      one["filled"] = filling.filled;
      one["p10"] = moment(filling.p10);
      one["p50"] = moment(filling.p50);
      one["p90"] = moment(filling.p90);
    }
    json.push_back(one);
  }
  return json;
}

Json chosen_json(const std::vector<study::ChosenValue>& chosen) {
  Json list = Json::array();
  for (const study::ChosenValue& value : chosen) {
    Json json = {{"pointer", value.pointer},
                 {"value", Json::parse(value.value)},
                 {"because", value.because},
                 {"doubled", value.twice.empty() ? Json() : Json::parse(value.twice)}};
    if (value.doubling) {
      Json verdicts = Json::array();
      for (const auto& [requirement, before, after] : value.doubling->verdicts) {
        verdicts.push_back({{"requirement", requirement}, {"before", before}, {"after", after}});
      }
      const auto text = [](const std::string& t) { return t.empty() ? Json() : Json(t); };
      json["doubling"] = {{"total_before", text(value.doubling->total_before)},
                          {"total_after", text(value.doubling->total_after)},
                          {"verdicts", verdicts},
                          {"refused", text(value.doubling->refused)}};
    }
    list.push_back(std::move(json));
  }
  return list;
}

}  // namespace

std::string to_json(const RunReport& report, bool backups) {
  const sim::RunResult& run = *report.run;
  const Headline figures = headline(run);
  Json requirements = Json::array(), ages = Json::array(), assumed = Json::array();
  for (const auto& outcome : run.requirements) {
    requirements.push_back(requirement_json(run, outcome));
  }
  std::vector<sim::MissingTold> missing;  // of all requirements
  for (const auto& outcome : run.requirements) {
    missing.insert(missing.end(), outcome.missing.begin(), outcome.missing.end());
  }
  for (const auto& [pointer, value] : run.assumed) {
    assumed.push_back({{"pointer", pointer}, {"value", value}});
  }
  for (const auto& worst : figures.worst_ages) {
    ages.push_back({{"region", worst.region},
                    {"service", worst.service},
                    {"age_seconds", seconds(worst.age)},
                    {"at", format_instant(worst.at)}});
  }
  Json root = {{"report", "run"},
               {"version", 2},
               {"backcast", BACKCAST_VERSION},
               {"scenario", run.scenario},
               {"label", label_of(report)},
               {"seed", run.seed},
               {"replication", run.replication},
               {"start", format_instant(run.start)},
               {"end", format_instant(run.end)},
               {"partial", run.partial},
               {"verdict", sim::name(figures.verdict)},
               {"holds", figures.verdict == sim::Verdict::kHolds},
               {"missing", missing_json(missing)},
               {"assumed", assumed},
               {"said", run.said},
               {"requirements", requirements},
               {"backups",
                {{"made", figures.backups.made},
                 {"from_history", figures.backups.from_history},
                 {"copies", figures.backups.copies},
                 {"available", figures.backups.available},
                 {"deleted", figures.backups.deleted},
                 {"failed", figures.backups.failed},
                 {"refused", figures.backups.refused},
                 {"running", figures.backups.running}}},
               {"stored_last_bytes", figures.stored_last_bytes},
               {"stored_peak_bytes", figures.stored_peak_bytes},
               {"worst_restore_point_ages", ages},
               {"invoice", report.invoice ? invoice_json(*report.invoice) : Json()},
               {"spread", report.spread ? spread_json(*report.spread) : Json()},
               {"measures", report.measures.empty() ? Json() : measures_json(report.measures)},
               {"budget", report.budget ? budget_json(*report.budget) : Json()},
               {"full", fillings_json(report)},
               {"left_out", left_out_json(run)},
               {"not_billed", run.not_billed},
               {"warnings", run.warnings},
               {"assumptions", run.assumptions}};
  if (!report.chosen.empty()) root["chosen"] = chosen_json(report.chosen);
  if (!run.fleets.empty()) root["fleets"] = fleets_json(run);
  if (!run.repositories.empty()) root["repositories"] = repositories_json(run);
  if (!run.outages.empty()) root["outages"] = outages_json(report);
  if (backups) {
    Json list = Json::array();
    for (const auto& backup : run.backups) list.push_back(backup_json(report, backup));
    root["restore_points"] = list;
  }
  return root.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace backcast::reports
