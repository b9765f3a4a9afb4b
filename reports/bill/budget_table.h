// Spending against a budget, told.
#pragma once

#include <string>

#include "costmodel/bill/budget.h"
#include "reports/parts/table.h"

namespace backcast::reports {

// Month by month; percentiles only where they differ.
Table budget_table(const cost::BudgetReport& report, const std::string& currency);
// "first over budget in 2026-03; may be over from 2026-02 on (1 run in 20 is)"
std::string budget_sentence(const cost::BudgetReport& report);

}  // namespace backcast::reports
