// The FOCUS file of a bill that has every kind of line.
#include "reports/bill/focus.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "tests/costmodel/books.h"
#include "tests/focus/focus_rules.h"

namespace backcast::reports {
namespace {

using cost::Decimal;
using testing::HasSubstr;

cost::Invoice every_kind_of_line(const std::set<std::string>& options) {
  const auto document = Document::read("docs/billing/mechanics.json");
  const cost::PriceBook prices = *cost::load_price_book(*document);
  std::vector<UsageRecord> usage;
  for (const char* storage_class : {"standard", "hourly", "daily", "zone-redundant", "terabytes"}) {
    for (std::uint64_t i = 1; i < 30; ++i) {
      usage.push_back(cost::stored("2026-06-01T00:00:17Z", "2026-08-19", i * 7'777'777'777,
                                   "europe-1", "=cmd|' /C calc'!A" + std::to_string(i)));
      usage.back().storage_class = storage_class;
      usage.back().project = "Zürich";
      usage.back().tags = {"team:shop \"1\"", "nightly"};
    }
  }
  usage.push_back(cost::moment(UsageKind::kEgress, "2026-06-07", 3'333'333'333'333, "america-1"));
  usage.push_back(
      cost::moment(UsageKind::kTransfer, "2026-06-07", 123'456'789, "europe-1", "america-1"));
  return cost::billed(prices, usage, options);
}

std::string focus_of(const cost::Invoice& invoice) {
  std::string text;
  EXPECT_TRUE(write_focus_csv(invoice, {}, [&](std::string_view part) {
                text += part;
                return kOk;
              }).ok());
  return text;
}

focus::Outcome check(const std::vector<focus::Row>& rows) {
  const auto table = [](const char* name) {
    return *read_text_file(std::string("tests/focus/") + name, 1 << 20);
  };
  return focus::check(table("columns.csv"), table("conditions.csv"), rows);
}

TEST(Focus, HoldsEveryRuleForEveryKindOfLine) {
  const auto outcome = check(
      focus::read_csv(focus_of(every_kind_of_line({"partner", "welcome", "vat", "reserved"}))));
  EXPECT_GT(outcome.rules, 200u);
  for (const focus::Failure& failure : outcome.failures) {
    ADD_FAILURE() << failure.rule << ' ' << failure.why;
  }
}

TEST(Focus, TheRulesFindWhatIsWrong) {
  auto rows = focus::read_csv(focus_of(every_kind_of_line({"vat"})));
  const auto tax = std::find_if(rows.begin(), rows.end(), [](const focus::Row& row) {
    return row.at("ChargeCategory") == "Tax";
  });
  ASSERT_NE(tax, rows.end());
  rows[0]["ListCost"] = "1.0";
  rows[1]["BilledCost"] = "1";
  rows[2]["ServiceCategory"] = "Web";
  rows[3]["ResourceName"] = "Zürich";
  rows[4]["InvoiceIssuerName"] = "Reseller";
  rows[5].at("PricingUnit") = "gb";
  rows[6].at("Tags") = "{\"a\":[]}";
  rows[7].at("BillingPeriodStart") = "2026-06-01";
  rows[8].at("ChargeCategory") = "Refund";
  rows[9].at("InvoiceId").clear();
  rows[10].at("ChargePeriodEnd") = rows[10].at("ChargePeriodStart");
  tax->at("SkuId") = "vat";
  for (auto& row : rows) {
    row["Colour"] = "red";
    row.erase("PublisherName");
  }
  std::set<std::string> failed;
  for (const focus::Failure& failure : check(rows).failures) failed.insert(failure.rule);
  EXPECT_EQ(
      failed,
      (std::set<std::string>{
          "BilledCost is a number",
          "BilledCost is zero when ProviderName differs from InvoiceIssuerName",
          "BillingPeriodStart is a month", "ChargeCategory is an allowed value",
          "ChargePeriodStart is before ChargePeriodEnd",
          "ConsumedQuantity is null when ChargeCategory is not Usage",
          "InvoiceId has one BillingPeriodStart", "InvoiceId is not null",
          "ListCost is ListUnitPrice times PricingQuantity when ListUnitPrice is not "
          "null & ChargeClass is not Correction",
          "PricingUnit is a unit", "PublisherName is there", "ResourceId has one ResourceName",
          "ResourceName is a text", "ServiceName has one ServiceCategory",
          "ServiceSubcategory is Application Platforms; Other (Web) when "
          "ServiceCategory is Web",
          "SkuId is null when ChargeCategory is Tax", "SkuMeter is not null when SkuId is not null",
          "Tags is a pairs", "own columns begin with x_"}));
}

TEST(Focus, ATableThatCannotBeReadIsNoPass) {
  const std::vector<focus::Row> rows{{{"A", "1"}}};
  const std::string none = "column,present,form,null,values\n";
  EXPECT_THROW(focus::check(none, "when,then\n,A has a B\n", rows), std::runtime_error);
  EXPECT_THROW(focus::check(none + "A,must,colour,may,\n", "when,then\n", rows), std::out_of_range);
}

TEST(Focus, CommitmentsNameThemselvesWhereABookHasThem) {
  std::size_t covered = 0;
  for (auto& row : focus::read_csv(focus_of(every_kind_of_line({"reserved"})))) {
    if (row.at("CommitmentDiscountId").empty()) continue;
    EXPECT_EQ(row.at("CommitmentDiscountCategory"), "Usage");
    if (row.at("ChargeCategory") == "Purchase") continue;
    ++covered;
    EXPECT_EQ(row.at("BilledCost"), "0.00");
    EXPECT_EQ(row.at("ListUnitPrice"), "6.99") << "the price it would have without";
    EXPECT_EQ(row.at("PricingCategory"), "Committed");
    EXPECT_EQ(row.at("x_CommitmentDiscountStatus"), "Used");
  }
  EXPECT_GT(covered, 0u);
  const cost::PriceBook plain = cost::book(
      cost::kGbMonth, R"({"service":"S","meter":"storage","price":"1",)" + cost::kEvidence + "}");
  const auto bill = cost::billed(plain, {cost::stored("2026-06-01", "2026-07-01", 1)});
  EXPECT_THAT(focus_of(bill), Not(HasSubstr("CommitmentDiscount")));
}

TEST(Focus, BilledCostsSumExactlyToTheInvoice) {
  const cost::Invoice invoice = every_kind_of_line({"partner", "welcome", "vat", "reserved"});
  Decimal billed;
  double effective = 0;
  for (auto& row : focus::read_csv(focus_of(invoice))) {
    billed += *Decimal::parse(row.at("BilledCost"));
    effective += std::strtod(row.at("EffectiveCost").c_str(), nullptr);
  }
  EXPECT_EQ(billed, invoice.total().amount);
  EXPECT_NEAR(effective, to_double(invoice.total().amount), 1e-6) << "fees spread over their use";
}

TEST(Focus, HostileNamesStayText) {
  const std::string text = focus_of(every_kind_of_line({}));
  EXPECT_THAT(text, HasSubstr(",'=cmd|"));
  EXPECT_THAT(text, HasSubstr("Z\\u00fcrich"));
  EXPECT_THAT(text, HasSubstr(R"("{""team"":""shop \""1\"""",""nightly"":true}")"));
}

TEST(Focus, StreamsInPiecesOfBoundedSize) {
  std::size_t largest = 0, pieces = 0;
  const auto measure = [&](std::string_view part) {
    largest = std::max(largest, part.size());
    ++pieces;
    return kOk;
  };
  ASSERT_TRUE(write_focus_csv(every_kind_of_line({}), {}, measure).ok());
  EXPECT_GT(pieces, 2u);
  EXPECT_LT(largest, 80u << 10);
}

}  // namespace
}  // namespace backcast::reports
