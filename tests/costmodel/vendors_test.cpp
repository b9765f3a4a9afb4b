// The three vendors' published examples, billed with the price books that ship.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/costmodel/books.h"

namespace backcast::cost {
namespace {

using testing::HasSubstr;

std::vector<UsageRecord> cross_region_example(const std::string& us_target) {
  std::vector<UsageRecord> usage;
  for (const std::string& region : {us_target, std::string("gcp-europe-west3")}) {
    usage.push_back(stored("2026-06-01", "2026-07-01", 20 * kGB, region));
    usage.back().backup = "b1";
    usage.push_back(moment(UsageKind::kTransfer, "2026-06-01", 20 * kGB, "gcp-us-west1", region));
  }
  return usage;
}

TEST(Zilliz, Z_XR_08_TwentyGigabytesToTwoRegionsCostTwoEighty) {
  const PriceBook prices = shipped_book("zilliz");
  const Invoice invoice = billed(prices, cross_region_example("gcp-us-east4"));
  const auto of_kind = [&](UsageKind kind) {
    return to_string(invoice.sum([&](const InvoiceLine& line) {
      return prices.meters[line.meter].kind == kind;
    }),
                     2);
  };
  EXPECT_EQ(of_kind(UsageKind::kStorage), "0.80");
  EXPECT_EQ(of_kind(UsageKind::kTransfer), "2.00");
  EXPECT_EQ(to_string(invoice.total()), "2.80 USD");
  EXPECT_EQ(invoice.lines.size(), 4u) << "no rounding line where nothing was rounded";
}

TEST(Zilliz, A1_PricesByClassOfRegionNotByName) {
  EXPECT_EQ(total(shipped_book("zilliz"), cross_region_example("gcp-us-central1")), "2.80 USD");
}

TEST(Zilliz, A2_TheOtherPublishedRateIsAnOption) {
  const PriceBook prices = shipped_book("zilliz");
  EXPECT_EQ(total(prices, cross_region_example("gcp-us-east4"), {"transfer-page"}), "2.20 USD");
  EXPECT_EQ(total(prices, cross_region_example("gcp-us-east4"), {"transfer-credit"}), "0.80 USD");
  EXPECT_THAT(refusal(prices, {}, {"transfer-pages"}), HasSubstr("did you mean \"transfer-page\""));
}

TEST(Zilliz, Z_XR_09_StoredByStartedDayOfAThirtyDayMonth) {
  UsageRecord backup =
      stored("2026-01-10T09:00:00Z", "2026-02-23T15:00:00Z", 20 * kGB, "aws-us-east-1");
  backup.backup = "b1";
  const Invoice invoice = billed(shipped_book("zilliz"), {backup});
  EXPECT_EQ(to_string(invoice.total()), "0.75 USD") << "44 d 6 h are 45 days";
  // 22 days begin in January (10th to 31st), 23 in February (1st to 23rd).
  EXPECT_EQ(to_string(invoice.lines[0].quantity), to_string(Quantity{20 * 22, 30}));
  UsageRecord minute =
      stored("2026-01-10T09:00:00Z", "2026-01-10T09:01:00Z", 30 * kGB, "aws-us-east-1");
  minute.backup = "b2";
  EXPECT_EQ(total(shipped_book("zilliz"), {minute}), "0.03 USD") << "at least one day: 0.025";
}

TEST(Zilliz, AnUnknownRegionIsMissingAndNamesTheRow) {
  const std::string text =
      missing(shipped_book("zilliz"), {stored("2026-01-01", "2026-02-01", kGB, "az-eastus")});
  EXPECT_THAT(text, HasSubstr("nobody knows the price of \"Cloud backup/*/backup storage\""));
  EXPECT_THAT(text, HasSubstr("zilliz:"));
}

PriceBook qdrant_with_quote(const std::string& usd_per_gib_hour) {
  PriceBook prices = shipped_book("qdrant");
  for (PriceRow& row : prices.rows) {
    if (row.is_known || prices.meters[row.meter].kind != UsageKind::kStorage) continue;
    row.is_known = true;
    row.tiers = {{Decimal(), dec(usd_per_gib_hour)}};
    row.certainty = "high";
  }
  return prices;
}

TEST(Qdrant, Q_INC_02_AzureBillsHalfOfTheDiskInUse) {
  const PriceBook prices = qdrant_with_quote("0.001");
  const UsageRecord disk = stored("2026-03-01", "2026-03-02", 100 * kGiB, "azure-eastus");
  const Invoice invoice = billed(prices, {disk}, {"azure-disk-usage"});
  EXPECT_EQ(to_string(invoice.lines[0].quantity), "1200") << "50 GiB for 24 hours";
  EXPECT_EQ(to_string(invoice.total()), "1.20 USD");
}

TEST(Qdrant, Q_INC_03_StartedHoursAndAnUnknownPriceIsNotZero) {
  UsageRecord backup = stored("2026-03-01T10:30:00Z", "2026-03-01T11:31:00Z", kGiB);
  backup.backup = "b1";
  const Invoice invoice = billed(qdrant_with_quote("0.05"), {backup});
  EXPECT_EQ(to_string(invoice.lines[0].quantity), "2") << "61 minutes are 2 hours";
  EXPECT_EQ(to_string(invoice.total()), "0.10 USD");
  backup.end = backup.start + 730 * kHour;
  EXPECT_EQ(total(qdrant_with_quote("0.001"), {backup}), "0.73 USD") << "a month is 730 hours";
  EXPECT_THAT(missing(shipped_book("qdrant"), {backup}), HasSubstr("nobody knows the price"));
}

// 7 GiB held for 30 days by two services of one project: 5 are free, 2 remain.
std::vector<UsageRecord> zerops_overage() {
  std::vector<UsageRecord> usage = {
      stored("2026-06-01", "2026-07-01", 3 * kGiB, "prg1", "postgres"),
      stored("2026-06-01", "2026-07-01", 4 * kGiB, "prg1", "qdrant")};
  for (UsageRecord& record : usage) record.project = "shop";
  return usage;
}

TEST(Zerops, P_QUO_02_OverageIsLinearOrByStartedBlocks) {
  const PriceBook prices = shipped_book("zerops");
  EXPECT_EQ(total(prices, zerops_overage()), "0.20 USD");
  EXPECT_EQ(total(prices, zerops_overage(), {"started-blocks"}), "0.50 USD");
  EXPECT_EQ(total(prices, zerops_overage(), {"serious-core"}), "0.00 USD");
}

TEST(Zerops, P_QUO_01_TheFreeSpaceIsSharedByServicesAndGivenToEachProject) {
  std::vector<UsageRecord> usage = zerops_overage();
  usage[1].project = "blog";  // 3 and 4 GiB in a project of their own are both free
  EXPECT_EQ(total(shipped_book("zerops"), usage), "0.00 USD");
}

// The quota is space, held or not: it does not run out on the 31st.
TEST(Zerops, P12_TheFreeSpaceIsFreeInLongMonthsToo) {
  auto full = stored("2026-01-01", "2026-02-01", 5 * kGiB, "zerops");
  EXPECT_EQ(total(shipped_book("zerops"), {full}), "0.00 USD");
  EXPECT_EQ(total(shipped_book("zerops"), {full}, {"started-blocks"}), "0.00 USD");
  full.quantity = 6 * kGiB;  // 1 GiB for 31 days at 0.10 per 30 days
  EXPECT_EQ(total(shipped_book("zerops"), {full}), "0.10 USD");
  EXPECT_EQ(total(shipped_book("zerops"), {stored("2026-02-01", "2026-03-01", 6 * kGiB, "zerops")}),
            "0.09 USD");
}

}  // namespace
}  // namespace backcast::cost
