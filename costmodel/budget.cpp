#include "costmodel/budget.h"

#include <algorithm>
#include <map>

namespace backcast::cost {

MonthSpend spread_of(std::chrono::year_month month, std::vector<Decimal> samples) {
  BACKCAST_ASSERT(!samples.empty());
  std::sort(samples.begin(), samples.end());
  const auto quantile = [&](std::size_t percent) {
    const std::size_t rank = (samples.size() * percent + 99) / 100;
    return samples[std::max<std::size_t>(rank, 1) - 1];
  };
  return {month, quantile(5), quantile(50), quantile(95)};
}

std::vector<MonthSpend> spend_of(const Invoice& invoice) {
  std::map<std::chrono::year_month, Decimal> months;
  for (const InvoiceLine& line : invoice.lines) months[line.month] += line.amount;
  std::vector<MonthSpend> spend;
  for (const auto& [month, amount] : months) spend.push_back({month, amount, amount, amount});
  return spend;
}

BudgetReport against_budget(std::span<const MonthSpend> months, const Decimal& budget_per_month) {
  BudgetReport report;
  Decimal budget_so_far, spent_so_far;
  for (const MonthSpend& spend : months) {
    budget_so_far += budget_per_month;
    spent_so_far += spend.p50;
    BudgetRow row{spend,
                  budget_per_month,
                  budget_so_far,
                  spent_so_far,
                  spend.p50 > budget_per_month,
                  spend.p95 > budget_per_month};
    if (row.is_over && !report.first_over) report.first_over = spend.month;
    if (row.may_be_over && !report.first_maybe_over) report.first_maybe_over = spend.month;
    report.rows.push_back(std::move(row));
  }
  return report;
}

}  // namespace backcast::cost
