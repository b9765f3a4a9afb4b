// Every mechanic of billing, one by one, on the book of docs/billing.md; figures worked by hand.
#include <gmock/gmock.h>

#include "costmodel/bill/showback.h"
#include "tests/costmodel/books.h"

namespace backcast::cost {
namespace {

using testing::HasSubstr;

PriceBook mechanics() {
  auto document = Document::read("docs/billing/mechanics.json");
  auto loaded = load_price_book(*document);
  EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : messages(loaded.error()));
  return *loaded;
}

UsageRecord held(const std::string& storage_class, std::string_view from, std::string_view until,
                 std::uint64_t bytes, const std::string& service = "db") {
  UsageRecord record = stored(from, until, bytes, "europe-1", service);
  record.storage_class = storage_class;
  return record;
}

UsageRecord protected_instance(std::uint64_t bytes, const std::string& storage_class) {
  UsageRecord record = held(storage_class, "2026-06-01", "2026-07-01", bytes);
  record.kind = UsageKind::kInstance;
  return record;
}

UsageRecord deleted(UsageRecord record) {
  record.kind = UsageKind::kDeletion;
  return record;
}

// Amounts before the month is rounded to cents, in the order of the invoice.
std::vector<std::string> amounts(const Invoice& invoice) {
  std::vector<std::string> all;
  for (const InvoiceLine& line : invoice.lines) {
    if (line.category != ChargeCategory::kAdjustment) all.push_back(to_string(line.amount, 2));
  }
  return all;
}
using Amounts = std::vector<std::string>;

TEST(Mechanics, GigabyteAndMonthBelongToTheMeter) {
  const PriceBook prices = mechanics();
  // 100 GiB for a whole calendar month are 100 units, be it of 30 or 31 days.
  EXPECT_EQ(total(prices, {held("standard", "2026-06-01", "2026-07-01", 100 * kGiB)}), "2.30 USD");
  EXPECT_EQ(total(prices, {held("standard", "2026-07-01", "2026-08-01", 100 * kGiB)}), "2.30 USD");
  // Of 730 hours, June has 720: 100 × 720 / 730 × 0.02.
  EXPECT_EQ(amounts(billed(prices, {held("hourly", "2026-06-01", "2026-07-01", 100 * kGiB)})),
            Amounts{"1.972603"});
  // 10^9 bytes for 31 days of a 30-day month: 100 × 31/30 × 0.02 × 1.25.
  EXPECT_EQ(
      amounts(billed(prices, {held("zone-redundant", "2026-07-01", "2026-08-01", 100 * kGB)})),
      Amounts{"2.583333"});
}

TEST(Mechanics, TimeIsProratedBySecondStartedHourOrStartedDay) {
  const PriceBook prices = mechanics();
  UsageRecord day = held("daily", "2026-01-10T09:00:00Z", "2026-01-11T09:00:01Z", 60 * kGB);
  day.backup = "b";
  EXPECT_EQ(amounts(billed(prices, {day})), Amounts{"0.10"}) << "2 days of 30 × 60 × 0.025";
  day.backup.clear();  // no backup of its own: full UTC days, the 11th starts once
  EXPECT_EQ(amounts(billed(prices, {day})), Amounts{"0.05"});
  UsageRecord hour = held("hourly", "2026-01-10T09:30:00Z", "2026-01-10T10:31:00Z", 365 * kGiB);
  hour.backup = "b";
  EXPECT_EQ(amounts(billed(prices, {hour})), Amounts{"0.02"}) << "2 hours of 730";
  const UsageRecord second = held("zone-redundant", "2026-01-01", "2026-01-01T00:00:01Z", kTB);
  EXPECT_EQ(amounts(billed(prices, {second})), Amounts{"0.00001"}) << "1000 × 0.025 / 2592000";
}

TEST(Mechanics, AveragesOverTheMonthFirstAndThenTiers) {
  const PriceBook prices = mechanics();
  // 100 TiB for half of June are 50 TiB on average: all at the first rate.
  EXPECT_EQ(total(prices, {held("standard", "2026-06-01", "2026-06-16", 100 * kTiB)}),
            "1177.60 USD");
  EXPECT_EQ(total(prices, {held("standard", "2026-06-01", "2026-07-01", 60 * kTiB)}), "1402.88 USD")
      << "51200 × 0.023 + 10240 × 0.022";
}

TEST(Mechanics, AFreeAllowanceIsPooledAndShortensTheFirstTier) {
  const PriceBook prices = mechanics();
  // 60 + 80 GB, 100 free: the 40 that remain are shared 3 to 4 between 0.08 and 0.09.
  EXPECT_EQ(
      amounts(billed(prices, {moment(UsageKind::kEgress, "2026-06-03", 60 * kGB, "europe-1"),
                              moment(UsageKind::kEgress, "2026-06-04", 80 * kGB, "america-1")})),
      (Amounts{"0.00", "2.057143", "0.00", "1.371429"}));
}

TEST(Mechanics, EgressTiersCountTheFreeUnitsToo) {
  // 11264 GB: 100 free, 10140 at 0.09, 1024 at 0.085.
  EXPECT_EQ(
      total(mechanics(), {moment(UsageKind::kEgress, "2026-07-04", 11264 * kGB, "america-1")}),
      "999.64 USD");
}

TEST(Mechanics, EarlyDeletionPaysTheRestOfTheMinimumDuration) {
  const UsageRecord archive = held("archive", "2026-06-01", "2026-06-16", kTB);
  // 15 of 90 days: 0.5 months stored, 2.5 months of fee at 4.00 a month.
  EXPECT_EQ(amounts(billed(mechanics(), {archive, deleted(archive)})), (Amounts{"2.00", "10.00"}));
  const UsageRecord old = held("archive", "2026-01-01", "2026-04-01", kTB);  // exactly 90 days
  EXPECT_EQ(billed(mechanics(), {deleted(old)}).lines.size(), 0u);
}

TEST(Mechanics, EarlyDeletionMayHaveItsOwnPrice) {
  const UsageRecord cool = held("cool", "2026-06-01", "2026-06-11", 100 * kGB);
  // 10 days stored at 0.0115, 20 days of fee at 0.0152.
  EXPECT_EQ(amounts(billed(mechanics(), {cool, deleted(cool)})), (Amounts{"0.383333", "1.013333"}));
}

TEST(Mechanics, ShortRetentionInAnArchiveCostsMoreThanStandard) {
  const auto cost_of = [](const std::string& storage_class, int days) {
    UsageRecord record = held(storage_class, "2026-01-01", "2026-01-01", kTB);
    record.end += days * kDay;
    return billed(mechanics(), {record, deleted(record)}).total().amount;
  };
  EXPECT_GT(cost_of("deep", 7), cost_of("standard", 7));
  EXPECT_LT(cost_of("deep", 31), cost_of("standard", 31));
}

TEST(Mechanics, MinimumObjectSizeAndOverheadPerObject) {
  UsageRecord small = held("archive", "2026-06-01", "2026-07-01", kGB);
  small.objects = 1'000'000;
  // Here (131072 + 32768) × 10^6 bytes = 163.84 GB × 0.004; at standard 8192 × 10^6 / 2^30 × 0.023.
  EXPECT_EQ(amounts(billed(mechanics(), {small})), (Amounts{"0.175476", "0.65536"}));
  small.objects = 1000;  // large objects: only the overhead comes on top
  EXPECT_EQ(amounts(billed(mechanics(), {small})), (Amounts{"0.000175", "0.004131"}));
}

TEST(Mechanics, ObjectsMayBeChargedBesideTheirBytes) {
  UsageRecord record = held("monitored", "2026-06-01", "2026-07-01", 100 * kGB);
  record.objects = 500'000;
  EXPECT_EQ(amounts(billed(mechanics(), {record})), (Amounts{"2.00", "1.25"}));
}

TEST(Mechanics, RequestsByOperation) {
  const auto requests = [](const char* operation, std::uint64_t count) {
    UsageRecord record = moment(UsageKind::kRequest, "2026-06-01", count);
    record.operation = operation;
    return record;
  };
  EXPECT_EQ(amounts(billed(mechanics(), {requests("put", 12'000), requests("get", 50'000),
                                         requests("transition", 1000)})),
            (Amounts{"0.06", "0.02", "0.03"}));
  EXPECT_THAT(missing(mechanics(), {requests("delete", 1)}),
              testing::AllOf(HasSubstr("no price for request"), HasSubstr("operation \"delete\""),
                             HasSubstr("nearest rows")));
}

TEST(Mechanics, Retrieval) {
  UsageRecord record = moment(UsageKind::kRetrieval, "2026-06-01", 200 * kGB);
  record.storage_class = "archive";
  EXPECT_EQ(total(mechanics(), {record}), "2.00 USD");
}

TEST(Mechanics, TransferBySourceRegionOrByPairOfContinents) {
  const auto cost_of = [](const char* from, const char* to) {
    return total(mechanics(), {moment(UsageKind::kTransfer, "2026-06-01", 100 * kGB, from, to)});
  };
  EXPECT_EQ(cost_of("america-1", "europe-1"), "2.00 USD") << "by source";
  EXPECT_EQ(cost_of("america-1", "mars-1"), "2.00 USD") << "by source";
  EXPECT_EQ(cost_of("europe-1", "europe-2"), "1.00 USD");
  EXPECT_EQ(cost_of("europe-1", "america-1"), "5.00 USD");
  EXPECT_EQ(cost_of("europe-1", "europe-1"), "0.00 USD") << "nothing leaves the region";
}

TEST(Mechanics, ProtectedInstancesInSteps) {
  const auto fee = [](std::uint64_t gigabytes) {
    return total(mechanics(), {protected_instance(gigabytes * kGB, "instances")});
  };
  EXPECT_EQ(fee(40), "5.00 USD");
  EXPECT_EQ(fee(50), "5.00 USD") << "a bound belongs to the lower step";
  EXPECT_EQ(fee(51), "10.00 USD");
  EXPECT_EQ(fee(500), "10.00 USD");
  EXPECT_EQ(fee(501), "20.00 USD") << "501 GB count as 2 instances";
  EXPECT_EQ(fee(1700), "40.00 USD");
}

TEST(Mechanics, BackupsAreFreeUpToTheProvisionedSize) {
  const UsageRecord provisioned = protected_instance(100 * kGB, "database");
  EXPECT_EQ(
      total(mechanics(), {provisioned, held("database", "2026-06-01", "2026-07-01", 130 * kGB)}),
      "2.85 USD");
  EXPECT_EQ(
      total(mechanics(), {provisioned, held("database", "2026-06-01", "2026-07-01", 90 * kGB)}),
      "0.00 USD");
}

TEST(Mechanics, StartedBlocksAreRoundedUpOnceForAll) {
  // 7 + 4 GiB are 2.2 blocks: 3 are billed, the unused 0.8 shared in the open.
  const Invoice invoice =
      billed(mechanics(), {held("blocks", "2026-06-01", "2026-07-01", 7 * kGiB, "web"),
                           held("blocks", "2026-06-01", "2026-07-01", 4 * kGiB, "mail")});
  EXPECT_EQ(amounts(invoice), (Amounts{"0.40", "0.70", "0.40"}));
  EXPECT_EQ(invoice.lines[2].group, kNone);
}

TEST(Mechanics, AFloorIsChargedAsALineOfItsOwn) {
  EXPECT_EQ(
      amounts(billed(mechanics(), {held("terabytes", "2026-06-01", "2026-07-01", 300 * kGB)})),
      (Amounts{"2.097", "4.893"}));
  EXPECT_EQ(amounts(billed(mechanics(), {held("terabytes", "2026-06-01", "2026-07-01", 2 * kTB)})),
            Amounts{"13.98"});
}

TEST(Mechanics, RedundancyMultipliesTheRate) {
  const Invoice invoice =
      billed(mechanics(), {held("zone-redundant", "2026-06-01", "2026-07-01", 100 * kGB)});
  EXPECT_EQ(to_string(invoice.lines[0].rate), "0.025");
  EXPECT_EQ(to_string(invoice.total()), "2.50 USD");
}

TEST(Mechanics, RestoreTestsByRestorePoint) {
  EXPECT_EQ(total(mechanics(), {moment(UsageKind::kRestoreTest, "2026-06-20", 4)}), "6.00 USD");
}

TEST(Mechanics, DiscountThenCreditThenTax) {
  const std::vector<UsageRecord> usage{held("terabytes", "2026-06-01", "2026-07-01", 10 * kTB)};
  EXPECT_EQ(total(mechanics(), usage, {"partner"}), "62.91 USD");
  EXPECT_EQ(total(mechanics(), usage, {"welcome"}), "64.90 USD");
  EXPECT_EQ(total(mechanics(), usage, {"vat"}), "84.58 USD");
  // (69.90 − 6.99 − 5.00) × 1.21 = 70.0711
  EXPECT_EQ(total(mechanics(), usage, {"partner", "welcome", "vat"}), "70.07 USD");
  EXPECT_EQ(amounts(billed(mechanics(), usage, {"partner", "welcome", "vat"})),
            (Amounts{"69.90", "-6.99", "-5.00", "12.1611"}));
}

TEST(Mechanics, ACreditNeverTurnsAMonthNegative) {
  const std::vector<UsageRecord> usage{held("daily", "2026-06-01", "2026-07-01", 20 * kGB)};
  EXPECT_EQ(total(mechanics(), usage, {"welcome"}), "0.00 USD");
}

TEST(Mechanics, ACommitmentCoversItsAmountAndTheRestIsOverage) {
  const std::vector<UsageRecord> usage{
      held("terabytes", "2026-06-01", "2026-07-01", 12 * kTB, "web"),
      held("terabytes", "2026-07-01", "2026-07-31", 6 * kTB, "web")};
  const Invoice invoice = billed(mechanics(), usage, {"reserved"});
  // June: the fee, 10 TB covered, 2 TB at 8.00. July: the fee alone.
  EXPECT_EQ(amounts(invoice), (Amounts{"0.00", "16.00", "50.00", "0.00", "50.00"}));
  // Twelve months are paid at the start; overage 30 days after the end of June.
  const Dimension month{Dimension::Kind::kMonth, ""};
  std::vector<std::string> paid;
  for (const ShowbackRow& row : showback(cash_view(invoice), {&month, 1})) {
    paid.push_back(row.values[0] + " " + to_string(row.total(), 2));
  }
  EXPECT_EQ(paid, (std::vector<std::string>{"2026-06 600.00", "2026-07 16.00", "2026-08 0.00"}));
}

TEST(Mechanics, ThePriceOfTheMonthApplies) {
  const PriceBook prices = book(
      kGbMonth,
      R"({"service":"S","meter":"storage","price":"0.01","valid_until":"2026-03-01",)" + kEvidence +
          R"(},{"service":"S","meter":"storage","price":"0.02","valid_from":"2026-03-01",)" +
          kEvidence + "}");
  EXPECT_EQ(amounts(billed(prices, {stored("2026-02-27", "2026-03-03", 30 * kGB)})),
            (Amounts{"0.02", "0.04"}));
}

TEST(Mechanics, VolumePricingGivesTheWholeTheRateOfItsTier) {
  const PriceBook prices =
      book(R"({"name":"egress","kind":"egress","unit":"GB","size":"1 GB"})",
           R"({"service":"S","meter":"egress","tier_mode":"volume","tiers":[{"from":"0",)"
           R"("price":"0.10"},{"from":"100","price":"0.05"}],)" +
               kEvidence + "}");
  const auto cost_of = [&](std::uint64_t gigabytes) {
    return total(prices, {moment(UsageKind::kEgress, "2026-01-01", gigabytes * kGB)});
  };
  EXPECT_EQ(cost_of(100), "10.00 USD");
  EXPECT_EQ(cost_of(200), "10.00 USD");
}

// cost.md: the month of a DynamoDB backup is charged on the 1st and reduced on deletion.
TEST(Mechanics, PaidInAdvanceIsAccruedByTimeAndPaidInItsOwnMonth) {
  const std::string meter = R"({"name":"tables","kind":"storage","unit":"GB-Months","size":"1 GB",)"
                            R"("per":"calendar month","paid_in_advance":true},)";
  const PriceBook prices =
      book(meter + kGbMonth,
           R"({"service":"T","meter":"tables","storage_class":"t","price":"0.1",)" + kEvidence +
               R"(},{"service":"S","meter":"storage","storage_class":"s","price":"0.1",)" +
               kEvidence + "}",
           R"("payment_days":30)");
  auto deleted = stored("2026-06-01", "2026-06-16", 100 * kGB), other = deleted;
  deleted.storage_class = "t";
  other.storage_class = "s";
  const Invoice invoice = billed(prices, {deleted, other});
  EXPECT_EQ(to_string(invoice.total()), "10.00 USD") << "half a month each";
  std::map<std::string, std::string> paid;
  for (const InvoiceLine& line : cash_view(invoice).lines) {
    paid[invoice.groups[line.group].storage_class] = format_month(line.month);
  }
  EXPECT_EQ(paid, (std::map<std::string, std::string>{{"t", "2026-06"}, {"s", "2026-07"}}));
}

TEST(Mechanics, GeoRedundantBackupsCountTwiceAndTheProvisionedSizeOnce) {
  auto backups = stored("2026-06-01", "2026-07-01", 130 * kGB), provisioned = backups;
  backups.storage_class = provisioned.storage_class = "geo";
  provisioned.kind = UsageKind::kInstance;
  provisioned.quantity = 100 * kGB;
  EXPECT_EQ(total(mechanics(), {backups, provisioned}), "15.20 USD");  // 160 × 0.095
}

TEST(Mechanics, AManagementFeeGoesByTheSizeOfWhatIsProtected) {
  auto vault = stored("2026-06-01", "2026-07-01", 300 * kGB), protected_data = vault;
  vault.storage_class = protected_data.storage_class = "vault";
  protected_data.kind = UsageKind::kInstance;
  protected_data.quantity = 100 * kGB;
  EXPECT_EQ(total(mechanics(), {vault, protected_data}), "16.50 USD");  // 13.50 + 3.00
}

}  // namespace
}  // namespace backcast::cost
