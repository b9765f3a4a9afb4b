// Sizes over time and operational time, against closed forms.
#include "sim/model/workload.h"

#include <gtest/gtest.h>

namespace backcast::sim {
namespace {

const Instant kStart = parse_instant("2026-01-05")->instant;  // a Monday
constexpr std::uint64_t kSize = 20'000'000'000;

Workload twenty_gb() {
  Workload workload;
  workload.size_bytes = workload.disk_bytes = kSize;
  return workload;
}

TEST(Workload, WithoutGrowthTheSizeIsExact) {
  EXPECT_EQ(size_at(twenty_gb(), kStart, kStart + 1000 * kDay), kSize);
  EXPECT_EQ(generation_at(twenty_gb(), {}, kStart, kStart + 3 * kDay).size_bytes, kSize);
}

TEST(Workload, LinearGrowthAndSteps) {
  Workload workload = twenty_gb();
  workload.growth.bytes_per_day = 1'000'000'000;
  workload.growth.steps = {{kStart + 5 * kDay, 3'000'000'000},
                           {kStart + 8 * kDay, -20'000'000'000}};
  EXPECT_EQ(size_at(workload, kStart, kStart + 2 * kDay), 22'000'000'000u);
  EXPECT_EQ(size_at(workload, kStart, kStart + 5 * kDay), 28'000'000'000u);
  EXPECT_EQ(size_at(workload, kStart, kStart + 8 * kDay), 11'000'000'000u);
  workload.growth.bytes_per_day = -1'000'000'000;
  EXPECT_EQ(size_at(workload, kStart, kStart + 30 * kDay), 0u);  // never below nothing
}

TEST(Workload, SizesStayBelow2To63WhateverIsMultiplied) {
  constexpr std::uint64_t kMost = 9'000'000'000'000'000'000;
  Workload workload = twenty_gb();
  workload.stored_share = 1e30;
  EXPECT_EQ(generation_at(workload, {}, kStart, kStart).size_bytes, kMost);
  workload.stored_share = 1;
  workload.disk_bytes = 1'000'000'000'000'000'000;
  workload.growth.share_per_year = 1e9;
  const Generation grown = generation_at(workload, {}, kStart, kStart + 3000 * kDay);
  EXPECT_EQ(grown.size_bytes, kMost);
  EXPECT_EQ(grown.disk_bytes, kMost);
  workload.size_bytes = 0;  // nothing, times what is beyond any number
  EXPECT_EQ(size_at(workload, kStart, kStart + 100'000 * kDay), 0u);
}

TEST(Workload, CompoundGrowthDoublesInAYear) {
  Workload workload = twenty_gb();
  workload.growth.share_per_year = 1;
  const Duration year = 365 * kDay + 6 * kHour;
  EXPECT_NEAR(static_cast<double>(size_at(workload, kStart, kStart + year)), 2.0 * kSize, 10);
}

TEST(Workload, SeasonsPeakWhereTheySay) {
  Workload workload = twenty_gb();
  workload.growth.season_amplitude = 0.25;
  workload.growth.season_period = 8 * kDay;
  workload.growth.season_peak = kStart + 2 * kDay;
  EXPECT_NEAR(static_cast<double>(size_at(workload, kStart, kStart + 2 * kDay)), 1.25 * kSize, 10);
  EXPECT_NEAR(static_cast<double>(size_at(workload, kStart, kStart + 6 * kDay)), 0.75 * kSize, 10);
  EXPECT_NEAR(static_cast<double>(size_at(workload, kStart, kStart + 4 * kDay)), 1.0 * kSize, 10);
}

TEST(Workload, RecordedSizesAreInterpolated) {
  Workload workload = twenty_gb();
  workload.growth.recorded = {{kStart, 10}, {kStart + 2 * kDay, 30}, {kStart + 3 * kDay, 20}};
  EXPECT_EQ(size_at(workload, kStart, kStart), 10u);
  EXPECT_EQ(size_at(workload, kStart, kStart + kDay), 20u);
  EXPECT_EQ(size_at(workload, kStart, kStart + 9 * kDay), 20u);
}

TEST(Workload, OperationalTimeFollowsBusyDays) {
  Workload workload = twenty_gb();
  workload.weekday_factor = {1, 1, 1, 1, 2, 0, 0};
  const auto tau = [&](Duration d) {
    return generation_at(workload, {}, kStart, kStart + d).operational_time;
  };
  EXPECT_NEAR(tau(kDay), 1, 1e-12);
  EXPECT_NEAR(tau(4 * kDay + 12 * kHour), 5, 1e-12);  // half of the busy Friday
  EXPECT_NEAR(tau(7 * kDay), 6, 1e-12);
  EXPECT_NEAR(tau(70 * kDay), 60, 1e-9);
}

TEST(Workload, ABurstLeavesTheShareItDidNotRewrite) {
  Workload workload = twenty_gb();
  const SurvivalCurve curve{.w1 = 1, .rate1 = 0.01};
  workload.bursts = {{kStart + 12 * kHour, 0.6, 0}};
  const Generation before = generation_at(workload, curve, kStart, kStart);
  const Generation after = generation_at(workload, curve, kStart, kStart + kDay);
  const double alive = curve.alive(after.operational_time - before.operational_time);
  EXPECT_NEAR(alive, 0.4 * curve.alive(1), 1e-9);
}

}  // namespace
}  // namespace backcast::sim
