// From a month's summed usage to lines: allowances, commitments, tiers, floors, then what follows
// from the lines themselves.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "costmodel/bill/invoice.h"
#include "costmodel/bill/match.h"

namespace backcast::cost {

// Usage of one group in one month under one row, in the base of the row's meter.
struct Usage {
  int month = 0;
  std::uint32_t row = 0;
  std::uint32_t group = 0;
  bool is_early_deletion = false;
  uint128 base = 0;
};

// Bytes, byte-seconds, objects … in one unit of the meter.
uint128 base_per_unit(const Meter& meter, int month);
// Units as base, rounded down.
uint128 to_base(const Decimal& units, uint128 per_unit);

// Prices the usage of one month, which is sorted by row, early deletion and group, and may be none:
// what was committed is due all the same; appends lines. Errors: kBadInput where an amount does not
// fit.
Status rate_month(const PriceBook& book, const std::set<std::string>& options, int month,
                  const std::vector<UsageGroup>& groups, std::span<const Usage> usage,
                  std::vector<InvoiceLine>& lines);

// Appends discounts, credits, taxes and the rounding line for the month whose lines begin at
// `first`.
Status adjust_month(const PriceBook& book, const std::set<std::string>& options, int month,
                    std::size_t first, std::vector<InvoiceLine>& lines);

}  // namespace backcast::cost
