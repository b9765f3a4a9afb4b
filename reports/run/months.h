// What a run stored and cost, month by month: the numbers behind the charts and their tables.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "costmodel/bill/invoice.h"
#include "sim/model/result.h"

namespace backcast::reports {

// One named part of every month; `values` has one entry per month.
template <typename T>
struct Part {
  std::string name;
  std::vector<T> values;
};

// The parts of each calendar month (UTC), by name. Beyond `max_parts` the smallest are added up as
// "other", which comes last.
template <typename T>
struct ByMonth {
  std::vector<std::chrono::year_month> months;  // every one from first to last
  std::vector<Part<T>> parts;
};

// Bytes held on average over each month, by storage class and region. A month that the run covers
// in part is averaged over the part.
ByMonth<std::uint64_t> stored_bytes_by_month(const sim::RunResult& run, std::size_t max_parts = 8);

// What each month costs, by item (see `item_name`): exact, sums to the invoice's total.
ByMonth<cost::Decimal> cost_by_month(const cost::Invoice& invoice, std::size_t max_parts = 8);

// What a line is for: its meter, or its description where it is no plain usage.
std::string item_name(const cost::Invoice& invoice, const cost::InvoiceLine& line);
// Where: "us-west1", "us-west1 → us-east4", "" for the whole account.
std::string place_name(const cost::Invoice& invoice, const cost::InvoiceLine& line);

// "2026-01"
std::string to_string(std::chrono::year_month month);

}  // namespace backcast::reports
