#include "costmodel/bill/budget.h"

#include <algorithm>
#include <map>

#include "costmodel/bill/showback.h"
#include "costmodel/bill/usage_bill.h"
#include "engine/base/csv_reader.h"
#include "engine/base/text.h"

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

Result<Budget, Errors> read_budget(const std::string& text, const std::string& name) {
  Budget budget;
  Errors errors;
  int line = 1;
  const auto fail = [&](int column, std::string message, std::string hint = {}) {
    errors.push_back({Errc::kBadInput, std::move(message), {name, "", line, column}, hint});
  };
  constexpr const char* kHint = "columns are month, as 2026-01, and budget";
  try {
    io::CSVReader<2, io::trim_chars<' ', '\t', '\r'>, io::double_quote_escape<',', '"'>> rows(
        name, text.data(), text.data() + text.size());
    rows.read_header(io::ignore_no_column, "month", "budget");
    char *month = nullptr, *amount = nullptr;
    while (errors.size() < 20 && rows.read_row(month, amount)) {
      line = static_cast<int>(rows.get_file_line());
      const char* const start = std::min(month, amount);
      const auto named = parse_month(month);
      if (!named)
        fail(static_cast<int>(month - start) + 1, printable(month) + " is not a month", kHint);
      const auto parsed = Decimal::parse(amount);
      if (!parsed.ok() || parsed->is_negative()) {
        fail(static_cast<int>(amount - start) + 1, printable(amount) + " is not a budget", kHint);
      }
      if (!named || !parsed.ok()) continue;
      if (!budget.months.emplace(*named, *parsed).second) {
        fail(static_cast<int>(month - start) + 1, printable(month) + " is given twice");
      }
    }
  } catch (const io::error::base&) {
    fail(1, "not a table of months and budgets", kHint);
  }
  if (errors.empty() && budget.months.empty()) fail(1, "it contains no months", kHint);
  if (!errors.empty()) return errors;
  return budget;
}

Result<BudgetReport> against_budget(std::span<const MonthSpend> months, const Budget& budget,
                                    bool is_complete) {
  BudgetReport report;
  report.is_complete = is_complete;
  Decimal budget_so_far, spent_so_far;
  std::string missing;
  for (const MonthSpend& spend : months) {
    const auto named = budget.months.find(spend.month);
    if (named == budget.months.end() && !budget.every_month) {
      missing += (missing.empty() ? "" : ", ") + format_month(spend.month);
      continue;
    }
    const Decimal amount = named != budget.months.end() ? named->second : *budget.every_month;
    budget_so_far += amount;
    spent_so_far += spend.p50;
    report.has_spread |= spend.p05 != spend.p95;
    BudgetRow row{
        spend, amount, budget_so_far, spent_so_far, spend.p50 > amount, spend.p95 > amount};
    if (row.is_over && !report.first_over) report.first_over = spend.month;
    if (row.may_be_over && !report.first_maybe_over) report.first_maybe_over = spend.month;
    report.rows.push_back(std::move(row));
  }
  if (!missing.empty())
    return bad_input("no budget for " + missing, "name every month of the bill");
  return report;
}

}  // namespace backcast::cost
