// The cloud price books that ship, billed against figures worked by hand.
#include <gmock/gmock.h>

#include "tests/costmodel/books.h"

namespace backcast::cost {
namespace {

using testing::HasSubstr;

UsageRecord held(std::string storage_class, std::string region, std::uint64_t bytes, int days) {
  UsageRecord record = stored("2026-06-01", "2026-06-01", bytes, std::move(region));
  record.end += days * kDay;
  record.storage_class = std::move(storage_class);
  return record;
}

UsageRecord deletion_of(UsageRecord record) {
  record.kind = UsageKind::kDeletion;
  return record;
}

TEST(Aws, StandardStorageByCalendarMonthAndTier) {
  const PriceBook prices = shipped_book("aws");
  // 51200 × 0.023 + 10240 × 0.022 for 60 TiB over all of June.
  EXPECT_EQ(total(prices, {held("S3 Standard", "us-east-1", 60 * kTiB, 30)}), "1402.88 USD");
  EXPECT_EQ(total(prices, {held("", "us-east-1", 100 * kGiB, 30)}), "2.30 USD") << "default class";
}

TEST(Aws, InfrequentAccessHasAMinimumObjectAndThirtyDays) {
  UsageRecord small = held("S3 Standard-IA", "us-east-1", 8192, 15);
  small.objects = 8192;  // 8192 × 128 KiB = 1 GiB; kept 15 of 30 days, charged for all of June
  EXPECT_EQ(total(shipped_book("aws"), {small, deletion_of(small)}), "0.01 USD");
}

TEST(Aws, ShortRetentionInDeepArchiveCostsMoreThanStandard) {
  const PriceBook prices = shipped_book("aws");
  const auto cost_of = [&](const char* storage_class, int days) {
    const UsageRecord record = held(storage_class, "us-east-1", 10 * kTiB, days);
    return billed(prices, {record, deletion_of(record)}).total().amount;
  };
  EXPECT_GT(cost_of("S3 Glacier Deep Archive", 7), cost_of("S3 Standard", 7));
  EXPECT_LT(cost_of("S3 Glacier Deep Archive", 30), cost_of("S3 Standard", 30));
}

TEST(Aws, EgressIsFreeForTheFirst100GigabytesOfAllRegionsTogether) {
  const PriceBook prices = shipped_book("aws");
  EXPECT_EQ(total(prices, {moment(UsageKind::kEgress, "2026-06-01", 100 * kGiB, "us-east-1")}),
            "0.00 USD");
  // 200 − 100 free GB, half of them at 0.09 and half at 0.12.
  EXPECT_EQ(total(prices, {moment(UsageKind::kEgress, "2026-06-01", 100 * kGiB, "us-east-1"),
                           moment(UsageKind::kEgress, "2026-06-01", 100 * kGiB, "ap-southeast-1")}),
            "10.50 USD");
}

TEST(Aws, TheSourceRegionPaysForTransfer) {
  const auto cost_of = [](const char* from, const char* to) {
    return total(shipped_book("aws"),
                 {moment(UsageKind::kTransfer, "2026-06-01", 100 * kGiB, from, to)});
  };
  EXPECT_EQ(cost_of("us-east-1", "eu-west-1"), "2.00 USD");
  EXPECT_EQ(cost_of("us-east-1", "us-east-2"), "1.00 USD");
  EXPECT_EQ(cost_of("sa-east-1", "us-east-1"), "13.80 USD");
  EXPECT_EQ(cost_of("us-east-1", "us-east-1"), "0.00 USD");
}

TEST(Aws, HolesInTheBookLeaveTheBillIncomplete) {
  EXPECT_THAT(missing(shipped_book("aws"), {held("S3 Standard", "eu-west-1", kGiB, 30)}),
              HasSubstr("nobody knows the price of \"S3 Standard/eu-west-1/storage\" (AWS"));
  EXPECT_THAT(missing(shipped_book("aws"), {held("S3 Standard", "eu-north-1", kGiB, 30)}),
              HasSubstr("no price for storage, region \"eu-north-1\""));
}

TEST(Gcp, MonthsHave730Hours) {
  EXPECT_EQ(total(shipped_book("gcp"), {held("", "us-central1", 730 * kGiB, 30)}), "14.40 USD")
      << "720 hours of June";
  const UsageRecord cold = held("Cloud Storage Coldline", "europe-west3", 100 * kGiB, 29);
  // 29 days of storage and 61 of fee are 90 days: 100 × 0.006 × 2160 / 730.
  EXPECT_EQ(total(shipped_book("gcp"), {cold, deletion_of(cold)}), "1.78 USD");
}

TEST(Azure, ProtectedInstancesAndEarlyDeletionAtItsOwnPrice) {
  UsageRecord instance = held("", "westeurope", 501 * kGiB, 30);
  instance.kind = UsageKind::kInstance;
  EXPECT_EQ(total(shipped_book("azure"), {instance}), "20.00 USD");
  const UsageRecord cool = held("Blob Cool LRS", "westus", 100 * kGiB, 15);
  // Half of June at 0.0115 and half at 0.0152.
  EXPECT_EQ(total(shipped_book("azure"), {cool, deletion_of(cool)}), "1.34 USD");
}

TEST(BackblazeB2, DecimalTerabytesAndEgressUpToThreeTimesTheStorage) {
  const PriceBook prices = shipped_book("b2");
  EXPECT_EQ(total(prices, {held("", "eu", kTB + 10 * kGB, 30)}), "6.95 USD") << "10 GB are free";
  EXPECT_EQ(total(prices, {held("", "eu", kTB, 30),
                           moment(UsageKind::kEgress, "2026-06-05", 3100 * kGB, "eu")}),
            "7.88 USD")
      << "990 × 0.00695 + 100 × 0.01";
}

TEST(Wasabi, OneTerabyteIsTheLeastThatIsBilled) {
  EXPECT_EQ(total(shipped_book("wasabi"), {held("", "eu", 100 * kGiB, 30)}), "6.99 USD");
  EXPECT_EQ(total(shipped_book("wasabi"), {held("", "eu", 2 * kTiB, 30)}), "13.98 USD");
}

}  // namespace
}  // namespace backcast::cost
