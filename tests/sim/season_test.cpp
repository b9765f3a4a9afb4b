// Seasons of sizes: which a history shows, and what forecasts make of them.
#include "sim/fit/volumes/season.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "scenarios/load/load.h"
#include "sim/fit/calibrate.h"
#include "sim/fit/workload_document.h"
#include "sim/model/draws.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

const Instant kStart = parse_instant("2023-01-02")->instant;
constexpr double kSize = 1e12;

// Backups at such a distance, of sizes that `size_of(i, t)` gives; a hundredth of each is rewritten
// beside what it grew by.
template <typename SizeOf>
ObservedHistory history_of(std::uint32_t count, Duration step, SizeOf size_of) {
  ObservedHistory history;
  for (std::uint32_t i = 0; i < count; ++i) {
    ObservedBackup backup;
    backup.time = kStart + std::int64_t{i} * step;
    const double size = size_of(i, *backup.time);
    const double before = i > 0 ? static_cast<double>(history.backups.back().size_bytes) : 0;
    backup.size_bytes = static_cast<std::uint64_t>(size);
    backup.new_bytes = static_cast<std::uint64_t>(
        i == 0 ? size : std::clamp(0.02 * before + size - before, 1.0, size));
    history.backups.push_back(backup);
  }
  return history;
}
double noise(std::uint32_t seed, std::uint32_t i) {
  return normal_quantile(Draws(seed, 0).uniform(0, Purpose::kTest, i));
}
double grown(std::uint32_t i, double per_step) {
  return kSize * (1 + per_step * i);
}

// How far from the truth the size is by the calibrated path, as a logarithm.
double missed(const Workload& workload, const ObservedHistory& known, const ObservedBackup& then) {
  const auto told = static_cast<double>(size_at(workload, *known.backups.back().time, *then.time));
  return std::fabs(portable_log(told / static_cast<double>(then.size_bytes)));
}
Workload without_its_season(Workload workload, const ObservedHistory& known) {
  workload.growth.season_amplitude = 0;
  workload.size_bytes = known.backups.back().size_bytes;
  return workload;
}
ObservedHistory first(ObservedHistory history, std::size_t count) {
  history.backups.resize(count);
  return history;
}

const Season kYearly{0.12, kSeasonYear, parse_instant("2023-06-14")->instant};
const Season kMonthly{0.08, kSeasonMonth, parse_instant("2023-01-09")->instant};

// Whole turns apart, as a share of the period; -0.5 to 0.5.
double turns_apart(const Season& a, const Season& b) {
  const double turns =
      static_cast<double>((a.peak - b.peak).count()) / static_cast<double>(a.period.count());
  return turns - std::round(turns);
}
void expect_like(const Season& found, const Season& truth, double tolerance) {
  ASSERT_TRUE(found.any());
  EXPECT_EQ(found.period, truth.period);
  EXPECT_NEAR(found.amplitude / truth.amplitude, 1, tolerance);
  EXPECT_NEAR(turns_apart(found, truth), 0, tolerance / 4);
}

TEST(Season, a_year_of_weekly_backups_with_noise_is_found_and_forecasts_follow_it) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    const ObservedHistory all = history_of(157, 7 * kDay, [&](std::uint32_t i, Instant t) {
      return grown(i, 0.002) * kYearly.factor(t) * portable_exp(0.01 * noise(seed, i));
    });
    const ObservedHistory known = first(all, 131);  // two and a half years
    const auto fit = calibrate(known);
    ASSERT_TRUE(fit);
    expect_like(fit->season, kYearly, 0.15);
    const Instant last = *known.backups.back().time;
    EXPECT_LE(fit->season.peak, last);
    EXPECT_GT(fit->season.peak, last - kSeasonYear);
    const Workload workload = workload_of(*fit);
    const ObservedBackup& half_a_year_on = all.backups[156];
    EXPECT_LT(missed(workload, known, half_a_year_on), 0.06) << seed;
    EXPECT_GT(missed(without_its_season(workload, known), known, half_a_year_on), 0.1) << seed;
  }
}

TEST(Season, a_month_of_daily_backups_is_found) {
  const ObservedHistory all = history_of(166, kDay, [](std::uint32_t i, Instant t) {
    return grown(i, 0.001) * kMonthly.factor(t) * portable_exp(0.005 * noise(3, i));
  });
  const ObservedHistory known = first(all, 151);
  const auto fit = calibrate(known);
  ASSERT_TRUE(fit);
  expect_like(fit->season, kMonthly, 0.1);
  EXPECT_LT(missed(workload_of(*fit), known, all.backups[165]), 0.03);
}

TEST(Season, a_swing_of_half_the_size_is_no_cosine_in_its_logarithm_and_still_found) {
  const Season wide{0.5, kSeasonQuarter, kYearly.peak};
  const ObservedHistory history = history_of(
      500, kDay, [&](std::uint32_t i, Instant t) { return grown(i, 0.0005) * wide.factor(t); });
  expect_like(fit_season(history).season, wide, 0.05);
}

TEST(Season, it_is_told_from_growth_jumps_and_too_short_a_history) {
  const auto weekly = [](auto size_of) {
    return fit_season(history_of(157, 7 * kDay, size_of)).season;
  };
  const auto yearly = [](std::uint32_t i, Instant t) {
    return grown(i, 0.001) * kYearly.factor(t);
  };
  EXPECT_TRUE(weekly(yearly).any());
  EXPECT_FALSE(weekly([](std::uint32_t i, Instant) { return grown(i, 0.02); }).any());
  EXPECT_FALSE(weekly([](std::uint32_t i, Instant) {
                 return kSize * portable_exp(0.01 * i + 0.01 * noise(1, i));
               }).any());
  for (const std::uint32_t at : {20U, 52U, 78U, 104U, 140U}) {
    const auto jump = [&](std::uint32_t i, Instant) {
      return grown(i, 0.002) * (i < at ? 1 : 1.5) * portable_exp(0.01 * noise(2, i));
    };
    EXPECT_FALSE(weekly(jump).any()) << at;
  }
  EXPECT_FALSE(fit_season(history_of(53, 7 * kDay, yearly)).season.any());
  ObservedHistory timeless = history_of(157, 7 * kDay, yearly);
  timeless.backups[80].time.reset();
  EXPECT_FALSE(fit_season(timeless).season.any());
}

TEST(Season, a_jump_hides_no_season_and_moves_none) {
  for (const std::uint32_t at : {30U, 90U, 150U}) {
    const ObservedHistory history = history_of(157, 7 * kDay, [&](std::uint32_t i, Instant t) {
      return grown(i, 0.001) * (i < at ? 1 : 2) * kYearly.factor(t) *
             portable_exp(0.01 * noise(4, i));
    });
    expect_like(fit_season(history).season, kYearly, 0.25);
  }
}

// The error of amplitude and phase, drawn anew, is as large as the fit says.
TEST(Season, how_well_it_is_known_is_said_and_widens_the_outlook) {
  for (const double spread : {0.01, 0.04}) {
    double squares = 0, said = 0;
    int found = 0;
    for (std::uint32_t seed = 1; seed <= 100; ++seed) {
      double level = 0;
      const ObservedHistory history = history_of(261, 7 * kDay, [&](std::uint32_t i, Instant t) {
        level += spread / 4 * noise(seed, i);
        return kSize * portable_exp(level) * kYearly.factor(t);
      });
      const SeasonFit fit = fit_season(history);
      if (!fit.season.any()) continue;
      const Instant now = *history.backups.back().time;
      const auto ahead = kSeasonYear / 2;
      const auto swing = [&](const Season& season) {
        return portable_log(season.factor(now + ahead) / season.factor(now));
      };
      const double error = swing(fit.season) - swing(kYearly);
      squares += error * error, said += fit.spread_after(ahead) * fit.spread_after(ahead);
      ++found;
    }
    EXPECT_GT(found, 90) << spread;
    EXPECT_GT(std::sqrt(said / squares), 0.6) << spread;
    EXPECT_LT(std::sqrt(said / squares), 1.8) << spread;
  }
  EXPECT_EQ(SeasonFit{}.spread_after(90 * kDay), 0);
}

// Found in one history of twenty at most, whatever the distance of its backups.
TEST(Season, a_random_walk_has_none) {
  for (const auto& [count, step] :
       {std::pair{157U, 7 * kDay}, {160U, kDay}, {400U, kDay}, {1000U, kDay}}) {
    int found = 0;
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
      double level = 0;
      const ObservedHistory walk = history_of(count, step, [&](std::uint32_t i, Instant) {
        level += 0.02 * noise(seed, i);
        return kSize * portable_exp(level);
      });
      found += fit_season(walk).season.any() ? 1 : 0;
    }
    EXPECT_LE(found, 1) << count;
  }
}

// Sizes rise for a month and fall at once: no cosine, and forecasts are none the worse.
TEST(Season, a_purge_every_month_makes_no_forecast_worse) {
  for (const double spread : {0.0, 0.003}) {
    double with = 0, without = 0;
    const ObservedHistory all = history_of(360, kDay, [&](std::uint32_t i, Instant) {
      return kSize * (1 + 0.01 * (i % 30)) * portable_exp(spread * noise(5, i));
    });
    for (std::size_t count = 150; count + 60 < 360; count += 7) {
      const ObservedHistory known = first(all, count);
      const auto fit = calibrate(known);
      ASSERT_TRUE(fit);
      const Workload workload = workload_of(*fit);
      with += missed(workload, known, all.backups[count + 59]);
      without += missed(without_its_season(workload, known), known, all.backups[count + 59]);
    }
    EXPECT_LE(with, 1.001 * without) << spread;
  }
}

// What a scenario reads is what was fitted, and it goes on where the history ends.
TEST(Season, what_calibrate_writes_is_the_same_path_in_a_scenario) {
  const ObservedHistory history = history_of(131, 7 * kDay, [](std::uint32_t i, Instant t) {
    return grown(i, 0.002) * kYearly.factor(t);
  });
  const auto fit = calibrate(history);
  ASSERT_TRUE(fit);
  ASSERT_TRUE(fit->season.any());
  const nlohmann::json fields = nlohmann::json::parse(workload_json(*fit));
  EXPECT_EQ(fields["growth"]["season"]["period"], "31557600s");
  const auto read = scenario::load_workload(fields, "fields");
  ASSERT_TRUE(read);
  const Instant last = *history.backups.back().time;
  const auto size = static_cast<double>(history.backups.back().size_bytes);
  EXPECT_NEAR(static_cast<double>(size_at(read->workload, last, last)), size, 2);
  for (int week = 0; week < 60; ++week) {
    const Instant t = last + week * 7 * kDay;
    EXPECT_EQ(size_at(read->workload, last, t), size_at(workload_of(*fit), last, t)) << week;
  }
}

TEST(Season, the_level_beside_it_is_what_data_without_it_would_have) {
  const auto sizes = [](const Season& season) {
    return calibrate(history_of(131, 7 * kDay, [&](std::uint32_t i, Instant t) {
      return grown(i, 0.002) * season.factor(t);
    }));
  };
  const auto swings = sizes(kYearly), still = sizes({});
  ASSERT_TRUE(swings);
  ASSERT_TRUE(still);
  EXPECT_NEAR(swings->base_bytes / still->base_bytes, 1, 0.02);
  EXPECT_NEAR(swings->growth_bytes_per_backup / still->growth_bytes_per_backup, 1, 0.25);
  EXPECT_NEAR(swings->new_bytes_per_backup / still->new_bytes_per_backup, 1, 0.05);
  EXPECT_EQ(still->base_bytes, still->size_bytes);
}

}  // namespace
}  // namespace backcast::sim
