// Two invoices side by side: two policies, or forecast and actual.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "costmodel/bill/invoice.h"
#include "costmodel/bill/showback.h"

namespace backcast::cost {

struct CompareRow {
  std::chrono::year_month month{};
  UsageGroup group;    // empty for shared lines
  std::string charge;  // meter, or what the line says of itself
  std::string unit;
  Quantity left_quantity, right_quantity;  // base 0 where a side has none
  Decimal left, right;
  Decimal difference() const { return right - left; }
};

// One row per month, user and charge that either invoice has, in that order; lines of different
// tiers are taken together. The columns sum to the two totals. Errors: kBadInput for different
// currencies.
Result<std::vector<CompareRow>> compare(const Invoice& left, const Invoice& right);

// The two showbacks by the same dimensions, side by side: what is shared is split in both. Rows are
// sorted by values; the columns sum to the two totals.
struct VarianceRow {
  std::vector<std::string> values;  // one per dimension
  Decimal left, right;
  Decimal difference() const { return right - left; }
};
std::vector<VarianceRow> compare(const Invoice& left, const Invoice& right,
                                 std::span<const Dimension> dimensions);

}  // namespace backcast::cost
