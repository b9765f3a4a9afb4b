// Several providers in one bill.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "books.h"
#include "costmodel/bill/compare.h"
#include "costmodel/bill/showback.h"
#include "costmodel/bill/usage_file.h"

namespace backcast::cost {
namespace {

using ::testing::HasSubstr;

PriceBook named(const std::string& name, const std::string& price, const std::string& more = "") {
  PriceBook made =
      book(kGbMonth,
           R"({"service":"S","meter":"storage","price":")" + price + "\"," + kEvidence + "}", more);
  made.name = made.accounts[0].name = name;
  made.provider = made.accounts[0].provider = name + " Inc";
  return made;
}

UsageRecord held_by(const std::string& provider, std::uint64_t bytes = kGB) {
  UsageRecord record = stored("2026-01-01", "2026-01-31", bytes);
  record.provider = provider;
  return record;
}

PriceBook merged(std::vector<PriceBook> books) {
  auto all = merge(std::move(books));
  EXPECT_TRUE(all.ok()) << (all.ok() ? "" : messages(all.error()));
  return *all;
}

std::string faults_of(const Result<Invoice, Errors>& invoice) {
  return invoice.ok() ? "" : messages(invoice.error());
}

TEST(Providers, UsageIsPricedByTheBookOfItsProviderAlone) {
  const PriceBook all = merged({named("a", "1"), named("b", "2")});
  EXPECT_EQ(total(all, {held_by("a")}), "1.00 USD");
  EXPECT_EQ(total(all, {held_by("B inc")}), "2.00 USD") << "book or provider, whatever the case";
  EXPECT_EQ(total(all, {held_by("a"), held_by("b")}), "3.00 USD");
}

TEST(Providers, UsageOfNobodyIsPricedByTheOnlyBookThatCanOrIsAnErrorThatNamesBoth) {
  const PriceBook all = merged({named("a", "1"), named("b", "2")});
  EXPECT_THAT(faults_of(bill(all, std::vector{held_by("")})),
              AllOf(HasSubstr("priced by both \"a\" (a Inc) and \"b\" (b Inc)"),
                    HasSubstr("\"provider\"")));
  EXPECT_THAT(missing(all, {held_by("c")}), HasSubstr("provider \"c\""));
}

TEST(Providers, OneBookGivenTwiceIsRefused) {
  EXPECT_THAT(messages(merge({named("a", "1"), named("a", "1")}).error()),
              HasSubstr("\"a\" is given twice"));
}

TEST(Providers, DiscountsCreditsTaxesAndRoundingStayWithTheirProvider) {
  const std::string reliefs =
      R"("discounts":[{"name":"d","percent":"50"}],"credits":[{"name":"c","amount_per_month":"1"}],)"
      R"("taxes":[{"name":"t","percent":"10"}])";
  const PriceBook all = merged({named("a", "10", reliefs), named("b", "100.004")});
  const Invoice invoice = billed(all, {held_by("a"), held_by("b")});
  // 10 − 5 − 1 = 4, tax 0.4; b untouched, rounded by itself.
  const auto by = *parse_dimensions("provider");
  const auto rows = showback(invoice, by);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(to_string(rows[0].total(), 2), "4.40");
  EXPECT_EQ(to_string(rows[1].total(), 2), "100.00");
}

TEST(Providers, RegionGroupsOfOneNameAreEachBooksOwn) {
  const auto with_group = [](const std::string& name, const std::string& region,
                             const std::string& price) {
    PriceBook made = book(kGbMonth,
                          R"({"service":"S","meter":"storage","region":"Europe","price":")" +
                              price + "\"," + kEvidence + "}",
                          R"("regions":{"Europe":[")" + region + "\"]}");
    made.name = made.accounts[0].name = name;
    made.provider = made.accounts[0].provider = name;
    return made;
  };
  const PriceBook all = merged({with_group("a", "eu-1", "1"), with_group("b", "eu-2", "2")});
  UsageRecord one = held_by(""), other = held_by("");
  one.region = "eu-1";
  other.region = "eu-2";
  EXPECT_EQ(total(all, {one, other}), "3.00 USD");
}

TEST(Providers, ADefaultClassIsEachBooksOwn) {
  const auto with_class = [](const std::string& name, const std::string& price) {
    PriceBook made = book(kGbMonth,
                          R"({"service":"S","meter":"storage","storage_class":")" + name +
                              R"( class","price":")" + price + "\"," + kEvidence + "}",
                          R"("default_storage_class":")" + name + R"( class")");
    made.name = made.accounts[0].name = name;
    made.provider = made.accounts[0].provider = name;
    return made;
  };
  const PriceBook all = merged({with_class("b", "2"), with_class("a", "1")});
  EXPECT_EQ(total(all, {held_by("a"), held_by("b")}), "3.00 USD");
}

// Each shipped book stores one terabyte of its own.
TEST(Providers, ATerabyteAtThreeProvidersCostsItsThreePrices) {
  std::vector<PriceBook> books;
  std::vector<UsageRecord> usage;
  Decimal apart;
  for (const char* name : {"aws", "b2", "wasabi"}) {
    UsageRecord record = held_by(name, 1000 * kGB);
    record.region = name == std::string("aws") ? "us-east-1" : "us-east";
    const PriceBook alone = shipped_book(name);
    const auto invoice = bill(alone, std::vector{record});
    ASSERT_TRUE(invoice.ok()) << messages(invoice.error());
    apart += invoice->total().amount;
    books.push_back(alone);
    usage.push_back(record);
  }
  EXPECT_EQ(to_string(billed(merged(books), usage).total().amount, 2), to_string(apart, 2));
}

RC_GTEST_PROP(Providers, TheOrderOfTheBooksChangesNothing, ()) {
  const std::vector<std::string> names{"a", "b", "c", "d"};
  std::vector<PriceBook> books;
  for (const std::string& name : names) {
    const int price = *rc::gen::inRange(1, 100000);
    const int percent = *rc::gen::inRange(0, 100);
    books.push_back(named(name, "0." + std::to_string(price),
                          R"("discounts":[{"name":"d","percent":")" + std::to_string(percent) +
                              R"("}],"payment_days":)" + std::to_string(percent)));
  }
  std::vector<UsageRecord> usage;
  for (int i = *rc::gen::inRange(1, 20); i > 0; --i) {
    usage.push_back(held_by(*rc::gen::elementOf(names),
                            *rc::gen::inRange<std::uint64_t>(1, 1'000'000'000'000)));
    usage.back().service = std::to_string(i);
  }
  const Invoice before = billed(merged(books), usage);
  std::vector<PriceBook> shuffled;
  while (!books.empty()) {
    const auto at = *rc::gen::inRange<std::size_t>(0, books.size());
    shuffled.push_back(books[at]);
    books.erase(books.begin() + static_cast<std::ptrdiff_t>(at));
  }
  const Invoice after = billed(merged(shuffled), usage);
  RC_ASSERT(before.lines.size() == after.lines.size());
  for (std::size_t i = 0; i < before.lines.size(); ++i) {
    RC_ASSERT(before.lines[i].amount == after.lines[i].amount);
    RC_ASSERT(before.lines[i].account == after.lines[i].account);
  }
  RC_ASSERT(cash_view(before).total().amount == cash_view(after).total().amount);
}

TEST(Providers, UsageFilesSayWhoseBillItIsOn) {
  const UsageRecord record = held_by("aws");
  EXPECT_THAT(to_json_line(record), HasSubstr("\"provider\":\"aws\""));
  std::istringstream file(
      "kind,start,end,quantity,provider\nstorage,2026-01-01,2026-01-31,5 GB,aws\n");
  std::string provider;
  const auto read = read_usage(file, "u.csv", [&](const UsageRecord& r) -> Status {
    provider = r.provider;
    return kOk;
  });
  EXPECT_TRUE(read.ok());
  EXPECT_EQ(provider, "aws");
}

// --- what a month owes -------------------------------------------------------------------------

const std::string kCommitted =
    R"("commitments":[{"name":"reserved","meter":"storage","amount":"10","fee_per_month":"7",)"
    R"("source":"s"}])";

TEST(Commitments, IdleMonthsAreBilled) {
  const PriceBook prices = named("a", "1", kCommitted);
  // Used in January and April alone: four fees.
  UsageRecord april = stored("2026-04-01", "2026-04-02", kGB);
  EXPECT_EQ(total(prices, {held_by(""), april}), "28.00 USD");
}

TEST(Commitments, ABillOfAPeriodOwesEveryMonthOfIt) {
  using namespace std::chrono;
  const PriceBook prices = named("a", "1", kCommitted);
  const auto invoice = bill(prices, std::vector{held_by("")},
                            {.options = {}, .first_month = 2025y / 12, .last_month = 2026y / 6});
  ASSERT_TRUE(invoice.ok());
  EXPECT_EQ(to_string(invoice->total()), "49.00 USD");
}

TEST(Commitments, UsageBeforeThePeriodIsBilledAsWell) {
  using namespace std::chrono;
  const PriceBook prices = named("a", "1", kCommitted);
  const auto invoice = bill(prices, std::vector{held_by("")},
                            {.options = {}, .first_month = 2026y / 3, .last_month = 2026y / 4});
  ASSERT_TRUE(invoice.ok());
  EXPECT_EQ(to_string(invoice->total()), "28.00 USD");
}

TEST(Commitments, MonthByMonthOwesTheSame) {
  Biller biller(std::make_shared<PriceBook>(named("a", "1", kCommitted)));
  ASSERT_TRUE(biller.add(held_by("")).ok());
  using namespace std::chrono;
  Decimal sum = biller.bill_before(2026y / 4)->total().amount;
  ASSERT_TRUE(biller.add(stored("2026-04-01", "2026-04-02", kGB)).ok());
  sum += biller.finish()->total().amount;
  EXPECT_EQ(to_string(sum, 2), "28.00");
}

TEST(Allowances, WhatIsFreeInProportionToAnotherMeterCountsBytesNotUnitsOfItsPrice) {
  const PriceBook prices =
      book(R"({"name":"storage","kind":"storage","unit":"TB-Months","size":"1 TB","per":"30d"},)"
           R"({"name":"egress","kind":"egress","unit":"GB","size":"1 GB"})",
           R"({"service":"S","meter":"storage","price":"6.95",)" + kEvidence +
               R"(},{"service":"S","meter":"egress","price":"0.01",)" + kEvidence + "}",
           R"("allowances":[{"name":"three times","meter":"egress","of_meter":"storage",)"
           R"("times":"3","source":"s"}])");
  EXPECT_EQ(total(prices, {stored("2026-01-01", "2026-01-31", 1000 * kGB),
                           moment(UsageKind::kEgress, "2026-01-05", 1000 * kGB)}),
            "6.95 USD");
}

TEST(Credits, ZillizCreditCoversTransferToTheInternetToo) {
  UsageRecord egress = moment(UsageKind::kEgress, "2026-01-05", 500 * kGB, "aws-us-east-1");
  EXPECT_EQ(total(shipped_book("zilliz"), {egress}, {"transfer-credit"}), "35.00 USD");
}

TEST(Quantities, MonthsOfDifferentLengthAddUp) {
  const Quantity february{28 * 3, 28}, march{31 * 4, 31};
  EXPECT_EQ(to_string(february + march), "7");
  const Quantity third{1, 3}, half{1, 2};
  EXPECT_EQ((third + half).base, 5u);
  EXPECT_EQ((third + half).base_per_unit, 6u);
}

}  // namespace
}  // namespace backcast::cost
