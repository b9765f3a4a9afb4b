#include "reports/bill/price_tables.h"

#include <fmt/format.h>

#include <map>

namespace backcast::reports {
namespace {

using cost::Decimal;
using cost::PriceBook;
using cost::PriceRow;

// "0.09; from 10240: 0.085", "unknown"
std::string rates_of(const PriceRow& row) {
  if (!row.is_known) return "unknown";
  std::string text;
  for (const cost::Tier& tier : row.tiers) {
    if (!text.empty()) text += fmt::format("; from {}: ", to_string(tier.from));
    text += to_string(tier.rate);
  }
  if (row.then_every) {
    text += fmt::format("; then {} per {} above {}", to_string(row.then_every->rate),
                        to_string(row.then_every->size), to_string(row.then_every->from));
  }
  return text;
}

std::string conditions_of(const PriceRow& row) {
  std::string text;
  const auto add = [&](std::string part) {
    if (!text.empty()) text += "; ";
    text += part;
  };
  if (row.min_seconds > 0) add(fmt::format("at least {} days", row.min_seconds / 86400));
  if (row.min_object_bytes > 0)
    add(fmt::format("objects of at least {} bytes", row.min_object_bytes));
  for (const cost::Overhead& overhead : row.overheads) {
    add(fmt::format("{} bytes more per object{}", overhead.bytes_per_object,
                    overhead.storage_class.empty() ? "" : " at " + overhead.storage_class));
  }
  if (!row.minimum.is_zero()) add("at least " + to_string(row.minimum) + " units a month");
  if (row.multiplier != Decimal(1, 0)) add("times " + to_string(row.multiplier));
  if (row.tier_mode == cost::TierMode::kVolume) add("the tier reached prices the whole");
  if (row.tier_mode == cost::TierMode::kStep) add("one fee per size step");
  return text;
}

}  // namespace

Table price_table(const PriceBook& book, std::string_view filter) {
  Table table{"prices", {}, {}};
  table.columns = {{"id", "Row"},
                   {"provider", "Provider"},
                   {"rates", "Rates"},
                   {"currency", "Currency"},
                   {"unit", "Per"},
                   {"convention", "Convention"},
                   {"conditions", "Conditions"},
                   {"as_of", "As of"},
                   {"certainty", "Certainty"},
                   {"source", "Source"}};
  for (const PriceRow& row : book.rows) {
    if (row.id.find(filter) == std::string::npos) continue;
    const cost::Meter& meter = book.meters[row.meter];
    table.rows.push_back({{row.id, ""},
                          {row.provider, ""},
                          {rates_of(row), ""},
                          {std::string(book.currency.code()), ""},
                          {meter.unit, ""},
                          {describe_convention(meter), ""},
                          {conditions_of(row), ""},
                          {row.as_of, ""},
                          {row.certainty, ""},
                          {row.source, ""}});
  }
  return table;
}

Table price_diff_table(const PriceBook& before, const PriceBook& after) {
  struct Pair {
    const PriceRow *before = nullptr, *after = nullptr;
  };
  std::map<std::string, Pair> pairs;
  for (const PriceRow& row : before.rows) pairs[row.id].before = &row;
  for (const PriceRow& row : after.rows) pairs[row.id].after = &row;
  Table table{"price_diff", {}, {}};
  table.columns = {{"id", "Row"},      {"change", "Change"},      {"before", "Before"},
                   {"after", "After"}, {"before_as_of", "As of"}, {"after_as_of", "As of"}};
  for (const auto& [id, pair] : pairs) {
    const auto describe = [](const PriceRow* row) {
      if (row == nullptr) return std::string();
      const std::string conditions = conditions_of(*row);
      return conditions.empty() ? rates_of(*row) : rates_of(*row) + " (" + conditions + ")";
    };
    const std::string left = describe(pair.before), right = describe(pair.after);
    if (left == right) continue;
    const char* const change = pair.before == nullptr  ? "added"
                               : pair.after == nullptr ? "removed"
                                                       : "changed";
    table.rows.push_back({{id, ""},
                          {change, ""},
                          {left, ""},
                          {right, ""},
                          {pair.before ? pair.before->as_of : "", ""},
                          {pair.after ? pair.after->as_of : "", ""}});
  }
  return table;
}

}  // namespace backcast::reports
