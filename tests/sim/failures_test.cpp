// What fails by chance: closed forms of renewal sequences, and whose moments they are.
#include "sim/model/failures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "sim/model/workload.h"

namespace backcast::sim {
namespace {

const Instant kStart = from_unix_seconds(1'767'225'600);  // 2026-01-01

Scenario with_law(Duration mean_between, Duration mean_to_repair, Duration length) {
  Scenario scenario;
  scenario.start = kStart;
  scenario.end = kStart + length;
  FailureLaw law;
  law.name = "region eu";
  law.kind = EventKind::kOutage;
  law.region = "eu";
  law.mean_between = mean_between;
  law.mean_to_repair = mean_to_repair;
  scenario.failures.push_back(law);
  return scenario;
}

struct Sample {
  double mean = 0, variance = 0;
};
Sample sample_of(const std::vector<double>& values) {
  Sample s;
  const auto n = static_cast<double>(values.size());
  for (const double v : values) s.mean += v / n;
  for (const double v : values) s.variance += (v - s.mean) * (v - s.mean) / (n - 1);
  return s;
}

TEST(Failures, WithQuickRepairsTheNumberOfOutagesIsPoisson) {
  const Scenario scenario = with_law(30 * kDay, kSecond, 3000 * kDay);
  constexpr int kReplications = 2000;
  std::vector<double> counts;
  for (std::uint32_t r = 0; r < kReplications; ++r) {
    counts.push_back(static_cast<double>(outages_of(scenario, 0, Draws(1, r)).size()));
  }
  const Sample s = sample_of(counts);
  EXPECT_NEAR(s.mean, 100, 3.3 * std::sqrt(100.0 / kReplications));
  EXPECT_NEAR(s.variance / s.mean, 1, 3.3 * std::sqrt(2.0 / kReplications));
  EXPECT_NEAR(expected_outages(scenario, scenario.failures[0]), 100, 0.001);
}

TEST(Failures, InTheLongRunItIsUpForItsShareOfTheTime) {
  const Scenario scenario = with_law(10 * kDay, kDay, 3650 * kDay);
  constexpr int kReplications = 300;
  std::vector<double> up;
  for (std::uint32_t r = 0; r < kReplications; ++r) {
    Duration down{0};
    Instant before = scenario.start;
    for (const Outage& outage : outages_of(scenario, 0, Draws(3, r))) {
      EXPECT_GE(outage.from, before);  // one after the other
      EXPECT_LT(outage.from, scenario.end);
      EXPECT_GE(outage.lasts, kSecond);
      before = outage.from + outage.lasts;
      down += std::min(before, scenario.end) - outage.from;
    }
    up.push_back(1 - static_cast<double>(down.count()) /
                         static_cast<double>((scenario.end - scenario.start).count()));
  }
  const Sample s = sample_of(up);
  EXPECT_NEAR(s.mean, 10.0 / 11, 3.3 * std::sqrt(s.variance / kReplications));
}

TEST(Failures, TimesToRepairAreExponential) {
  const Scenario scenario = with_law(2 * kDay, 5 * kHour, 36500 * kDay);
  const auto outages = outages_of(scenario, 0, Draws(8, 0));
  const auto n = static_cast<double>(outages.size());
  ASSERT_GT(n, 15'000);
  double sum = 0, longer = 0;
  for (const Outage& outage : outages) {
    sum += static_cast<double>(outage.lasts / kSecond);
    longer += outage.lasts > 5 * kHour ? 1 : 0;
  }
  EXPECT_NEAR(sum / n, 5 * 3600, 3.3 * 5 * 3600 / std::sqrt(n));
  EXPECT_NEAR(longer / n, std::exp(-1), 3.3 * std::sqrt(0.2325 / n));
}

TEST(Failures, WhatElseFailsOrIsThereChangesNothing) {
  Scenario alone = with_law(5 * kDay, kHour, 365 * kDay);
  Scenario among = alone;
  FailureLaw other = alone.failures[0];
  other.name = "region us";
  other.region = "us";
  among.failures.insert(among.failures.begin(), other);
  among.services.resize(3);
  const auto one = outages_of(alone, 0, Draws(1, 4));
  const auto same = outages_of(among, 1, Draws(1, 4)), us = outages_of(among, 0, Draws(1, 4));
  ASSERT_EQ(one.size(), same.size());
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].from, same[i].from);
    EXPECT_EQ(one[i].lasts, same[i].lasts);
  }
  ASSERT_FALSE(us.empty());
  EXPECT_NE(us[0].from, one[0].from);
  EXPECT_NE(outages_of(alone, 0, Draws(1, 5))[0].from, one[0].from);
  EXPECT_NE(outages_of(alone, 0, Draws(2, 4))[0].from, one[0].from);
}

TEST(Failures, ACommonCauseStrikesItsShareAndTheSameServicesWhereverTheyStand) {
  FailureLaw law;
  law.name = "jobs credentials";
  law.share = 0.3;
  constexpr std::uint32_t kServices = 500, kTimes = 100;
  double struck = 0, both = 0;
  for (std::uint64_t number = 0; number < kTimes; ++number) {
    for (std::uint32_t entity = 0; entity < kServices; ++entity) {
      const bool it = strikes(law, number, entity, Draws(1, 0));
      struck += it ? 1 : 0;
      both += it && strikes(law, number, entity + 1, Draws(1, 0)) ? 1 : 0;
    }
  }
  constexpr double kAll = kServices * kTimes;
  EXPECT_NEAR(struck / kAll, 0.3, 3.3 * std::sqrt(0.21 / kAll));
  EXPECT_NEAR(both / kAll, 0.09, 3.3 * std::sqrt(0.0819 * 2 / kAll));
  law.share = 1;
  EXPECT_TRUE(strikes(law, 0, 0, Draws(1, 0)));
}

TEST(Failures, WhatStrikesNobodyIsNoOutage) {
  Scenario scenario = with_law(kDay, kHour, 365 * kDay);
  scenario.services.resize(2);
  scenario.services[1].entity = 1;
  scenario.failures[0].kind = EventKind::kJobFailures;
  scenario.failures[0].services = {0, 1};
  scenario.failures[0].share = 0.5;
  const DrawnFailures drawn = drawn_failures(scenario, Draws(1, 0));
  const auto all = static_cast<double>(outages_of(scenario, 0, Draws(1, 0)).size());
  ASSERT_EQ(drawn.outages.size(), drawn.events.size());
  EXPECT_NEAR(static_cast<double>(drawn.events.size()), 0.75 * all, 4 * std::sqrt(0.1875 * all));
  for (std::size_t i = 0; i < drawn.events.size(); ++i) {
    EXPECT_EQ(drawn.events[i].at, drawn.outages[i].from);
    EXPECT_FALSE(drawn.events[i].services.empty());
  }
}

// ------------------------------------------------------------------------------------------------

Workload wandering(double differs, double wanders) {
  Workload workload;
  workload.size_bytes = 1'000'000'000'000;
  workload.growth.share_per_year = 0.2;
  workload.growth.differs_per_year = differs;
  workload.growth.wanders_per_year = wanders;
  return workload;
}

double log_against_path(const Workload& workload, std::uint32_t entity, Duration after) {
  static const SurvivalCurve kCurve{1, 0.02, 0, 0, 0};
  Life life;
  life.begin(workload, kCurve, kStart, Draws(5, 0), entity);
  Workload path = workload;
  path.growth.differs_per_year = path.growth.wanders_per_year = 0;
  const Instant then = kStart + after;
  return std::log(static_cast<double>(life.size_bytes(moment_at(workload, kStart, then))) /
                  static_cast<double>(size_at(path, kStart, then)));
}

// A rate that differs by d and walks w a year: the logarithm of the size after T years has the
// variance (d T)^2 + w^2 T^3 / 3.
TEST(Growth, DiffersAndWandersAsFarAsStated) {
  constexpr int kServices = 3000;
  constexpr Duration kYear = std::chrono::hours(8766);
  struct Case {
    double differs, wanders, years;
  };
  for (const Case& c :
       {Case{0.3, 0, 1}, Case{0.3, 0, 4}, Case{0, 0.2, 1}, Case{0, 0.2, 4}, Case{0.1, 0.2, 2}}) {
    std::vector<double> logs;
    for (std::uint32_t i = 0; i < kServices; ++i) {
      logs.push_back(log_against_path(
          wandering(c.differs, c.wanders), i,
          Duration{static_cast<std::int64_t>(c.years * static_cast<double>(kYear.count()))}));
    }
    const double variance =
        std::pow(c.differs * c.years, 2) + c.wanders * c.wanders * std::pow(c.years, 3) / 3;
    const Sample s = sample_of(logs);
    EXPECT_NEAR(s.mean, 0, 3.3 * std::sqrt(variance / kServices));
    EXPECT_NEAR(s.variance, variance, variance * (3.3 * std::sqrt(2.0 / kServices) + 0.01));
  }
}

TEST(Growth, IsAFunctionOfTimeAlone) {
  const Workload workload = wandering(0.1, 0.3);
  static const SurvivalCurve kCurve{1, 0.02, 0, 0, 0};
  Life forward, back;
  forward.begin(workload, kCurve, kStart, Draws(5, 2), 7);
  back.begin(workload, kCurve, kStart, Draws(5, 2), 7);
  std::vector<std::uint64_t> sizes;
  for (int day = 0; day < 400; ++day) {
    sizes.push_back(forward.size_bytes(moment_at(workload, kStart, kStart + day * kDay)));
  }
  for (int day = 399; day >= 0; --day) {
    EXPECT_EQ(back.size_bytes(moment_at(workload, kStart, kStart + day * kDay)),
              sizes[static_cast<std::size_t>(day)]);
  }
  EXPECT_EQ(sizes[0], workload.size_bytes);
  // What is there before the run is as it was.
  EXPECT_EQ(forward.size_bytes(moment_at(workload, kStart, kStart - 30 * kDay)),
            size_at(workload, kStart, kStart - 30 * kDay));
}

}  // namespace
}  // namespace backcast::sim
