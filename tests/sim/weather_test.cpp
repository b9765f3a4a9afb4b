// What happens to jobs by chance: one pure function, with the shares and spreads it was asked for.
#include "sim/model/weather.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

namespace backcast::sim {
namespace {

constexpr Instant kStart = from_unix_seconds(1'767'225'600);  // 2026-01-01

JobAttempt nth(std::uint32_t entity, int hour, std::uint32_t attempt = 1) {
  return {entity, kStart + hour * kHour, attempt};
}

TEST(Weather, WhoAsksAgainIsToldTheSame) {
  const JobChances chances{.failure = 0.5, .duration_spread = 0.4};
  for (int hour = 0; hour < 100; ++hour) {
    const Fate once = fate_of(Draws(7, 3), nth(2, hour), chances, 100 * kSecond);
    const Fate again = fate_of(Draws(7, 3), nth(2, hour), chances, 100 * kSecond);
    EXPECT_EQ(once.fails, again.fails);
    EXPECT_EQ(once.takes, again.takes);
  }
}

TEST(Weather, EverythingItIsAFunctionOfMatters) {
  const JobChances chances{.duration_spread = 1};
  const auto takes = [&](const Draws& draws, const JobAttempt& job) {
    return fate_of(draws, job, chances, kDay).takes;
  };
  const std::set<Duration> all{takes(Draws(1, 1), {5, kStart, 1}),
                               takes(Draws(2, 1), {5, kStart, 1}),
                               takes(Draws(1, 2), {5, kStart, 1}),
                               takes(Draws(1, 1), {6, kStart, 1}),
                               takes(Draws(1, 1), {5, kStart, 2}),
                               takes(Draws(1, 1), {5, kStart + kSecond, 1}),
                               takes(Draws(1, 1), {5, kStart - 60 * 365 * kDay, 1})};
  EXPECT_EQ(all.size(), 7u);
  // Below a second there is only one second.
  EXPECT_EQ(takes(Draws(1, 1), {5, kStart + kSecond / 2, 1}), takes(Draws(1, 1), {5, kStart, 1}));
}

TEST(Weather, StartsAreSpreadEvenlyOverTheWindow) {
  constexpr int kStarts = 40'000, kParts = 4;
  std::vector<int> in_part(kParts);
  for (int hour = 0; hour < kStarts; ++hour) {
    const Duration delay = start_delay(Draws(11, 0), 0, kStart + hour * kHour, kParts * 3600);
    ASSERT_GE(delay, Duration{0});
    ASSERT_LT(delay, kParts * kHour);
    ASSERT_EQ(delay % kSecond, Duration{0});
    ++in_part[static_cast<std::size_t>(delay / kHour)];
  }
  double chi_squared = 0;
  for (const int n : in_part) chi_squared += std::pow(n - kStarts / kParts, 2) * kParts / kStarts;
  EXPECT_LT(chi_squared, 16.3);  // 0.1 % of so many are beyond, with 3 degrees of freedom
}

TEST(Weather, TheStatedShareOfAttemptsFailsAndAttemptsAreIndependent) {
  constexpr int kHours = 100'000, kSeeds = 10, kJobs = kHours * kSeeds;
  int first = 0, both = 0;
  for (std::uint64_t seed = 0; seed < kSeeds; ++seed) {
    for (int hour = 0; hour < kHours; ++hour) {
      const JobChances chances{.failure = 0.2};
      const bool one = fate_of(Draws(seed, 0), nth(1, hour, 1), chances, kHour).fails;
      const bool two = fate_of(Draws(seed, 0), nth(1, hour, 2), chances, kHour).fails;
      first += one ? 1 : 0;
      both += one && two ? 1 : 0;
    }
  }
  EXPECT_NEAR(first, 0.2 * kJobs, 3.3 * std::sqrt(0.16 * kJobs));
  EXPECT_NEAR(both, 0.04 * kJobs, 3.3 * std::sqrt(0.0384 * kJobs));
  EXPECT_TRUE(fate_of(Draws(5, 0), nth(1, 0), {.failure = 1}, kHour).fails);
  EXPECT_FALSE(fate_of(Draws(5, 0), nth(1, 0), {.failure = 0}, kHour).fails);
}

TEST(Weather, HalfOfTheJobsTakeLongerThanComputedAndTheSpreadIsAsStated) {
  constexpr int kHours = 20'000;
  constexpr double kSpread = 0.5;
  int longer = 0;
  double sum = 0, squares = 0;
  for (int hour = 0; hour < kHours; ++hour) {
    const Duration takes =
        fate_of(Draws(9, 0), nth(4, hour), {.duration_spread = kSpread}, kDay).takes;
    ASSERT_EQ(takes % kSecond, Duration{0});
    const double log_factor =
        std::log(static_cast<double>(takes.count()) / static_cast<double>(kDay.count()));
    longer += log_factor > 0 ? 1 : 0;
    sum += log_factor;
    squares += log_factor * log_factor;
  }
  EXPECT_NEAR(longer, kHours / 2, 3.3 * std::sqrt(kHours / 4.0));
  EXPECT_NEAR(sum / kHours, 0, 3.3 * kSpread / std::sqrt(kHours));
  EXPECT_NEAR(std::sqrt(squares / kHours), kSpread, 3.3 * kSpread / std::sqrt(2.0 * kHours));
}

TEST(Weather, ACopyAndARestoreGoByTheirSecondAndRegion) {
  using Kind = Delivery::Kind;
  const auto takes = [](const Delivery& delivery, const Draws& draws = Draws(1, 1)) {
    return pace_of(draws, delivery, 1).of(kDay);
  };
  const Duration backup = fate_of(Draws(1, 1), {5, kStart, 1}, {.duration_spread = 1}, kDay).takes;
  const std::set<Duration> all{backup,
                               takes({Kind::kCopy, 5, kStart, "there"}),
                               takes({Kind::kRestore, 5, kStart, "there"}),
                               takes({Kind::kCopy, 5, kStart, "far"}),
                               takes({Kind::kCopy, 6, kStart, "there"}),
                               takes({Kind::kCopy, 5, kStart + kSecond, "there"}),
                               takes({Kind::kCopy, 5, kStart, "there"}, Draws(1, 2)),
                               takes({Kind::kCopy, 5, kStart, "there"}, Draws(2, 1))};
  EXPECT_EQ(all.size(), 8u);
  EXPECT_EQ(takes({Kind::kCopy, 5, kStart + kSecond / 2, "there"}),
            takes({Kind::kCopy, 5, kStart, "there"}));
}

TEST(Weather, BytesOnALinkTakeTheSamePaceAndEndBeforeAllTime) {
  EXPECT_EQ(Pace().of(std::uint64_t{12'345}), 12'345u);
  EXPECT_EQ(Pace(1.5).of(std::uint64_t{1'001}), 1'502u);  // rounded up
  EXPECT_EQ(Pace(1e9).of(std::uint64_t{0}), 0u);
  EXPECT_EQ(Pace(1e9).of(UINT64_MAX), 1ULL << 62);
  EXPECT_EQ(Pace().of(Duration{123'456'789}), Duration{123'456'789});
  EXPECT_EQ(Pace(1e9).of(Duration::max()), Duration::max());
}

TEST(Weather, WithoutASpreadAJobTakesWhatIsComputed) {
  EXPECT_EQ(fate_of(Draws(1, 0), nth(0, 0), {}, Duration{123'456'789}).takes,
            Duration{123'456'789});
  EXPECT_EQ(fate_of(Draws(1, 0), nth(0, 0), {.duration_spread = 3}, Duration{0}).takes,
            Duration{0});
  // What is beyond all time stays the longest time there is.
  for (int hour = 0; hour < 100; ++hour) {
    const Fate fate = fate_of(Draws(1, 0), nth(0, hour), {.duration_spread = 3}, Duration::max());
    EXPECT_GT(fate.takes, Duration{0});
  }
}

}  // namespace
}  // namespace backcast::sim
