// Weekdays: what is theirs, what is chance's, and that a forecast has them as they were.
#include "sim/fit/volumes/weekdays.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "sim/fit/calibrate.h"
#include "sim/model/portable_math.h"
#include "sim/model/workload.h"

namespace backcast::sim {
namespace {

const Instant kMonday = parse_instant("2026-01-05T23:59")->instant;
constexpr double kSize = 10e9;

// Daily backups of 10 GB that end their day; `weekend` beside other days, of which each adds
// `share` of the data, give or take.
ObservedHistory lived(std::uint32_t count, double share, double weekend, double noise,
                      std::uint32_t seed = 1) {
  std::mt19937_64 random(seed);
  ObservedHistory history;
  for (std::uint32_t i = 0; i < count; ++i) {
    const double u = (static_cast<double>(random() >> 11) + 0.5) / 9007199254740992.0;
    const double busy = (i % 7 >= 5 ? weekend : 1) * portable_exp(noise * normal_quantile(u));
    ObservedBackup backup;
    backup.time = kMonday + std::int64_t{i} * kDay;
    backup.size_bytes = static_cast<std::uint64_t>(kSize);
    backup.new_bytes =
        static_cast<std::uint64_t>(kSize * (i == 0 ? 1 : std::min(share * busy, 0.95)));
    // A quarter of the bytes never dies; the others at one rate.
    for (std::size_t g = 0; g < kLossGapCount && kLossGaps[g] <= i; ++g) {
      const double alive = 0.25 + 0.75 * std::pow((0.75 - share) / 0.75, kLossGaps[g] * 0.8);
      backup.lost_bytes[g] = static_cast<std::uint64_t>(kSize * (1 - alive));
    }
    history.backups.push_back(backup);
  }
  return history;
}

TEST(Weekdays, are_found_whatever_the_level_does) {
  ObservedHistory history = lived(100, 0.02, 0.25, 0.1);
  for (std::size_t i = 50; i < 100; ++i) history.backups[i].new_bytes *= 3;
  const auto factors = fit_weekdays(history, {});
  for (std::size_t d = 0; d < 7; ++d) EXPECT_NEAR(factors[d], (d < 5 ? 1 : 0.25) / 0.786, 0.1);
}

TEST(Weekdays, that_differ_by_chance_are_alike) {
  double squares = 0;
  constexpr std::uint32_t kMany = 50;
  for (std::uint32_t seed = 1; seed <= kMany; ++seed) {
    for (const double factor : fit_weekdays(lived(60, 0.02, 1, 0.5, seed), {})) {
      squares += (factor - 1) * (factor - 1) / 7;
    }
  }
  EXPECT_LT(std::sqrt(squares / kMany), 0.1);  // their means alone are off by 0.18
}

TEST(Weekdays, are_alike_where_nothing_says_them) {
  const std::array<double, 7> alike{1, 1, 1, 1, 1, 1, 1};
  ObservedHistory untold = lived(60, 0.02, 0.25, 0.1);
  for (ObservedBackup& backup : untold.backups) backup.time.reset();
  EXPECT_EQ(fit_weekdays(untold, {}), alike);
  EXPECT_EQ(fit_weekdays(lived(20, 0.02, 0.25, 0.1), {}), alike);
  ObservedHistory weekly = lived(60, 0.02, 0.25, 0.1);
  for (std::uint32_t i = 0; i < 60; ++i)
    weekly.backups[i].time = kMonday + std::int64_t{i} * 7 * kDay;
  EXPECT_EQ(fit_weekdays(weekly, {}), alike);
}

// Where most of the data changes in a day, twice as busy a day changes much less than twice as
// much: what a forecast adds on each weekday is what that weekday added.
TEST(Weekdays, of_a_forecast_add_what_they_added) {
  const Calibration fit = *calibrate(lived(120, 0.6, 0.4, 0.1));
  EXPECT_LT(fit.noise.spread, 0.15);
  const Workload workload = workload_of(fit);
  const SurvivalCurve curve = delta_of(fit).curve;
  const Instant start = kMonday + 119 * kDay;
  for (int day = 0; day < 14; ++day) {
    const auto at = [&](int days) {
      return generation_at(workload, curve, start, start + days * kDay).operational_time;
    };
    const double added = 1 - curve.alive(at(day + 1) - at(day));
    EXPECT_NEAR(added, (day + 120) % 7 >= 5 ? 0.24 : 0.6, 0.03) << day;
  }
}

}  // namespace
}  // namespace backcast::sim
