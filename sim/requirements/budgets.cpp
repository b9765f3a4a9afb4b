// Budgets are requirements on the bill, so they are checked once there is one.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "costmodel/bill/invoice.h"
#include "sim/requirements/overlaps.h"
#include "sim/requirements/requirements.h"

namespace backcast::sim {
namespace {

Instant begin_of(std::chrono::year_month month) {
  return Instant(std::chrono::sys_days(month / std::chrono::day(1)));
}

std::string month_name(std::chrono::year_month month) {
  return fmt::format("{:04}-{:02}", static_cast<int>(month.year()),
                     static_cast<unsigned>(month.month()));
}

bool is_of_whole_bill(const Requirement& r) {
  return r.all_services && !r.project && r.region.empty();
}

bool concerns(const Requirement& r, const Scenario& scenario, const cost::UsageGroup& group) {
  if (is_of_whole_bill(r)) return true;
  if (r.project && group.project != scenario.projects[*r.project].name) return false;
  if (!r.region.empty() && r.region != "any" && group.region != r.region) return false;
  return r.all_services ||
         std::any_of(r.services.begin(), r.services.end(),
                     [&](std::uint32_t service) {
                       return scenario.services[service].name == group.service;
                     }) ||
         std::any_of(r.fleets.begin(), r.fleets.end(), [&](std::uint32_t fleet) {
           return scenario.fleets[fleet].name == group.service;
         });
}

bool concerns(const Requirement& r, const Scenario& scenario, const cost::Invoice& invoice,
              const cost::InvoiceLine& line) {
  if (line.group == cost::kNone) return is_of_whole_bill(r);
  return concerns(r, scenario, invoice.groups[line.group]);
}

// What of the bill is not known and counts against the budget, in words.
std::string missing_for(const Requirement& r, const Scenario& scenario,
                        const cost::Invoice& invoice) {
  std::string text;
  for (const cost::MissingPrice& missing : invoice.missing) {
    const bool counts =
        std::any_of(missing.groups.begin(), missing.groups.end(),
                    [&](const cost::UsageGroup& group) { return concerns(r, scenario, group); });
    if (counts) text += (text.empty() ? "" : "; ") + missing.what;
  }
  return text;
}

std::string money(const cost::Decimal& amount, const cost::Invoice& invoice) {
  return cost::to_string(cost::Money{amount, invoice.book->currency});
}

// The lines that make up most of a month, largest first.
std::vector<TraceStep> largest_lines(const Requirement& r, const Scenario& scenario,
                                     const cost::Invoice& invoice, std::chrono::year_month month,
                                     bool whole_run) {
  std::vector<const cost::InvoiceLine*> lines;
  for (const cost::InvoiceLine& line : invoice.lines) {
    const bool in_time = whole_run ? line.month <= month : line.month == month;
    if (in_time && concerns(r, scenario, invoice, line)) lines.push_back(&line);
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto* a, const auto* b) { return a->amount > b->amount; });
  std::vector<TraceStep> steps;
  for (std::size_t i = 0; i < std::min<std::size_t>(lines.size(), 3); ++i) {
    const cost::InvoiceLine& line = *lines[i];
    const std::string what = line.row == cost::kNone
                                 ? line.description
                                 : invoice.book->meters[invoice.book->rows[line.row].meter].name;
    const std::string whose =
        line.group == cost::kNone ? "" : " of " + invoice.groups[line.group].service;
    steps.push_back({begin_of(line.month), fmt::format("{}: {} for {}{}", month_name(line.month),
                                                       money(line.amount, invoice), what, whose)});
  }
  return steps;
}

Instant end_of(std::chrono::year_month month) {
  return begin_of(month + std::chrono::months(1));
}

void check_budget(const Scenario& scenario, const Requirement& r, const cost::Invoice& invoice,
                  RunResult& result, RequirementOutcome& outcome) {
  const std::string currency(invoice.book->currency.code());
  if (!r.currency.empty() && r.currency != currency) {
    outcome.unknown_because =
        fmt::format("the bill is in {}, the budget in {}", currency, r.currency);
    return;
  }
  const auto limit = cost::Decimal::parse(r.at_most_amount);
  if (!limit.ok()) return;
  outcome.verdict = Verdict::kHolds;
  outcome.unknown_because.clear();
  outcome.limit = money(*limit, invoice);
  outcome.statement =
      fmt::format("the bill is never above {}{}", outcome.limit, r.per_month ? " a month" : "");
  cost::Decimal worst;
  for (const auto& [month, measured] : spending(scenario, r, invoice)) {
    worst = std::max(worst, measured);
    if (!(measured > *limit)) continue;
    ++outcome.failing_periods;
    const Instant from = std::max(begin_of(month), result.start);
    outcome.failing_time += std::max(std::min(end_of(month), result.end) - from, Duration{0});
    if (outcome.verdict == Verdict::kFails) continue;
    outcome.verdict = Verdict::kFails;
    outcome.first_failure = from;
    outcome.trace = largest_lines(r, scenario, invoice, month, !r.per_month);
    outcome.trace.push_back(
        {outcome.first_failure,
         fmt::format("the bill {} {} is {}, above {}", r.per_month ? "of" : "up to",
                     month_name(month), money(measured, invoice), outcome.limit)});
  }
  outcome.nearness.amount = {worst, invoice.book->currency};
  // What has no price can only add to what is known: what fails without it fails.
  const std::string missing = missing_for(r, scenario, invoice);
  outcome.nearness.is_least = !missing.empty();
  if (!missing.empty() && outcome.verdict == Verdict::kHolds) {
    outcome.verdict = Verdict::kUnknown;
    outcome.unknown_because = "the bill is incomplete: " + missing;
  }
  outcome.observed = observed(r, outcome.nearness);
}

}  // namespace

std::map<std::chrono::year_month, cost::Decimal> spending(const Scenario& scenario,
                                                          const Requirement& budget,
                                                          const cost::Invoice& invoice) {
  std::map<std::chrono::year_month, cost::Decimal> months;
  for (const cost::InvoiceLine& line : invoice.lines) {
    if (concerns(budget, scenario, invoice, line)) months[line.month] += line.amount;
  }
  if (budget.per_month) return months;
  cost::Decimal sum;
  for (auto& [month, amount] : months) amount = sum += amount;
  return months;
}

void check_budgets(const Scenario& scenario, const cost::Invoice& invoice, RunResult& result) {
  for (std::size_t i = 0; i < scenario.requirements.size(); ++i) {
    const Requirement& r = scenario.requirements[i];
    if (r.kind != RequirementKind::kBudget) continue;
    check_budget(scenario, r, invoice, result, result.requirements[i]);
  }
  doubt_overlaps(scenario, result);
}

}  // namespace backcast::sim
