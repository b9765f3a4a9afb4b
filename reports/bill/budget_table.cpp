#include "reports/bill/budget_table.h"

#include <fmt/format.h>

#include "costmodel/bill/showback.h"

namespace backcast::reports {
namespace {

Cell money(const cost::Decimal& amount) {
  return {cost::to_string(amount, 2), ""};
}

}  // namespace

Table budget_table(const cost::BudgetReport& report, const std::string& currency) {
  Table table{"budget", {{"month", "Month"}, {"budget", "Budget", true}}, {}};
  if (report.has_spread) table.columns.push_back({"spent_p05", "5 %", true});
  table.columns.push_back({"spent", report.has_spread ? "Median" : "Spent", true});
  if (report.has_spread) table.columns.push_back({"spent_p95", "95 %", true});
  for (const Column& column : {Column{"budget_so_far", "Budget so far", true},
                               Column{"spent_so_far", "Spent so far", true},
                               Column{"currency", "Currency"}, Column{"result", "Result"}}) {
    table.columns.push_back(column);
  }
  for (const cost::BudgetRow& r : report.rows) {
    auto& row = table.rows.emplace_back();
    row = {{cost::format_month(r.spend.month), ""}, money(r.budget)};
    if (report.has_spread) row.push_back(money(r.spend.p05));
    row.push_back(money(r.spend.p50));
    if (report.has_spread) row.push_back(money(r.spend.p95));
    const char* const result = r.is_over             ? "over"
                               : !report.is_complete ? "unknown"
                               : r.may_be_over       ? "may be over"
                                                     : "within";
    row.insert(row.end(),
               {money(r.budget_so_far), money(r.spent_so_far), {currency, ""}, {result, ""}});
  }
  return table;
}

std::string budget_sentence(const cost::BudgetReport& report) {
  std::string text =
      report.first_over    ? "first over budget in " + cost::format_month(*report.first_over)
      : report.is_complete ? "never over budget"
                           : "unknown, since the bill is incomplete: prices are missing";
  if (report.has_spread) text += " at the median";
  if (report.first_maybe_over && report.first_maybe_over != report.first_over) {
    text += fmt::format("; one run in twenty is from {} on",
                        cost::format_month(*report.first_maybe_over));
  }
  return text;
}

}  // namespace backcast::reports
