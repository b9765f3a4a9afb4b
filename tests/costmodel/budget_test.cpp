// Spending against a budget.
#include "costmodel/budget.h"

#include "tests/costmodel/books.h"

namespace backcast::cost {
namespace {

using namespace std::chrono_literals;

TEST(Budget, NamesTheFirstMonthOverAndTheFirstThatMayBe) {
  std::vector<Decimal> calm(100, dec("9")), risky(100, dec("9"));
  for (std::size_t i = 0; i < 6; ++i) risky[i] = dec("11");  // 6 of 100 runs are above
  const std::vector<MonthSpend> months{spread_of(2026y / 1, calm), spread_of(2026y / 2, risky),
                                       spread_of(2026y / 3, {dec("10.01")})};
  const BudgetReport report = against_budget(months, dec("10"));
  EXPECT_EQ(report.first_maybe_over, 2026y / 2);
  EXPECT_EQ(report.first_over, 2026y / 3);
  EXPECT_EQ(to_string(report.rows[2].spent_so_far), "28.01");
  EXPECT_EQ(to_string(report.rows[2].budget_so_far), "30");
  EXPECT_FALSE(report.rows[1].is_over);
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
