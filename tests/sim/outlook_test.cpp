// What is drawn of the days to come, and what calibration says of them.
#include "sim/model/draws.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "sim/fit/calibrate.h"
#include "sim/fit/volumes/volumes.h"
#include "sim/model/past.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

const Instant kStart = parse_instant("2026-01-05")->instant;  // a Monday
constexpr std::uint64_t kSize = 20'000'000'000;
constexpr SurvivalCurve kCurve{1, 0.02, 0, 0, 0};

Workload doubtful() {
  Workload workload;
  workload.size_bytes = kSize;
  workload.growth.bytes_per_day = 10'000'000;
  workload.outlook = {{{7, 0.1, 0.2}, {30, 0.2, 0.3}, {90, 0.4, 0.3}}, 8};
  workload.noise.spread = 0.5;
  return workload;
}

Generation seen(const Workload& workload, std::uint32_t replication, int days) {
  Life life;
  life.begin(workload, kCurve, kStart, Draws(1, replication), 0);
  return life.at(moment_at(workload, kStart, kStart + days * kDay));
}

// Daily backups of 1 GB that add 10 MB; `change` may alter one of them.
template <typename Change>
ObservedHistory daily(std::uint32_t count, Change change) {
  ObservedHistory history;
  for (std::uint32_t i = 0; i < count; ++i) {
    ObservedBackup backup;
    backup.time = kStart + std::int64_t{i} * kDay;
    backup.size_bytes = 1'000'000'000;
    backup.new_bytes = i == 0 ? backup.size_bytes : 10'000'000 + i % 3 * 1'000'000;
    change(i, backup);
    history.backups.push_back(backup);
  }
  return history;
}
bool warns(const Calibration& fit, const std::string& of) {
  return std::any_of(fit.warnings.begin(), fit.warnings.end(),
                     [&](const std::string& w) { return w.find(of) != std::string::npos; });
}
void as_it_is(std::uint32_t, ObservedBackup&) {}

TEST(Outlook, replication_0_is_the_path_and_the_others_leave_it_ever_farther) {
  Workload certain = doubtful();
  certain.outlook.points.clear();
  certain.noise = {};
  for (const int days : {1, 7, 50, 200}) {
    EXPECT_EQ(seen(doubtful(), 0, days).size_bytes, seen(certain, 0, days).size_bytes);
    EXPECT_EQ(seen(doubtful(), 0, days).operational_time, seen(certain, 0, days).operational_time);
  }
  for (const auto& [days, spread] : {std::pair{7, 0.1}, {30, 0.2}, {60, 0.3}, {200, 0.4}}) {
    double squares = 0;
    constexpr std::uint32_t kMany = 2000;
    const auto path = static_cast<double>(seen(certain, 0, days).size_bytes);
    for (std::uint32_t r = 1; r <= kMany; ++r) {
      const double log = std::log(static_cast<double>(seen(doubtful(), r, days).size_bytes) / path);
      squares += log * log;
    }
    EXPECT_NEAR(std::sqrt(squares / kMany), spread, spread / 10) << days;
  }
}

TEST(Outlook, nothing_before_the_start_is_drawn_and_time_never_goes_back) {
  Workload certain = doubtful();
  certain.outlook.points.clear();
  certain.noise = {};
  Workload drawn = doubtful();
  drawn.noise.persistence = 0.8;
  drawn.noise.tail = 4;
  drawn.random_bursts = {0.05, 0.1, 1};
  for (std::uint32_t r = 1; r < 200; ++r) {
    EXPECT_EQ(seen(drawn, r, -9).size_bytes, seen(certain, 0, -9).size_bytes);
    EXPECT_EQ(seen(drawn, r, -9).operational_time, seen(certain, 0, -9).operational_time);
    double before = 0;
    for (int day = 1; day < 120; ++day) {
      const double now = seen(drawn, r, day).operational_time;
      EXPECT_GE(now, before) << r << " " << day;
      before = now;
    }
  }
}

TEST(Outlook, noise_has_a_mean_of_1_whatever_its_tail) {
  for (const double tail : {0.0, 4.0, 30.0}) {
    const DayNoise noise{0.7, tail, 0};
    const double scale = noise.scale();
    double sum = 0, squares = 0, before = -9;
    constexpr int kMany = 20'000;
    for (int i = 0; i < kMany; ++i) {
      const double z = with_tail(normal_quantile((i + 0.5) / kMany), tail);
      EXPECT_GE(z, before);
      before = z;
      squares += z * z;
      sum += noise.factor(normal_quantile((i + 0.5) / kMany), scale);
    }
    EXPECT_NEAR(sum / kMany, 1, 0.02) << tail;
    EXPECT_NEAR(squares / kMany, 1, 0.06) << tail;
  }
}

TEST(Outlook, days_remember_the_day_before) {
  Workload workload = doubtful();
  workload.noise = {0.3, 0, 0.8};
  double products = 0, squares = 0;
  for (std::uint32_t r = 1; r <= 400; ++r) {
    const auto pace = [&](int day) {
      return std::log(seen(workload, r, day + 1).operational_time -
                      seen(workload, r, day).operational_time);
    };
    const double a = pace(3) - pace(60), b = pace(4) - pace(61);
    products += a * b;
    squares += (a * a + b * b) / 2;
  }
  EXPECT_NEAR(products / squares, 0.8, 0.1);
}

TEST(Outlook, bursts_come_as_often_and_as_large_as_said) {
  const RandomBursts bursts{0.05, 0.1, 1};
  int all = 0, large = 0;
  constexpr int kDays = 40'000;
  for (int day = 0; day < kDays; ++day) {
    const double share = bursts.share_of(Draws(3, 1), 0, day);
    if (share > 0) ++all;
    if (share > 0.2) ++large;
    EXPECT_TRUE(share == 0 || (share > 0.1 && share <= RandomBursts::kMostShare));
  }
  EXPECT_NEAR(all / double{kDays}, 0.05, 0.005);
  EXPECT_NEAR(large / static_cast<double>(all), 0.5, 0.05);
}

// What so many days lose, in sum and beside days of the path: the middle of many replications.
double median_loss(const Workload& workload, const SurvivalCurve& curve, int days) {
  std::vector<double> sums;
  for (std::uint32_t r = 1; r <= 400; ++r) {
    Life life;
    life.begin(workload, curve, kStart, Draws(1, r), 0);
    double before = 0, lost = 0;
    for (int day = 1; day <= days; ++day) {
      const Moment moment = moment_at(workload, kStart, kStart + day * kDay);
      const double now = life.at(moment).operational_time;
      lost += 1 - curve.alive(now - before);
      before = now;
    }
    sums.push_back(lost / (days * (1 - curve.alive(1))));
  }
  std::nth_element(sums.begin(), sums.begin() + 200, sums.end());
  return sums[200];
}

TEST(Outlook, drawn_days_lose_in_the_mean_what_a_day_of_the_path_loses) {
  Workload workload = doubtful();
  for (OutlookPoint& point : workload.outlook.points) point.change = 0;
  for (const double bursts_per_day : {0.0, 0.05}) {
    for (const double spread : {0.0, 0.5}) {
      workload.noise = {spread, 0, 0};
      workload.random_bursts = {bursts_per_day, 0.05, 1};
      double lost = 0;
      constexpr std::uint32_t kMany = 4000;
      for (std::uint32_t r = 1; r <= kMany; ++r) {
        lost += 1 - kCurve.alive(seen(workload, r, 2).operational_time -
                                 seen(workload, r, 1).operational_time);
      }
      const double path = 1 - kCurve.alive(1);
      EXPECT_NEAR(lost / kMany / path, 1, 0.1) << bursts_per_day << " " << spread;
    }
  }
}

// One backup in so many, at no regular distance.
bool is_one_in(std::uint32_t many, std::uint32_t backup) {
  return backup > 0 && Draws(3, 0).below(many, 0, Purpose::kTest, backup) == 0;
}

TEST(Volumes, bursts_that_the_level_has_in_it_are_not_added_once_more) {
  const auto fit = calibrate(daily(100, [](std::uint32_t i, ObservedBackup& backup) {
    if (is_one_in(8, i)) backup.new_bytes = 300'000'000;
  }));
  ASSERT_TRUE(fit);
  EXPECT_GT(fit->random_bursts.per_day, 0);
  EXPECT_GT(fit->random_bursts.tail, 2);  // all alike: none is much larger than the others
  EXPECT_NEAR(median_loss(workload_of(*fit), delta_of(*fit).curve, 60), 1, 0.15);
}

TEST(Volumes, how_much_larger_bursts_become_is_as_the_large_ones_show) {
  const auto tail_of = [](std::uint64_t more_bytes) {
    const auto fit = calibrate(daily(200, [&](std::uint32_t i, ObservedBackup& backup) {
      if (is_one_in(10, i)) backup.new_bytes = 100'000'000 + i * more_bytes;
    }));
    return fit ? fit->random_bursts.tail : 0;
  };
  EXPECT_GT(tail_of(10'000), 2.7);
  EXPECT_LT(tail_of(4'000'000), 2.5);
  EXPECT_GT(tail_of(4'000'000), 1);
}

TEST(Volumes, one_jump_of_the_past_is_no_trend) {
  const auto even = calibrate(daily(80, as_it_is));
  const auto jumped = calibrate(daily(80, [](std::uint32_t i, ObservedBackup& backup) {
    if (i >= 40) backup.size_bytes *= 3;
    if (i == 40) backup.new_bytes = 2'000'000'000;
  }));
  ASSERT_TRUE(even);
  ASSERT_TRUE(jumped);
  EXPECT_EQ(jumped->growth_bytes_per_backup, 0);
  EXPECT_NEAR(jumped->new_bytes_per_backup / even->new_bytes_per_backup, 1, 0.02);
  // But such jumps are possible from now on.
  EXPECT_GT(jumped->outlook[1].size, 3 * even->outlook[1].size);
}

TEST(Volumes, a_purge_every_month_slows_growth_and_a_single_one_does_not) {
  const auto growth_after = [](std::uint32_t purges) {
    const auto fit = calibrate(daily(100, [&](std::uint32_t i, ObservedBackup& backup) {
      backup.size_bytes += i * 5'000'000ULL - std::min(i / 31, purges) * 120'000'000ULL;
    }));
    return fit ? fit->growth_bytes_per_backup : 0;
  };
  EXPECT_GT(growth_after(1), 0.75 * growth_after(0));
  EXPECT_LT(growth_after(3), 0.6 * growth_after(0));
}

TEST(Volumes, of_growth_that_came_with_bursts_half_counts) {
  const auto growth_with = [](std::uint64_t new_bytes) {
    std::uint64_t grown = 0;
    // Too short for weekdays, and for a finished stretch that would tell how much of it went on.
    const auto fit = calibrate(daily(18, [&](std::uint32_t i, ObservedBackup& backup) {
      if (i == 5 || i == 9 || i == 16) backup.new_bytes = new_bytes, grown += 30'000'000;
      backup.size_bytes += grown;
    }));
    return fit ? fit->growth_bytes_per_backup : 0;
  };
  // The same sizes; in the second case those days add no more than others do.
  EXPECT_GT(growth_with(11'000'000), 1e6);
  EXPECT_NEAR(growth_with(100'000'000) / growth_with(11'000'000), 0.5, 0.01);
}

TEST(Volumes, steady_growth_is_mostly_carried_on_and_the_last_level_counts) {
  const auto grows = calibrate(daily(100, [](std::uint32_t i, ObservedBackup& backup) {
    backup.size_bytes += i * 5'000'000ULL;
    if (i >= 60) backup.new_bytes *= 2;
  }));
  ASSERT_TRUE(grows);
  EXPECT_GT(grows->growth_bytes_per_backup, 0.8 * 5e6);
  EXPECT_LE(grows->growth_bytes_per_backup, 5e6);
  EXPECT_GT(grows->new_bytes_per_backup, 1.5 * 11e6);
  // The pace is what makes so many bytes new.
  const DeltaModel delta = delta_of(*grows);
  const double dead = grows->new_bytes_per_backup - grows->growth_bytes_per_backup;
  EXPECT_NEAR((1 - delta.curve.alive(1)) * grows->size_bytes / dead, 1, 0.01);
}

TEST(Volumes, new_bytes_that_follow_the_size_follow_it_to_today_and_others_do_not) {
  const auto level = [](auto of_size) {
    const auto fit = calibrate(daily(100, [&](std::uint32_t i, ObservedBackup& backup) {
      backup.size_bytes += i * 20'000'000ULL;
      const std::uint64_t uneven = i % 7 * 3 % 7;  // percent more
      if (i > 0) backup.new_bytes = of_size(backup.size_bytes) / 100 * (97 + uneven);
    }));
    return fit ? fit->new_bytes_per_backup : 0;
  };
  // The last backup has 2.98 GB.
  EXPECT_NEAR(level([](std::uint64_t size_bytes) { return size_bytes / 20; }), 149e6, 9e6);
  EXPECT_NEAR(level([](std::uint64_t) { return 50'000'000ULL; }), 50e6, 3e6);
}

TEST(Volumes, a_short_history_has_the_prior_and_a_long_quiet_one_its_own_spread) {
  const auto few = calibrate(daily(6, as_it_is));
  const auto many = calibrate(daily(300, as_it_is));
  ASSERT_TRUE(few);
  ASSERT_TRUE(many);
  EXPECT_EQ(few->outlook[0].windows, 0u);
  EXPECT_DOUBLE_EQ(few->outlook[0].change, outlook_prior().change_of_first);
  EXPECT_EQ(many->outlook[1].windows, 9u);
  EXPECT_LT(many->outlook[1].change, few->outlook[1].change / 3);
  EXPECT_FALSE(calibrate(daily(3, as_it_is)));
}

TEST(Volumes, a_last_day_of_ten_times_the_size_makes_the_interval_wide_and_says_so) {
  const auto fit = calibrate(daily(50, [](std::uint32_t i, ObservedBackup& backup) {
    if (i != 49) return;
    backup.size_bytes *= 10;
    backup.new_bytes = 9'000'000'000;
  }));
  ASSERT_TRUE(fit);
  EXPECT_GT(fit->outlook[0].size, 1);
  EXPECT_TRUE(warns(*fit, "10.0 times the usual size"));
}

TEST(Volumes, holes_count_by_the_time_they_span_and_are_told) {
  ObservedHistory history = daily(60, as_it_is);
  for (std::uint32_t i = 30; i < 60; ++i) *history.backups[i].time += 9 * kDay;
  history.backups[30].new_bytes = 110'000'000;  // ten days' worth
  const auto fit = calibrate(history);
  ASSERT_TRUE(fit);
  EXPECT_NEAR(fit->new_bytes_per_backup, 11e6, 0.2e6);
  EXPECT_EQ(steps_of(history, fit->weekday_factor).holes, 1u);
  EXPECT_TRUE(warns(*fit, "usual ones: 1 (backups missing or pruned)"));
}

TEST(Volumes, where_nothing_was_added_the_interval_says_that_it_knows_nothing) {
  const auto still = calibrate(daily(30, [](std::uint32_t i, ObservedBackup& backup) {
    if (i > 0) backup.new_bytes = 0;
  }));
  ASSERT_TRUE(still);
  EXPECT_TRUE(warns(*still, "the last backups added nothing"));
}

TEST(Volumes, sizes_without_new_bytes_and_a_clock_that_went_back_are_refused) {
  const auto silent = calibrate(daily(30, [](std::uint32_t i, ObservedBackup& backup) {
    backup.size_bytes += i * 1000;
    if (i > 0) backup.new_bytes = 0;
  }));
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().message, "sizes change, but no backup says what it added");
  const auto back = calibrate(daily(30, [](std::uint32_t i, ObservedBackup& backup) {
    if (i == 20) *backup.time -= 3 * kDay;
  }));
  ASSERT_FALSE(back);
  EXPECT_NE(back.error().message.find("not later"), std::string::npos);
}

}  // namespace
}  // namespace backcast::sim
