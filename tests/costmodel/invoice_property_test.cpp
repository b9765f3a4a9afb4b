// What holds for every invoice.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "costmodel/bill/compare.h"
#include "costmodel/bill/match.h"
#include "costmodel/bill/showback.h"
#include "tests/costmodel/books.h"

namespace backcast::cost {
namespace {

// Prices of every shape: tiers, allowance, floor, started units, discount, tax, minimum duration.
PriceBook shaped_book(const std::string& proration) {
  const std::string meters =
      R"({"name":"storage","kind":"storage","unit":"GB","size":"1 GB","per":"30d","proration":")" +
      proration +
      R"("},{"name":"egress","kind":"egress","unit":"GB","size":"1 GB","pool":"region"},)"
      R"({"name":"blocks","kind":"retrieval","unit":"5GB","size":"5 GB","started_units":true})";
  const std::string prices =
      R"({"service":"S","meter":"storage","min_days":30,"tiers":[{"from":"0","price":"0.023"},)"
      R"({"from":"7","price":"0.0171"},{"from":"100","price":"0.01"}],)" +
      kEvidence + R"(},{"service":"E","meter":"egress","minimum":"3","price":"0.09",)" + kEvidence +
      R"(},{"service":"R","meter":"blocks","price":"0.333333",)" + kEvidence + "}";
  return book(meters, prices,
              R"("allowances":[{"name":"f","meter":"egress","amount":"2.5"}],)"
              R"("discounts":[{"name":"d","percent":"7.5"}],)"
              R"("credits":[{"name":"c","meter":"storage","amount_per_month":"0.5"}],)"
              R"("taxes":[{"name":"t","percent":"21"}])");
}

UsageRecord arbitrary_record() {
  UsageRecord r;
  r.kind = *rc::gen::element(UsageKind::kStorage, UsageKind::kEgress, UsageKind::kRetrieval,
                             UsageKind::kDeletion);
  r.start = from_unix_seconds(*rc::gen::inRange<std::int64_t>(1'700'000'000, 1'710'000'000));
  r.end = r.start;
  if (r.kind == UsageKind::kStorage || r.kind == UsageKind::kDeletion) {
    r.end += std::chrono::seconds(*rc::gen::inRange<std::int64_t>(0, 8'000'000));
  }
  r.quantity = *rc::gen::inRange<std::uint64_t>(0, 60 * kGB);
  r.service = *rc::gen::element<std::string>("a", "b", "c");
  r.project = *rc::gen::element<std::string>("p", "q");
  r.region = *rc::gen::element<std::string>("r1", "r2");
  if (*rc::gen::arbitrary<bool>()) r.backup = "x";
  if (*rc::gen::arbitrary<bool>()) r.tags = {"team:t" + r.service};
  return r;
}

std::vector<UsageRecord> arbitrary_usage() {
  std::vector<UsageRecord> usage;
  const int size = *rc::gen::inRange(0, 30);
  for (int i = 0; i < size; ++i) usage.push_back(arbitrary_record());
  return usage;
}

std::string lines_of(const Invoice& invoice) {
  std::string text;
  for (const InvoiceLine& line : invoice.lines) {
    const UsageGroup who = line.group == kNone ? UsageGroup{} : invoice.groups[line.group];
    text += format_month(line.month) + ' ' + who.project + who.service + who.region + ' ' +
            std::to_string(line.row) + ' ' + to_string(line.quantity.base) + ' ' +
            to_string(line.amount) + line.description + '\n';
  }
  return text;
}

RC_GTEST_PROP(InvoiceProperty, MonthByMonthIsTheSameBill, ()) {
  const auto prices = std::make_shared<PriceBook>(shaped_book("hour"));
  std::vector<UsageRecord> usage = arbitrary_usage();
  std::sort(usage.begin(), usage.end(), [](const auto& a, const auto& b) {
    return month_at(unix_seconds(a.start)) < month_at(unix_seconds(b.start));
  });
  Biller biller(prices);
  std::string pieces;
  const auto by = *parse_dimensions("month,service,meter");
  ShowbackSum sum;
  for (const UsageRecord& record : usage) {
    const auto part = *biller.bill_before(to_year_month(month_at(unix_seconds(record.start))));
    pieces += lines_of(part);
    sum.add(showback(part, by));
    RC_ASSERT(biller.add(record).ok());
  }
  const Invoice rest = *biller.finish();
  sum.add(showback(rest, by));
  const Invoice whole = *bill(*prices, usage);
  RC_ASSERT(pieces + lines_of(rest) == lines_of(whole));
  const auto rows = showback(whole, by), summed = sum.rows();
  RC_ASSERT(rows.size() == summed.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    RC_ASSERT(rows[i].values == summed[i].values);
    RC_ASSERT(rows[i].direct == summed[i].direct);
    RC_ASSERT(rows[i].shared == summed[i].shared);
  }
}

TEST(Biller, RefusesUsageOfAMonthThatIsBilled) {
  Biller biller(std::make_shared<PriceBook>(shaped_book("day")));
  ASSERT_TRUE(biller.add(stored("2026-06-01", "2026-08-01", kGB)).ok());
  using namespace std::chrono_literals;
  EXPECT_EQ(biller.bill_before(2026y / 7)->lines.front().month, 2026y / 6);
  const Status late = biller.add(stored("2026-06-02", "2026-06-03", kGB));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().message, "usage of 2026-06 comes after that month was billed");
}

RC_GTEST_PROP(InvoiceProperty, LinesAndShowbackSumToTheTotalInWholeCents, ()) {
  const Invoice invoice = *bill(shaped_book("day"), arbitrary_usage());
  Decimal lines, shares, months;
  for (const InvoiceLine& line : invoice.lines) lines += line.amount;
  const auto by = *parse_dimensions("project,service,tag:team,meter");
  for (const ShowbackRow& row : showback(invoice, by)) shares += row.total();
  const auto by_month = *parse_dimensions("month");
  for (const ShowbackRow& row : showback(invoice, by_month)) {
    months += row.total();
    RC_ASSERT(row.total() == round(row.total(), {2, RoundingMode::kHalfUp}));
  }
  RC_ASSERT(lines == invoice.total().amount);
  RC_ASSERT(shares == lines);
  RC_ASSERT(months == lines);
  RC_ASSERT(cash_view(invoice).total().amount == lines);
}

RC_GTEST_PROP(InvoiceProperty, QuantitiesOfAMeterSumToTheUsage, ()) {
  const auto usage = arbitrary_usage();
  uint128 used = 0, billed_base = 0;
  for (const UsageRecord& r : usage) {
    if (r.kind == UsageKind::kEgress) used += r.quantity;
  }
  const Invoice invoice = *bill(shaped_book("second"), usage);
  for (const InvoiceLine& line : invoice.lines) {
    if (line.group != kNone && line.meter == 1) billed_base += line.quantity.base;
  }
  RC_ASSERT(billed_base == used);
}

// Cutting an interval at any moment changes no line, at any proration, while `born` is kept.
RC_GTEST_PROP(InvoiceProperty, SplittingAnIntervalChangesNothing, ()) {
  const PriceBook prices = shaped_book(*rc::gen::element<std::string>("second", "hour", "day"));
  std::vector<UsageRecord> whole = arbitrary_usage(), split;
  for (UsageRecord& r : whole) {
    if (!r.backup.empty()) r.born = r.start;
    if (r.kind != UsageKind::kStorage) {
      split.push_back(r);
      continue;
    }
    UsageRecord left = r, right = r;
    left.end = right.start =
        r.start + Duration(*rc::gen::inRange<std::int64_t>(0, (r.end - r.start).count() + 1));
    split.push_back(left);
    split.push_back(right);
  }
  RC_ASSERT(lines_of(*bill(prices, whole)) == lines_of(*bill(prices, split)));
}

RC_GTEST_PROP(InvoiceProperty, TheOrderOfRecordsDoesNotMatter, ()) {
  const auto usage = arbitrary_usage();
  auto reversed = usage;
  std::reverse(reversed.begin(), reversed.end());
  const PriceBook prices = shaped_book("hour");
  RC_ASSERT(lines_of(*bill(prices, usage)) == lines_of(*bill(prices, reversed)));
}

// Where every tier costs something, more usage never costs less.
RC_GTEST_PROP(InvoiceProperty, GraduatedTiersAreMonotone, ()) {
  const PriceBook prices = shaped_book("second");
  const auto bytes = *rc::gen::inRange<std::uint64_t>(0, 300 * kGB);
  const auto more = *rc::gen::inRange<std::uint64_t>(0, 300 * kGB);
  const auto cost_of = [&](std::uint64_t quantity) {
    const auto record = stored("2026-06-01", "2026-07-01", quantity);
    return bill(prices, {&record, 1})->total().amount;
  };
  RC_ASSERT(cost_of(bytes) <= cost_of(bytes + more));
}

RC_GTEST_PROP(InvoiceProperty, ComparisonColumnsSumToTheTotals, ()) {
  const PriceBook prices = shaped_book("day");
  const Invoice left = *bill(prices, arbitrary_usage()), right = *bill(prices, arbitrary_usage());
  Decimal left_sum, right_sum, difference;
  for (const CompareRow& row : *compare(left, right)) {
    left_sum += row.left;
    right_sum += row.right;
    difference += row.difference();
  }
  RC_ASSERT(left_sum == left.total().amount);
  RC_ASSERT(right_sum == right.total().amount);
  RC_ASSERT(difference == right_sum - left_sum);
}

TEST(Showback, SharedCostsAreSplitInProportionToDirectCost) {
  const PriceBook prices =
      book(kGbMonth, R"({"service":"S","meter":"storage","price":"0.1",)" + kEvidence + "}",
           R"("taxes":[{"name":"t","percent":"10"}])");
  const Invoice invoice = billed(prices, {stored("2026-06-01", "2026-07-01", 30 * kGB, "r", "a"),
                                          stored("2026-06-01", "2026-07-01", 10 * kGB, "r", "b")});
  const auto rows = showback(invoice, *parse_dimensions("service"));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(to_string(rows[0].direct, 2) + '+' + to_string(rows[0].shared, 2), "3.00+0.30");
  EXPECT_EQ(to_string(rows[1].direct, 2) + '+' + to_string(rows[1].shared, 2), "1.00+0.10");
}

TEST(Showback, NamesUnknownDimensions) {
  EXPECT_THAT(parse_dimensions("month,servce").error().message, testing::HasSubstr("\"servce\""));
  EXPECT_FALSE(parse_dimensions("month:x").ok());
}

TEST(Compare, ShowsWhatOnlyOneSideHas) {
  const PriceBook prices =
      book(kGbMonth, R"({"service":"S","meter":"storage","price":"0.1",)" + kEvidence + "}");
  const auto rows =
      *compare(billed(prices, {stored("2026-06-01", "2026-07-01", 30 * kGB, "r", "a")}),
               billed(prices, {stored("2026-06-01", "2026-07-01", 10 * kGB, "r", "b")}));
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].group.service, "a");
  EXPECT_EQ(to_string(rows[0].difference(), 2), "-3.00");
  EXPECT_EQ(to_string(rows[1].difference(), 2), "1.00");
  EXPECT_EQ(to_string(rows[1].left_quantity), "0");
}

}  // namespace
}  // namespace backcast::cost
