// Spending against a budget.
#include "costmodel/bill/budget.h"

#include <gmock/gmock.h>

#include "tests/costmodel/books.h"

namespace backcast::cost {
namespace {

using namespace std::chrono_literals;

TEST(Budget, NamesTheFirstMonthOverAndTheFirstThatMayBe) {
  std::vector<Decimal> calm(100, dec("9")), risky(100, dec("9"));
  for (std::size_t i = 0; i < 6; ++i) risky[i] = dec("11");  // 6 of 100 runs are above
  const std::vector<MonthSpend> months{spread_of(2026y / 1, calm), spread_of(2026y / 2, risky),
                                       spread_of(2026y / 3, {dec("10.01")})};
  const BudgetReport report = *against_budget(months, {dec("10"), {}}, true);
  EXPECT_EQ(report.first_maybe_over, 2026y / 2);
  EXPECT_EQ(report.first_over, 2026y / 3);
  EXPECT_EQ(to_string(report.rows[2].spent_so_far), "28.01");
  EXPECT_EQ(to_string(report.rows[2].budget_so_far), "30");
  EXPECT_FALSE(report.rows[1].is_over);
}

TEST(Budget, MonthsMayHaveBudgetsOfTheirOwn) {
  const Budget budget = *read_budget("month,budget\n2026-02, 5\n2026-01,10.50\n", "b.csv");
  const auto spent = [](auto month) { return spread_of(month, {dec("6")}); };
  const BudgetReport report =
      *against_budget(std::vector{spent(2026y / 1), spent(2026y / 2)}, budget, true);
  EXPECT_EQ(report.first_over, 2026y / 2);
  EXPECT_EQ(to_string(report.rows[1].budget_so_far, 2), "15.50");
  EXPECT_FALSE(report.has_spread);
  const auto missing = against_budget(std::vector{spent(2026y / 3)}, budget, true);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().message, "no budget for 2026-03");
}

TEST(Budget, WhatIsKnownOfABillMayBeOverAndIsNeverWithin) {
  const auto spent = [](auto month, const char* amount) { return spread_of(month, {dec(amount)}); };
  const std::vector<MonthSpend> months{spent(2026y / 1, "6"), spent(2026y / 2, "12")};
  const BudgetReport over = *against_budget(months, {dec("10"), {}}, false);
  EXPECT_EQ(over.first_over, 2026y / 2);
  EXPECT_FALSE(over.is_complete);
}

TEST(Budget, FaultsHaveLineAndColumn) {
  const auto fault = [](const std::string& rows) {
    const auto read = read_budget(rows, "b.csv");
    return read.ok() ? "" : to_string(read.error().front());
  };
  EXPECT_THAT(fault("month,budget\n2026-13,5\n"), testing::StartsWith("b.csv:2:1: "));
  EXPECT_THAT(fault("month,budget\n2026-01,5\n2026-02,-1\n"), testing::StartsWith("b.csv:3:9: "));
  EXPECT_THAT(fault("month,budget\n2026-01,5\n2026-01,6\n"), testing::HasSubstr("twice"));
  EXPECT_THAT(fault("date;amount\n"), testing::HasSubstr("columns are month"));
  EXPECT_THAT(fault(""), testing::HasSubstr("b.csv:1:1: "));
  EXPECT_THAT(fault("month,budget\n"), testing::HasSubstr("no month"));
}

TEST(Budget, QuantilesAreSamples) {
  std::vector<Decimal> samples;
  for (int i = 20; i > 0; --i) samples.emplace_back(i, 0);
  const MonthSpend spend = spread_of(2026y / 1, samples);
  EXPECT_EQ(to_string(spend.p05), "1");
  EXPECT_EQ(to_string(spend.p50), "10");
  EXPECT_EQ(to_string(spend.p95), "19");
}

TEST(Budget, TakesTheMonthsOfAnInvoice) {
  const PriceBook prices =
      book(kGbMonth, R"({"service":"S","meter":"storage","price":"0.1",)" + kEvidence + "}");
  const auto months = spend_of(billed(prices, {stored("2026-06-01", "2026-07-31", 30 * kGB)}));
  ASSERT_EQ(months.size(), 2u);
  EXPECT_EQ(to_string(months[0].p50, 2), "3.00");
  EXPECT_EQ(to_string(months[1].p95, 2), "3.00");
}

}  // namespace
}  // namespace backcast::cost
