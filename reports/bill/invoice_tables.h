// Invoices as tables.
#pragma once

#include <span>

#include "costmodel/bill/compare.h"
#include "costmodel/bill/showback.h"
#include "reports/parts/table.h"
#include "study/live/variance.h"

namespace backcast::reports {

// Every line; with `explain` also convention, tier, price row, and its source, date and certainty.
Table invoice_table(const cost::Invoice& invoice, bool explain = false);

// Sums by the dimensions, direct and shared cost apart; one more row holds the total, or what is
// known of it.
Table showback_table(std::span<const cost::ShowbackRow> rows,
                     std::span<const cost::Dimension> dimensions, const std::string& currency,
                     bool is_complete);

// Two invoices line by line; one more row holds the totals.
struct SideNames {
  std::string left = "Left", right = "Right";
};
Table compare_table(std::span<const cost::CompareRow> rows, const std::string& currency,
                    const SideNames& names = {});
// Two invoices summed by the dimensions; one more row holds the totals.
Table variance_table(std::span<const cost::VarianceRow> rows,
                     std::span<const cost::Dimension> dimensions, const std::string& currency,
                     const SideNames& names = {});
// The same summed over months and users: one row per charge.
Table compare_summary(std::span<const cost::CompareRow> rows, const std::string& currency,
                      const SideNames& names = {});

// Why a bill differs from its forecast; one more row holds the sum.
Table causes_table(std::span<const study::Cause> causes, const std::string& currency);

// "10240 to 51200" of a tier table, in units; "" where there is only one tier.
std::string tier_range(const cost::PriceRow& row, int tier);

// Without the columns that are empty or "0.00" in every row: for people, who need not see them.
Table without_empty_columns(Table table);

}  // namespace backcast::reports
