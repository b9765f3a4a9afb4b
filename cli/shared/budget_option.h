// --budget AMOUNT|FILE of the verbs that bill.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "costmodel/bill/budget.h"

namespace CLI {
class App;
}

namespace backcast::cli {

void add_budget_option(CLI::App& verb, std::string& option);

// As cost::against_budget. An amount for every month, or the name of a CSV file with the columns
// month and budget. Errors: those of the file; a month of the bill without a budget.
Result<cost::BudgetReport, Errors> against_budget(const std::string& option,
                                                  std::span<const cost::MonthSpend> months,
                                                  bool is_complete);

}  // namespace backcast::cli
