#include "cli/shared/budget_option.h"

#include <CLI/CLI.hpp>

#include "engine/base/document.h"
#include "engine/base/errors.h"

namespace backcast::cli {
namespace {

constexpr std::uint64_t kMaxFileBytes = 16 << 20;

Result<cost::Budget, Errors> parse_budget(const std::string& option) {
  if (const auto amount = cost::Decimal::parse(option); amount.ok()) {
    if (amount->is_negative()) return Errors{bad_input("a budget of " + option + " is negative")};
    return cost::Budget{*amount, {}};
  }
  const auto text = read_text_file(option, kMaxFileBytes);
  if (text.ok()) return cost::read_budget(*text, option);
  Error error = text.error();
  error.hint = "give an amount per month, such as 120.50, or a CSV file of months and budgets";
  return Errors{std::move(error)};
}

}  // namespace

void add_budget_option(CLI::App& verb, std::string& option) {
  verb.add_option("--budget", option,
                  "Spending against a budget: an amount per month, or a CSV file with the columns "
                  "month and budget")
      ->type_name("AMOUNT|FILE");
}

Result<cost::BudgetReport, Errors> against_budget(const std::string& option,
                                                  std::span<const cost::MonthSpend> months,
                                                  bool is_complete) {
  BACKCAST_TRY(const cost::Budget budget, parse_budget(option));
  return all_errors(cost::against_budget(months, budget, is_complete));
}

}  // namespace backcast::cli
