// Quiet times: seen at the end of a history, and drawn on from there.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <string>

#include "sim/fit/calibrate.h"
#include "sim/fit/volumes/volumes.h"
#include "sim/fit/workload_document.h"
#include "sim/model/portable_math.h"
#include "sim/model/workload.h"
#include "tests/scenarios/run_text.h"

namespace backcast::sim {
namespace {

const Instant kStart = parse_instant("2026-01-05")->instant;  // a Monday
constexpr SurvivalCurve kCurve{1, 0.02, 0, 0, 0};

struct Told {
  std::uint32_t quiet = 0;  // so many last backups
  double pace = 0.05;
  double noise = 0.4;
  double weekend = 1;
};

// Daily backups of 10 GB that grow by 20 MB and add around 100 MB.
ObservedHistory lived(std::uint32_t count, const Told& told, std::uint32_t seed = 1) {
  std::mt19937_64 random(seed);
  ObservedHistory history;
  double size = 10e9;
  for (std::uint32_t i = 0; i < count; ++i) {
    const double u = (static_cast<double>(random() >> 11) + 0.5) / 9007199254740992.0;
    double busy = portable_exp(told.noise * normal_quantile(u));
    if ((i + 6) % 7 >= 5) busy *= told.weekend;
    if (i + told.quiet >= count) busy *= told.pace;
    size += 20e6 * busy;
    ObservedBackup backup;
    backup.time = kStart + std::int64_t{i} * kDay;
    backup.size_bytes = static_cast<std::uint64_t>(size);
    backup.new_bytes = i == 0 ? backup.size_bytes : static_cast<std::uint64_t>(100e6 * busy);
    history.backups.push_back(backup);
  }
  return history;
}

LullSeen seen_in(const ObservedHistory& history) {
  return fit_lull(steps_of(history, calibrate(history)->weekday_factor));
}

TEST(Lull, is_seen_within_a_week_and_so_is_how_long_and_how_quiet_it_is) {
  EXPECT_EQ(seen_in(lived(80, {.quiet = 3})).steps, 0u);
  for (const std::uint32_t quiet : {7u, 14u, 30u, 60u}) {
    const LullSeen lull = seen_in(lived(100, {.quiet = quiet}));
    EXPECT_NEAR(lull.steps, quiet, 1 + quiet / 10);
    EXPECT_NEAR(lull.pace, 0.05, 0.02);
  }
  EXPECT_EQ(seen_in(lived(60, {.quiet = 20, .pace = 0})).pace, 0);
}

// What is always so is no lull, nor what comes by chance or every weekend.
TEST(Lull, is_not_seen_in_days_that_scatter) {
  for (std::uint32_t seed = 1; seed <= 100; ++seed) {
    EXPECT_EQ(seen_in(lived(120, {.noise = 0.8}, seed)).steps, 0u) << seed;
    EXPECT_EQ(seen_in(lived(122, {.noise = 0.3, .weekend = 0.05}, seed)).steps, 0u) << seed;
  }
  EXPECT_EQ(seen_in(lived(120, {.quiet = 10, .pace = 0.6})).steps, 0u);
  EXPECT_EQ(seen_in(lived(120, {.quiet = 119})).steps, 0u);  // who was never busy is not quiet
  ObservedHistory still = lived(60, {});
  for (ObservedBackup& backup : still.backups) {
    backup.size_bytes = 10'000'000'000;
    backup.new_bytes = 0;
  }
  EXPECT_EQ(seen_in(still).steps, 0u);
}

TEST(Lull, calibration_has_the_days_before_it_for_the_usual_ones_and_says_so) {
  const Calibration busy = *calibrate(lived(80, {}));
  const Calibration quiet = *calibrate(lived(100, {.quiet = 20}));
  EXPECT_EQ(busy.lull.steps, 0u);
  EXPECT_NEAR(quiet.new_bytes_per_backup, busy.new_bytes_per_backup, 5e6);
  EXPECT_NEAR(quiet.noise.spread, 0.4, 0.15);
  const auto says = [](const Calibration& fit) {
    return std::count_if(fit.warnings.begin(), fit.warnings.end(), [](const std::string& warning) {
      return warning.find("of what was usual before them, and nobody knows for how long") !=
             std::string::npos;
    });
  };
  EXPECT_EQ(says(busy), 0);
  EXPECT_EQ(says(quiet), 1);
}

TEST(Lull, is_written_and_read_again) {
  const Calibration quiet = *calibrate(lived(100, {.quiet = 20}));
  const Lull written = workload_of(quiet).outlook.lull;
  EXPECT_EQ(written.left_days, kLullStepsLeft);
  const auto read =
      scenario::load_workload(nlohmann::json::parse(workload_json(quiet)), "workload");
  ASSERT_TRUE(read.ok());
  EXPECT_NEAR(read->workload.outlook.lull.pace, written.pace, 1e-6);
  EXPECT_EQ(read->workload.outlook.lull.left_days, written.left_days);
  EXPECT_EQ(workload_json(*calibrate(lived(80, {}))).find("lull"), std::string::npos);
}

Workload quiet_now() {
  Workload workload;
  workload.size_bytes = 20'000'000'000;
  workload.growth.bytes_per_day = 10'000'000;
  workload.outlook = {{{90, 0, 0}}, 0, 0, {0.1, 20}};
  return workload;
}
Generation seen(const Workload& workload, std::uint32_t replication, int days) {
  Life life;
  life.begin(workload, kCurve, kStart, Draws(1, replication), 0);
  return life.at(moment_at(workload, kStart, kStart + days * kDay));
}

// A tenth of the usual days and growth until the median of its end, all of them after it.
TEST(Lull, the_path_is_quiet_until_the_median_of_its_end) {
  for (const int days : {0, 5, 20, 50}) {
    const double usual = std::min(days, 20) * 0.1 + std::max(days - 20, 0);
    EXPECT_NEAR(seen(quiet_now(), 0, days).operational_time, usual, 1e-9) << days;
    EXPECT_NEAR(static_cast<double>(seen(quiet_now(), 0, days).size_bytes), 20e9 + usual * 10e6, 1);
  }
  EXPECT_EQ(seen(quiet_now(), 0, -5).operational_time, -5);
  EXPECT_EQ(seen(quiet_now(), 0, -5).size_bytes, 20'000'000'000u - 50'000'000u);
}

// P(T > t) = 20 / (20 + t).
TEST(Lull, replications_end_it_as_often_as_its_law_says) {
  constexpr std::uint32_t kMany = 4000;
  for (const int days : {5, 20, 60, 180}) {
    int quiet = 0;
    for (std::uint32_t r = 1; r <= kMany; ++r) {
      const double pace = seen(quiet_now(), r, days + 1).operational_time -
                          seen(quiet_now(), r, days).operational_time;
      quiet += pace < 0.55;
    }
    EXPECT_NEAR(quiet, kMany * 20 / (20.5 + days), 0.025 * kMany) << days;
  }
}

TEST(Lull, that_changes_nothing_is_refused) {
  const auto errors = [](const std::string& lull) {
    const auto loaded = scenario::load_text(
        R"({"name": "t", "start": "2026-01-01", "horizon": "30d", "services": [{"name": "a",
        "region": "here", "size": "1 GB", "change": {"per_day": "1%"}, "outlook": {"points":
        [{"after": "30d", "size": 0.1, "change": 0.1}], "lull": )" +
        lull + "}}]}");
    return loaded.ok() ? std::string() : scenario::all_messages(loaded.error());
  };
  EXPECT_EQ(errors(R"({"pace": "5%", "left": "9d"})"), "");
  EXPECT_NE(errors(R"({"pace": "5%", "left": "0d"})").find("a lull that is over changes nothing"),
            std::string::npos);
  EXPECT_NE(errors(R"({"pace": 1, "left": "9d"})").find("a lull of usual days changes nothing"),
            std::string::npos);
  const std::string twice = errors(R"({"pace": 2, "left": "9d"})");
  EXPECT_EQ(std::count(twice.begin(), twice.end(), '\n'), 1) << twice;
  EXPECT_NE(twice.find("/outlook/lull/pace"), std::string::npos);
}

}  // namespace
}  // namespace backcast::sim
