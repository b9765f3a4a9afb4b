// Spending against a budget, month by month.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "costmodel/bill/invoice.h"

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

// What may be spent: the same in every month, or an amount for each month that is named.
struct Budget {
  std::optional<Decimal> every_month;
  std::map<std::chrono::year_month, Decimal> months;
};

// Reads CSV with the columns month ("2026-01") and budget, in any order. Errors: kBadInput with
// line and column for what is not a month, no amount or negative, and for a month given twice.
Result<Budget, Errors> read_budget(const std::string& text, const std::string& name);

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
  bool is_complete = true;  // false: what is spent is the part that is known
  bool has_spread = false;  // some month's percentiles differ
  std::optional<std::chrono::year_month> first_over, first_maybe_over;
};

// Errors: kBadInput naming every month that has no budget.
// `is_complete` tells whether the bill is.
Result<BudgetReport> against_budget(std::span<const MonthSpend> months, const Budget& budget,
                                    bool is_complete);

}  // namespace backcast::cost
