// Merges that come at one distance: found in a history, written into its workload, and met by
// forecasts on their day.
#include "sim/fit/volumes/rewrites.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/errors.h"
#include "scenarios/load/load.h"
#include "sim/fit/calibrate.h"
#include "sim/fit/workload_document.h"

namespace backcast::sim {
namespace {

const Instant kStart = parse_instant("2026-01-05T20:00:00Z")->instant;  // a Monday
constexpr std::uint64_t kSize = 1'000'000'000, kUsual = 10'000'000, kMerged = 200'000'000;

// Daily backups that add 8 to 12 MB, and what a merge rewrites on the days that `merges` says.
template <typename Merges>
ObservedHistory merged(std::uint32_t count, Merges merges) {
  ObservedHistory history;
  for (std::uint32_t i = 0; i < count; ++i) {
    ObservedBackup backup;
    backup.time = kStart + std::int64_t{i} * kDay;
    backup.size_bytes = kSize;
    backup.new_bytes = kUsual + std::uint64_t{i * 7 % 5} * 1'000'000 - 2'000'000;
    if (i == 0) backup.new_bytes = kSize;
    if (i > 0 && merges(i)) backup.new_bytes += kMerged;
    history.backups.push_back(backup);
  }
  return history;
}
auto every(std::uint32_t days, std::uint32_t first) {
  return [=](std::uint32_t i) { return i >= first && (i - first) % days == 0; };
}
bool irregularly(std::uint32_t i) {
  constexpr std::uint32_t kDays[] = {9, 17, 26, 33, 45, 52, 61, 75, 80, 97, 101};
  return std::find(std::begin(kDays), std::end(kDays), i) != std::end(kDays);
}

nlohmann::json change_of(const ObservedHistory& history) {
  return nlohmann::json::parse(workload_json(calibrate(history).value()))["change"];
}

TEST(Rewrites, merges_every_7_and_every_18_backups_are_written_with_the_day_of_the_next) {
  // The last backup is number 109: the next merges are 1 and 16 days and half a step before.
  const nlohmann::json weekly = change_of(merged(110, every(7, 5)));
  EXPECT_EQ(weekly["rewrite_every"], "7d");
  EXPECT_EQ(weekly["rewrite_first"], "43200s");
  EXPECT_NEAR(weekly["rewrite_share"].get<double>(), 0.2, 0.005);
  const nlohmann::json rare = change_of(merged(110, every(18, 17)));
  EXPECT_EQ(rare["rewrite_every"], "18d");
  EXPECT_EQ(rare["rewrite_first"], std::to_string(15 * 86'400 + 43'200) + "s");
  EXPECT_NEAR(rare["rewrite_share"].get<double>(), 0.2, 0.005);
}

TEST(Rewrites, merges_that_grow_each_time_go_on_growing_and_those_that_vary_are_as_they_were) {
  const auto merging = [](auto merged_bytes) {
    ObservedHistory history = merged(110, [](std::uint32_t) { return false; });
    for (std::uint32_t i = 5, nth = 0; i < 110; i += 7, ++nth) {
      history.backups[i].new_bytes += merged_bytes(nth);
    }
    return change_of(history)["rewrite_share"].get<double>();
  };
  // The last of fifteen is number 14: 340 MB of 1 GB, and the next is number 15.
  EXPECT_NEAR(merging([](std::uint32_t nth) { return 200'000'000 + nth * 10'000'000; }), 0.35,
              0.01);
  EXPECT_NEAR(merging([](std::uint32_t nth) { return 400'000'000 - nth * 10'000'000; }), 0.25,
              0.01);
  EXPECT_NEAR(merging([](std::uint32_t nth) { return 200'000'000 + nth % 2 * 50'000'000; }), 0.2,
              0.01);
}

TEST(Rewrites, what_irregular_bursts_or_none_or_two_do_is_no_rewrite_at_one_distance) {
  for (const auto& history :
       {merged(110, irregularly), merged(110, [](std::uint32_t) { return false; }),
        merged(50, every(18, 17)), merged(12, every(30, 5))}) {
    EXPECT_FALSE(change_of(history).contains("rewrite_every"));
    EXPECT_FALSE(change_of(history).contains("rewrite_first"));
  }
  EXPECT_TRUE(change_of(merged(110, irregularly)).contains("bursts"));
}

TEST(Rewrites, a_row_that_is_overdue_has_ended) {
  const auto until = [](std::uint32_t last) {
    return [=](std::uint32_t i) { return i <= last && every(18, 17)(i); };
  };
  EXPECT_TRUE(change_of(merged(106, until(89))).contains("rewrite_every"));
  EXPECT_FALSE(change_of(merged(109, until(89))).contains("rewrite_every"));
}

TEST(Rewrites, other_bursts_beside_them_stay_random) {
  const nlohmann::json change = change_of(merged(
      160, [](std::uint32_t i) { return every(18, 17)(i) || i == 40 || i == 96 || i == 130; }));
  EXPECT_EQ(change["rewrite_every"], "18d");
  EXPECT_TRUE(change.contains("bursts"));
}

TEST(Rewrites, a_missing_backup_does_not_hide_them) {
  ObservedHistory history = merged(110, every(18, 17));
  history.backups.erase(history.backups.begin() + 60, history.backups.begin() + 63);
  const nlohmann::json change = change_of(history);
  EXPECT_EQ(change["rewrite_every"], "18d");
  EXPECT_EQ(change["rewrite_first"], std::to_string(15 * 86'400 + 43'200) + "s");
}

TEST(Rewrites, a_history_that_slept_for_centuries_has_none_and_takes_no_time) {
  ObservedHistory history = merged(110, every(18, 17));
  for (std::uint32_t i = 0; i < 80; ++i) *history.backups[i].time -= 70'000 * kDay;
  EXPECT_FALSE(change_of(history).contains("rewrite_every"));
}

TEST(Rewrites, weekdays_level_noise_and_bursts_do_not_explain_them_again) {
  const Calibration even = calibrate(merged(110, [](std::uint32_t) { return false; })).value();
  const Calibration fit = calibrate(merged(110, every(7, 5))).value();
  EXPECT_NEAR(fit.new_bytes_per_backup, even.new_bytes_per_backup, kUsual / 20.0);
  EXPECT_NEAR(fit.noise.spread, even.noise.spread, 0.03);
  EXPECT_EQ(fit.random_bursts.per_day, 0);
  for (const double factor : fit.weekday_factor) EXPECT_NEAR(factor, 1, 0.15);
}

TEST(Rewrites, a_busy_weekday_is_no_burst) {
  const Calibration fit = calibrate(merged(110, [](std::uint32_t i) {
                            return i % 7 == 2 && i % 5 != 0;  // on Wednesdays, but not on all
                          })).value();
  EXPECT_EQ(fit.rewrites.every_steps, 0);
  EXPECT_GT(fit.weekday_factor[2], 3);
  EXPECT_EQ(fit.random_bursts.per_day, 0);
}

TEST(Rewrites, a_forecast_meets_the_next_merge_on_its_day_in_every_replication) {
  const ObservedHistory history = merged(110, every(18, 17));
  const nlohmann::json workload = nlohmann::json::parse(workload_json(calibrate(history).value()));
  const Service service = scenario::load_workload(workload, "workload").value();
  const Instant now = *history.backups.back().time;
  for (std::uint32_t r = 0; r < 50; ++r) {
    Life life;
    life.begin(service.workload, service.delta.curve, now, Draws(1, r), 0);
    const auto seen = [&](int day) {
      return life.at(moment_at(service.workload, now, now + day * kDay)).operational_time;
    };
    const auto lost = [&](int day) {
      return 1 - service.delta.curve.alive(seen(day) - seen(day - 1));
    };
    for (const int due : {16, 34, 52}) {
      EXPECT_GT(lost(due), 0.08) << r << " " << due;
      EXPECT_LT(lost(due - 1), 0.05) << r << " " << due;
      EXPECT_LT(lost(due + 1), 0.05) << r << " " << due;
    }
    if (r == 0) {
      EXPECT_NEAR(lost(16), 0.2, 0.02);
    }
  }
}

TEST(Rewrites, the_first_is_when_it_is_said_and_none_is_before_the_start) {
  Workload workload;
  workload.size_bytes = kSize;
  workload.rewrite_every = 7 * kDay;
  workload.rewrite_share = 0.5;
  const auto count = [&](int hours) {
    return moment_at(workload, kStart, kStart + hours * kHour).rewrites;
  };
  EXPECT_EQ(count(7 * 24 - 1), 0U);
  EXPECT_EQ(count(7 * 24), 1U);
  workload.rewrite_first = 2 * kDay;
  EXPECT_EQ(count(2 * 24 - 1), 0U);
  EXPECT_EQ(count(2 * 24), 1U);
  EXPECT_EQ(count(9 * 24 - 1), 1U);
  EXPECT_EQ(count(9 * 24), 2U);
  EXPECT_EQ(count(-30 * 24), 0U);
}

TEST(Rewrites, a_first_one_beyond_one_distance_or_without_any_is_refused) {
  const auto refused = [](const char* change) {
    const auto text = std::string(R"({"size": "1 GB", "delta": "lifetimes", "change": {)"
                                  R"("per_day": "1%", )") +
                      change + "}}";
    const auto loaded = scenario::load_workload(nlohmann::json::parse(text), "workload");
    return loaded.ok() ? std::string("accepted") : to_string(loaded.error().front());
  };
  EXPECT_EQ(refused(R"("rewrite_every": "7d", "rewrite_first": "7d")"), "accepted");
  EXPECT_EQ(refused(R"("rewrite_every": "7d", "rewrite_first": "12h")"), "accepted");
  for (const char* wrong :
       {R"("rewrite_every": "7d", "rewrite_first": "8d")",
        R"("rewrite_every": "7d", "rewrite_first": "0s")", R"("rewrite_first": "2d")",
        R"("rewrite_every": "7d", "rewrite_first": 3)"}) {
    EXPECT_NE(refused(wrong).find("/change/rewrite_first"), std::string::npos) << refused(wrong);
  }
}

}  // namespace
}  // namespace backcast::sim
