// Spending against a budget, month by month.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <vector>

#include "costmodel/invoice.h"

namespace backcast::cost {

// What a month costs: one figure, or the spread over many simulated runs.
struct MonthSpend {
  std::chrono::year_month month{};
  Decimal p05, p50, p95;
};

// Nearest-rank quantiles of at least one sample.
MonthSpend spread_of(std::chrono::year_month month, std::vector<Decimal> samples);
// The months of one invoice, without spread.
std::vector<MonthSpend> spend_of(const Invoice& invoice);

struct BudgetRow {
  MonthSpend spend;
  Decimal budget;            // of the month
  Decimal budget_so_far;     // sums since the first month
  Decimal spent_so_far;      // of the median
  bool is_over = false;      // the median is above the month's budget
  bool may_be_over = false;  // the 95th percentile is
};

struct BudgetReport {
  std::vector<BudgetRow> rows;
  std::optional<std::chrono::year_month> first_over, first_maybe_over;
};

BudgetReport against_budget(std::span<const MonthSpend> months, const Decimal& budget_per_month);

}  // namespace backcast::cost
