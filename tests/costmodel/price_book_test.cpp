// Price books that must be refused, and why.
#include <gmock/gmock.h>

#include "tests/costmodel/books.h"

namespace backcast::cost {
namespace {

using testing::AllOf;
using testing::HasSubstr;

std::string faults(const std::string& prices, const std::string& more = "") {
  const auto made = try_book(kGbMonth, prices, more);
  EXPECT_FALSE(made.ok()) << prices;
  return made.ok() ? "" : messages(made.error());
}

std::string row(const std::string& fields) {
  return R"({"service":"S","meter":"storage",)" + fields + "," + kEvidence + "}";
}

TEST(PriceBook, RefusesTiersWithAGapOrAnOverlap) {
  EXPECT_THAT(faults(row(R"("tiers":[{"from":"10","price":"1"}])")),
              HasSubstr("gap: the first tier"));
  EXPECT_THAT(
      faults(row(R"("tiers":[{"from":"0","to":"10","price":"1"},{"from":"20","price":"2"}])")),
      HasSubstr("gap: the tier before ends at 10, this one begins at 20"));
  EXPECT_THAT(
      faults(row(R"("tiers":[{"from":"0","to":"10","price":"1"},{"from":"5","price":"2"}])")),
      HasSubstr("overlap: the tier before ends at 10, this one begins at 5"));
  EXPECT_THAT(faults(row(R"("tiers":[{"from":"0","price":"1"},{"from":"0","price":"2"}])")),
              HasSubstr("overlap"));
  EXPECT_THAT(faults(row(R"("tiers":[{"from":"0","to":"10","price":"1"}])")),
              HasSubstr("nothing is priced from 10 on"));
  EXPECT_THAT(faults(row(R"("tiers":[])")), HasSubstr("no tiers"));
}

TEST(PriceBook, RefusesNegativeInexactAndMixedMoney) {
  EXPECT_THAT(faults(row(R"("price":"-0.02")")),
              AllOf(HasSubstr("negative"), HasSubstr("/prices/0/price")));
  EXPECT_THAT(faults(row(R"("price":0.02)")), HasSubstr("in quotes"));
  EXPECT_THAT(faults(row(R"("price":"1e3")")), HasSubstr("not a decimal"));
  EXPECT_THAT(faults(row(R"("price":"99999999999999999999")")), HasSubstr("18 digits"));
  EXPECT_THAT(faults(row(R"("price":"0.02","currency":"EUR")")),
              HasSubstr("\"EUR\" in a book of USD"));
}

TEST(PriceBook, RefusesAPriceFromTheFuture) {
  EXPECT_THAT(faults(R"({"service":"S","meter":"storage","price":"1","source":"s",)"
                     R"("as_of":"2026-09-02","certainty":"high"})"),
              HasSubstr("a price from the future: 2026-09-02 in a book of 2026-09-01"));
  const PriceBook prices = book(kGbMonth, row(R"("price":"1","valid_from":"2027-01-01")"));
  EXPECT_THAT(missing(prices, {stored("2026-12-30", "2026-12-31", kGB)}),
              AllOf(HasSubstr("no price for storage"), HasSubstr("in 2026-12 not on the bill"),
                    HasSubstr("(from 2027-01 on)")));
}

TEST(PriceBook, EveryRowNeedsItsEvidence) {
  const std::string text = faults(R"({"service":"S","meter":"storage","price":"1"})");
  EXPECT_THAT(text,
              AllOf(HasSubstr("missing field \"source\""), HasSubstr("missing field \"as_of\""),
                    HasSubstr("missing field \"certainty\"")));
  EXPECT_THAT(faults(R"({"service":"S","meter":"storage","price":null,)" + kEvidence + "}"),
              HasSubstr("a price of null has the certainty \"hole\""));
}

TEST(PriceBook, ReportsAllFaultsAtOnceWithTheirLines) {
  const auto made = try_book(R"({"name":"x","kind":"storag","unit":"u","size":"1 GX","per":"1y"})",
                             R"({"service":"S","metre":"x","price":"1"})");
  ASSERT_FALSE(made.ok());
  const std::string text = messages(made.error());
  EXPECT_THAT(text,
              AllOf(HasSubstr("did you mean \"storage\"?"), HasSubstr("unknown unit \"GX\""),
                    HasSubstr("did you mean \"meter\"?"), HasSubstr("test.json:3:11: /prices/0")));
}

TEST(PriceBook, RefusesTheSamePriceTwiceAndAmbiguousOnes) {
  EXPECT_THAT(faults(row(R"("price":"1")") + "," + row(R"("price":"2")")),
              HasSubstr("priced twice"));
  const PriceBook prices =
      book(kGbMonth, row(R"("region":"A","price":"1")") + "," + row(R"("region":"B","price":"2")"),
           R"("regions":{"A":["r*"],"B":["r1"]})");
  EXPECT_THAT(refusal(prices, {stored("2026-01-01", "2026-01-02", kGB)}),
              HasSubstr("two prices apply equally well"));
}

TEST(PriceBook, AMissingPriceNamesWhatWasSoughtAndTheNearestRows) {
  const PriceBook prices = book(kGbMonth, row(R"("region":"r1","price":"1")"));
  EXPECT_THAT(missing(prices, {stored("2026-01-01", "2026-01-02", kGB, "r2")}),
              AllOf(HasSubstr("no price for storage, region \"r2\""),
                    HasSubstr("nearest rows: \"S/r1/storage\"")));
}

TEST(PriceBook, AnInvoiceNamesWhatHasNoPriceOnceForEachCause) {
  Biller biller(std::make_shared<PriceBook>(book(
      kGbMonth, row(R"("region":"r1","price":"1")") + "," +
                    R"({"service":"S","meter":"storage","region":"r3","price":null,"source":"s",)"
                    R"("as_of":"2026","certainty":"hole"})")));
  for (const char* region : {"r1", "r2", "r2", "r3"}) {
    EXPECT_TRUE(biller.add(stored("2026-01-01", "2026-03-02", kGB, region)).ok());
  }
  EXPECT_TRUE(biller.add(stored("2026-01-01", "2026-03-02", 0, "r4")).ok());
  const Invoice invoice = *biller.finish();
  EXPECT_EQ(to_string(invoice.total()), "1.99 USD") << "1.03 + 0.93 + 0.03";
  ASSERT_EQ(invoice.missing.size(), 2u) << "whatever the months, and nothing for no bytes";
  const MissingPrice& no_row =
      invoice.missing[0].where.line == 0 ? invoice.missing[0] : invoice.missing[1];
  const MissingPrice& unknown =
      invoice.missing[0].where.line == 0 ? invoice.missing[1] : invoice.missing[0];
  EXPECT_EQ(no_row.amount, "120.00 GB for a day in 2026-01..2026-03");
  EXPECT_EQ(no_row.lines_to_add,
            "{\"row\": {\"like\": \"S/r1/storage\", \"region\": \"r2\"},\n"
            " \"rate\": \"…\",\n \"because\": \"…\"}");
  EXPECT_THAT(unknown.lines_to_add, HasSubstr("{\"row\": \"S/r3/storage\",\n"));
  EXPECT_EQ(unknown.groups.front().region, "r3");
}

TEST(PriceBook, RefusesHostileNumbersInsteadOfOverflowing) {
  EXPECT_THAT(faults(row(R"("price":"999999999999")")), HasSubstr("10^9"));
  EXPECT_THAT(faults(row(R"("price":"1","multiplier":"1000000")")), HasSubstr("multiplier"));
  const PriceBook prices = book(kGbMonth, row(R"("price":"1000000000")"));
  UsageRecord record = stored("1970-01-01", "2261-12-31", UINT64_MAX);
  record.objects = UINT64_MAX;
  const std::vector<UsageRecord> huge(20, record);
  EXPECT_TRUE(bill(prices, huge).ok());
}

TEST(PriceBook, BooksOfSeveralProvidersBillTogetherInOneCurrency) {
  PriceBook a = book(kGbMonth, row(R"("region":"r1","price":"1")"));
  PriceBook b = book(kGbMonth, row(R"("region":"r2","price":"2")"));
  b.name = "b";
  const auto both = merge({a, b});
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(total(*both, {stored("2026-01-01", "2026-01-31", kGB, "r1"),
                          stored("2026-01-01", "2026-01-31", kGB, "r2")}),
            "3.00 USD");
  b.currency = *Currency::parse("EUR");
  EXPECT_FALSE(merge({a, b}).ok());
}

TEST(PriceBook, EveryShippedBookLoadsAndEveryRowHasASource) {
  for (const char* name : {"aws", "gcp", "azure", "b2", "wasabi", "zilliz", "qdrant", "zerops"}) {
    for (const PriceRow& r : shipped_book(name).rows) EXPECT_FALSE(r.source.empty()) << r.id;
  }
}

}  // namespace
}  // namespace backcast::cost
