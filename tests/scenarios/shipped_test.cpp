// Every shipped scenario against figures worked out by hand or by an independent formula.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <set>

#include "run_text.h"
#include "scenarios/document/shipped.h"

namespace backcast::scenario {
namespace {

using sim::BackupRecord;
using sim::BackupState;
using sim::kNever;

std::string amount(const Ran& ran, UsageKind kind) {
  const cost::Decimal sum = ran.invoice->sum([&](const cost::InvoiceLine& line) {
    return line.group != cost::kNone && ran.invoice->groups[line.group].kind == kind;
  });
  return cost::to_string(sum, 2);
}

Instant gone(const Ran& ran, const BackupRecord& b) {
  return std::min(b.deleted, ran.result.end);
}

std::int64_t started(Duration held, Duration unit) {
  return (held + unit - Duration{1}) / unit;
}

TEST(Shipped, EveryScenarioLoadsRunsAndIsBilled) {
  for (const auto name : shipped_names("")) {
    const Ran ran = run_shipped(std::string(name));
    EXPECT_EQ(ran.scenario.name, name);
    EXPECT_FALSE(ran.result.requirements.empty()) << name;
    EXPECT_TRUE(ran.invoice.has_value()) << name;
  }
}

// A full dump of 200 GiB every night at three, each kept for 30 days: after the first 30 nights
// there are 30 of them at any moment, and S3 Standard takes 0.023 per GiB and calendar month.
TEST(Shipped, S3ClassesHoldsThirtyDumpsOfTwoHundredGibibytes) {
  const Ran ran = run_shipped("s3-classes");
  double cost = 0;
  for (int night = 0; night < 730; ++night) {
    for (int day = night; day < std::min(night + 31, 730); ++day) {
      // The first day from three o'clock on, the last until then; days by the length of their
      // month.
      const auto date =
          std::chrono::sys_days(std::chrono::year(2025) / 1 / 1) + std::chrono::days(day);
      const std::chrono::year_month_day ymd(date);
      const auto last =
          std::chrono::year_month_day_last(ymd.year(), ymd.month() / std::chrono::last);
      const double hours = day == night ? 21 : day == night + 30 ? 3 : 24;
      cost += 200 * 0.023 * hours / 24 / static_cast<unsigned>(last.day());
    }
  }
  EXPECT_NEAR(cost::to_double(ran.invoice->total().amount), cost, 0.13) << "24 months to the cent";
}

TEST(Shipped, Z_XR_08_CopiesOf20GbForAMonthCost280) {
  const Ran ran = run_shipped("zilliz-cross-region");
  EXPECT_EQ(amount(ran, UsageKind::kStorage), "0.80");
  EXPECT_EQ(amount(ran, UsageKind::kTransfer), "2.00");
  EXPECT_EQ(cost::to_string(ran.invoice->total()), "2.80 USD");
  EXPECT_TRUE(sim::all_hold(ran.result));
  ASSERT_EQ(ran.result.left_out.size(), 1u);  // the original, named
  EXPECT_EQ(ran.result.left_out[0].peak_bytes, 20'000'000'000u);
}

TEST(Shipped, Z_XR_01_CopiesStartWhenTheOriginalIsThere) {
  const Ran ran = run_shipped("zilliz-cross-region");
  // Z_XR_02: one copy per target region. Z_XR_03: copies of a manual backup never expire.
  ASSERT_EQ(ran.result.backups.size(), 3u);
  const BackupRecord& original = backup(ran.result, "vectors/manual-000001");
  // Z_MAN_11: 20 GB at 700 MB/s are 28.57 s, in whole seconds 29.
  EXPECT_EQ(original.available - original.born, std::chrono::seconds(29));
  for (const auto& [id, seconds] : {std::pair("vectors/manual-000001@gcp-us-east4", 80),
                                    std::pair("vectors/manual-000001@gcp-europe-west3", 200)}) {
    const BackupRecord& copy = backup(ran.result, id);
    EXPECT_EQ(copy.available - original.available, std::chrono::seconds(seconds)) << id;
    EXPECT_EQ(copy.expires, kNever);
    EXPECT_EQ(copy.kind, "copy");
  }
}

TEST(Shipped, Z_POL_03_RunsOnListedWeekdaysInsideTheWindow) {
  const Ran ran = run_shipped("zilliz-automatic");
  int scheduled = 0;
  for (const BackupRecord& b : ran.result.backups) {
    if (ran.result.services[b.service].name != "api" || b.kind != "automatic") continue;
    if (b.born == ran.result.start) continue;  // Z_POL_02: the first backup, at once
    ++scheduled;
    const auto local = policy::to_civil(b.born, policy::Zone::utc());
    const int weekday = policy::weekday_monday1(local.date);
    EXPECT_TRUE(weekday <= 3 || weekday == 5) << b.id;
    EXPECT_GE(local.hour, 2);  // Z_POL_04
    EXPECT_LT(local.hour, 4);
  }
  // Seven weeks of four, then Monday and Tuesday before the deletion on day 50.
  EXPECT_EQ(scheduled, 7 * 4 + 2);
}

TEST(Shipped, Z_POL_07_AutomaticBackupsExpireAndGoWithTheCluster) {
  const Ran ran = run_shipped("zilliz-automatic");
  const Instant deleted = at("2026-02-24T12:00:00Z");
  for (const BackupRecord& b : ran.result.backups) {
    if (b.kind == "manual") {  // Z_MAN_06, Z_MAN_07: permanent, and it outlives the cluster
      EXPECT_EQ(b.state, BackupState::kAvailable);
      EXPECT_EQ(b.expires, kNever);
    } else {
      EXPECT_EQ(b.state, BackupState::kDeleted);
      EXPECT_EQ(b.expires, b.born + 7 * kDay);
      EXPECT_EQ(b.deleted, std::min(b.expires, deleted)) << b.id;
    }
  }
}

TEST(Shipped, Z_XR_09_StorageIsBilledByTheStartedDay) {
  const Ran ran = run_shipped("zilliz-automatic");
  std::int64_t days = 0;
  for (const BackupRecord& b : ran.result.backups) {
    days += started(gone(ran, b) - b.available, kDay);
  }
  // 20 GB at 0.025 USD per 30 days.
  EXPECT_EQ(days * 20 % 30, 0);
  const auto expected = cost::Decimal(days * 20 / 30 * 25, 3);
  EXPECT_EQ(cost::to_string(ran.invoice->total()), cost::to_string(expected, 2) + " USD");
}

// Stored bytes of surviving backups by the chain sum, worked out afresh.
TEST(Shipped, Q_INC_01_IncrementalBackupsHoldWhatChanged) {
  const Ran ran = run_shipped("qdrant-incremental");
  const sim::Service& s = ran.scenario.services[0];
  double expected = 0;
  const sim::Generation* previous = nullptr;
  std::vector<sim::Generation> kept;
  for (const BackupRecord& b : ran.result.backups) {
    if (b.state != BackupState::kAvailable) continue;
    kept.push_back(sim::generation_at(s.workload, s.delta.curve, ran.scenario.start, b.born));
  }
  for (const sim::Generation& g : kept) {
    const auto size = static_cast<double>(g.size_bytes);
    double shared = 0;
    if (previous != nullptr) {
      const double x = g.operational_time - previous->operational_time;
      shared = std::min(size, static_cast<double>(previous->size_bytes) * s.delta.curve.alive(x));
    }
    expected += size - shared;
    previous = &g;
  }
  EXPECT_NEAR(static_cast<double>(ran.result.series[0].points.back().value), expected, 100.0);
  EXPECT_GT(kept.size(), 15u);
}

TEST(Shipped, Q_SCH_02_TwoSchedulesKeepTheirOwnRetention) {
  const Ran ran = run_shipped("qdrant-incremental");
  for (const BackupRecord& b : ran.result.backups) {
    const auto days = b.schedule == "weekly" ? 90 : 7;
    EXPECT_EQ(b.expires, b.born + days * kDay) << b.id;
    if (b.expires < ran.result.end) {
      EXPECT_EQ(b.deleted, b.expires) << b.id;
    }
  }
}

TEST(Shipped, Q_INC_02_AzureBackupsAreHalfOfTheDiskInUse) {
  const Ran ran = run_shipped("qdrant-azure");
  std::uint64_t gib_hours_in_bytes = 0;
  for (const BackupRecord& b : ran.result.backups) {
    const auto live = sim::size_at(ran.scenario.services[0].workload, ran.scenario.start, b.born);
    EXPECT_NEAR(static_cast<double>(b.size_bytes), static_cast<double>(live) * 1.3 / 2, 2.0);
    // Q_INC_03: started hours.
    gib_hours_in_bytes +=
        b.size_bytes * static_cast<std::uint64_t>(started(gone(ran, b) - b.available, kHour));
  }
  const double expected = static_cast<double>(gib_hours_in_bytes) / (1 << 30) * 0.00006849;
  EXPECT_NEAR(cost::to_double(ran.invoice->total().amount), expected, 0.04);  // six months' cents
}

TEST(Shipped, P_RET_01_MinimumsProtectedAndTotals) {
  const Ran ran = run_shipped("zerops-defaults");
  EXPECT_TRUE(sim::all_hold(ran.result));
  std::array<int, 3> kept{};
  for (const BackupRecord& b : ran.result.backups) {
    if (b.state != BackupState::kAvailable) continue;
    ++kept[b.service];
    const bool is_manual = b.kind == "manual";
    // P_TAG_01: daily on every automatic backup; P_TAG_05: manual ones have user tags only.
    EXPECT_EQ(std::count(b.tags.begin(), b.tags.end(), "daily"), is_manual ? 0 : 1);
    if (is_manual) {
      EXPECT_TRUE(b.is_protected);
    }  // P_TAG_06
  }
  for (const int count : kept) EXPECT_EQ(count, 50);  // P_RET_04
}

TEST(Shipped, P_TAG_02_WeeklyAndMonthlyAreTheFirstOfTheirPeriods) {
  const Ran ran = run_shipped("zerops-defaults");
  std::set<std::pair<int, int>> weeks, months;
  for (const BackupRecord& b : ran.result.backups) {
    if (b.service != 0 || b.kind != "automatic") continue;
    const auto date = policy::to_civil(b.born, policy::Zone::utc()).date;
    const auto week = policy::iso_week(date);
    const bool is_weekly = std::find(b.tags.begin(), b.tags.end(), "weekly") != b.tags.end();
    const bool is_monthly = std::find(b.tags.begin(), b.tags.end(), "monthly") != b.tags.end();
    EXPECT_EQ(is_weekly, weeks.insert({week.year, week.week}).second) << b.id;
    EXPECT_EQ(is_monthly, months.insert({date.year, date.month}).second) << b.id;  // P_TAG_03
  }
}

TEST(Shipped, P_QUO_02_NothingIsStoredPastTheQuota) {
  const Ran ran = run_shipped("zerops-quota");
  // 5 GiB hold 12 backups of 400 MiB: 8 automatic and 4 protected ones, all minimums or protected.
  int stored = 0;
  for (const BackupRecord& b : ran.result.backups) stored += b.available != kNever ? 1 : 0;
  EXPECT_EQ(stored, 12);
  EXPECT_EQ(backup(ran.result, "db/auto-000009").state, BackupState::kRefused);
  const auto& daily = ran.result.requirements.back();
  EXPECT_EQ(daily.verdict, sim::Verdict::kFails);
  EXPECT_EQ(daily.first_failure, at("2026-01-09T01:05:00Z"));  // 25 h after the last one
  ASSERT_GE(daily.trace.size(), 3u);
  EXPECT_NE(daily.trace[1].text.find("was not stored"), std::string::npos);
}

TEST(Shipped, PolicyThatFailsDoesSoInItsFifthMonth) {
  const Ran ran = run_shipped("policy-that-fails");
  const auto& daily = ran.result.requirements.front();
  EXPECT_EQ(daily.verdict, sim::Verdict::kFails);
  EXPECT_EQ(policy::to_civil(daily.first_failure, policy::Zone::utc()).date.month, 5);
  EXPECT_FALSE(daily.trace.empty());
}

}  // namespace
}  // namespace backcast::scenario
