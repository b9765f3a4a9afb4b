#include "sim/run/replicate.h"

#include <gtest/gtest.h>

#include "sim/model/draws.h"

namespace backcast::sim {
namespace {

Measures noisy(std::uint32_t replication, double shift) {
  const Draws draws(5, replication);
  const Distribution law{Distribution::Kind::kNormal, 100, 10};
  return {{"cost", law.draw(draws, 0, Purpose::kTest, 0) + shift},
          {"failures", static_cast<double>(draws.below(3, 1, Purpose::kTest, 0))}};
}
ReplicationOptions times(std::uint32_t count, unsigned threads = 0) {
  ReplicationOptions options;
  options.count = count;
  options.threads = threads;
  return options;
}
const Trial kTrial = [](std::uint32_t r) { return noisy(r, 0); };

TEST(Replicate, rows_are_the_same_at_any_number_of_threads) {
  std::vector<std::vector<double>> first;
  for (const unsigned threads : {1U, 2U, 7U}) {
    const auto runs = replicate(kTrial, times(100, threads));
    ASSERT_TRUE(runs.ok());
    EXPECT_EQ(runs->rows.size(), 100u);
    EXPECT_FALSE(runs->partial);
    if (first.empty()) first = runs->rows;
    EXPECT_EQ(runs->rows, first);
  }
}

TEST(Replicate, stops_when_the_interval_is_as_tight_as_asked) {
  // s / mean = 0.1, so 1 % at 95 % needs about (1.96 * 0.1 / 0.01)^2 = 384.
  ReplicationOptions options = times(100'000);
  options.target_share = 0.01;
  options.target_measure = "cost";
  const auto runs = replicate(kTrial, options);
  ASSERT_TRUE(runs.ok());
  EXPECT_GT(runs->rows.size(), 250u);
  EXPECT_LT(runs->rows.size(), 550u);
  EXPECT_EQ(runs->rows.size() % kBatch, 0u);
  options.target_measure = "cots";
  EXPECT_FALSE(replicate(kTrial, options).ok());
}

TEST(Replicate, when_interrupted_what_is_done_is_given_back) {
  std::atomic<bool> stop = false;
  const Trial trial = [&](std::uint32_t r) {
    if (r == 40) stop = true;
    return noisy(r, 0);
  };
  ReplicationOptions options = times(1000, 1);
  options.stop = &stop;
  const auto runs = replicate(trial, options);
  ASSERT_TRUE(runs.ok());
  EXPECT_TRUE(runs->partial);
  EXPECT_GE(runs->rows.size(), 32u);
  EXPECT_LE(runs->rows.size(), 48u);
}

TEST(Replicate, the_first_failing_replication_is_reported) {
  const Trial trial = [](std::uint32_t r) -> Result<Measures, Errors> {
    if (r >= 20) return Errors{failed("replication " + std::to_string(r))};
    return noisy(r, 0);
  };
  const auto runs = replicate(trial, times(64));
  ASSERT_FALSE(runs.ok());
  EXPECT_EQ(runs.error().at(0).message, "replication 20");
}

TEST(Replicate, pairs_that_saw_the_same_luck_tell_a_small_difference) {
  const auto a = replicate(kTrial, times(50));
  const auto b = replicate([](std::uint32_t r) { return noisy(r, 0.5); }, times(50));
  const auto difference = paired_difference(*b, *a);
  ASSERT_TRUE(difference.ok());
  const Summary paired = summarize(*difference, 0.95).at(0);
  EXPECT_NEAR(paired.mean.value, 0.5, 1e-9);
  EXPECT_LT(paired.mean.interval->high - paired.mean.interval->low, 1e-9);
  // Alone, either mean is known to about 3 only.
  const Summary alone = summarize(*a, 0.95).at(0);
  EXPECT_GT(alone.mean.interval->high - alone.mean.interval->low, 4);
}

}  // namespace
}  // namespace backcast::sim
