#include "sim/sums/statistics.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>

#include "sim/model/draws.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

TEST(Statistics, student_interval_of_a_textbook_sample) {
  const std::vector<double> values{9, 10, 11, 12, 13};
  const auto estimate = mean_estimate(values, 0.95);
  EXPECT_DOUBLE_EQ(estimate.value, 11);
  ASSERT_TRUE(estimate.interval);
  // t(4; 0.975) = 2.776445; s = sqrt(2.5).
  EXPECT_NEAR(estimate.interval->high, 11 + 2.776445 * 0.7071068, 1e-6);
  EXPECT_NEAR(estimate.interval->low, 11 - 2.776445 * 0.7071068, 1e-6);
  EXPECT_FALSE(mean_estimate(std::vector<double>{4}, 0.95).interval);
}

TEST(Statistics, order_statistics_around_the_median_of_a_hundred) {
  std::vector<double> values;
  for (int i = 100; i >= 1; --i) values.push_back(i);
  const auto estimate = quantile_estimate(values, 0.5, 0.95);
  EXPECT_EQ(estimate.value, 50);
  ASSERT_TRUE(estimate.interval);
  EXPECT_EQ(estimate.interval->low, 40);  // ranks 40 and 61: any table of the sign test
  EXPECT_EQ(estimate.interval->high, 61);
}

TEST(Statistics, a_quantile_has_no_interval_until_the_sample_is_large_enough) {
  // The 95th percentile at 95 %: 0.95^n must fall to 0.025, so n = 72 for the upper side.
  EXPECT_FALSE(quantile_estimate(std::vector<double>(71, 1.0), 0.95, 0.95).interval);
  EXPECT_TRUE(quantile_estimate(std::vector<double>(72, 1.0), 0.95, 0.95).interval);
}

TEST(Statistics, intervals_cover_the_truth_as_often_as_they_say) {
  const Draws draws(3, 0);
  std::uint64_t index = 0;
  int mean_covered = 0, quantile_covered = 0;
  constexpr int kTrials = 2000;
  for (int trial = 0; trial < kTrials; ++trial) {
    std::vector<double> values;
    for (int i = 0; i < 60; ++i) {
      values.push_back(normal_quantile(draws.uniform(0, Purpose::kTest, index++)));
    }
    const auto mean = mean_estimate(std::span(values).first(8), 0.95).interval.value();
    mean_covered += mean.low <= 0 && 0 <= mean.high;
    const auto p80 = quantile_estimate(values, 0.8, 0.95).interval.value();
    const double truth = normal_quantile(0.8);
    quantile_covered += p80.low <= truth && truth <= p80.high;
  }
  // Within three standard errors, 0.0049 each, of 95 %; order statistics may cover more.
  EXPECT_NEAR(mean_covered / double{kTrials}, 0.95, 0.015);
  EXPECT_GE(quantile_covered / double{kTrials}, 0.935);
  EXPECT_LE(quantile_covered / double{kTrials}, 0.985);
}

TEST(Statistics, a_share_has_the_exact_binomial_interval) {
  // All of n: the lower end is (alpha / 2)^(1/n), so 368 that all hold say at least 99 %.
  EXPECT_NEAR(share_estimate(30, 30, 0.95).interval->low, std::pow(0.025, 1.0 / 30), 1e-9);
  EXPECT_EQ(share_estimate(30, 30, 0.95).interval->high, 1);
  EXPECT_GE(share_estimate(368, 368, 0.95).interval->low, 0.99);
  EXPECT_LT(share_estimate(367, 367, 0.95).interval->low, 0.99);
  // None of n is the mirror image.
  EXPECT_EQ(share_estimate(0, 30, 0.95).interval->low, 0);
  EXPECT_NEAR(share_estimate(0, 30, 0.95).interval->high, 1 - std::pow(0.025, 1.0 / 30), 1e-9);
  // The ends are where as few, or as many, hits are just improbable: summed up term by term.
  const auto middle = share_estimate(7, 20, 0.9);
  EXPECT_DOUBLE_EQ(middle.value, 0.35);
  const auto at_least_7 = [](double p) {
    double term = std::pow(1 - p, 20), below = 0;
    for (int k = 0; k < 7; ++k) {
      below += term;
      term *= (20.0 - k) / (k + 1) * p / (1 - p);
    }
    return 1 - below;
  };
  EXPECT_NEAR(at_least_7(middle.interval->low), 0.05, 1e-9);
}

TEST(Histogram, buckets_are_exact_when_small_and_within_a_128th_above) {
  for (const std::uint64_t value :
       {0ULL, 1ULL, 255ULL, 256ULL, 257ULL, 1000ULL, 123456789ULL, ~0ULL - 5, ~0ULL}) {
    Histogram histogram;
    histogram.add(value);
    const std::uint64_t edge = histogram.quantile(0.5);
    EXPECT_GE(edge, value);
    EXPECT_LE(edge - value, value / 128);
    if (value < 256) {
      EXPECT_EQ(edge, value);
    }
  }
}

RC_GTEST_PROP(Histogram, adding_is_exact_in_any_order, (std::vector<std::uint64_t> values)) {
  Histogram whole, left, right;
  for (std::size_t i = 0; i < values.size(); ++i) {
    whole.add(values[i]);
    (i % 3 == 0 ? left : right).add(values[i]);
  }
  Histogram other = right;
  other.add(left);
  left.add(right);
  RC_ASSERT(left == whole);
  RC_ASSERT(other == whole);
  RC_ASSERT(Histogram::from_counts(whole.counts(), whole.is_exact()) == whole);
}

}  // namespace
}  // namespace backcast::sim
