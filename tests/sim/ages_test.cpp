// Growth where bytes die at an age of their own: what will die is there already.
#include "sim/fit/volumes/ages.h"

#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "sim/fit/calibrate.h"

namespace backcast::sim {
namespace {

constexpr std::uint32_t kDays = 121, kRotated = 14;
constexpr std::uint64_t kUsual = 3'000'000, kIncident = 100'000'000;
constexpr std::array<double, 7> kAlike{1, 1, 1, 1, 1, 1, 1};

// A host that keeps each day's logs for 14 days, and on one of them writes far more. Days vary, so
// that what comes and what goes have nothing to do with each other.
PresenceTable rotated(std::uint32_t generations, std::uint32_t incident) {
  PresenceTable table{generations, {}};
  const auto add = [&](std::uint32_t first, std::uint32_t days, std::uint64_t bytes) {
    table.rows.push_back({{{first, std::min(first + days, generations) - 1}}, bytes});
  };
  add(0, generations, 50'000'000);  // the system itself
  for (std::uint32_t day = 0; day < generations; ++day) {
    const std::uint64_t varies = day * day * 7 % 11 * 100'000;
    add(day, kRotated, kUsual + varies + (day == incident ? kIncident : 0));
  }
  return table;
}
ObservedHistory seen(const PresenceTable& table) {
  return observe(table, table.trace());
}
VolumeSteps steps_of_days(const ObservedHistory& history) {
  return steps_of(history, kAlike);
}

TEST(GrowthByAge, what_an_incident_left_is_gone_when_its_age_comes) {
  // 5 days after it, 90 days on, all that it wrote has been rotated away.
  const VolumeSteps steps = steps_of_days(seen(rotated(kDays, kDays - 6)));
  const GrowthByAge growth = growth_by_age(steps, steps.count());
  EXPECT_NEAR(growth.growth_bytes, -static_cast<double>(kIncident) / 90, 0.1 * kIncident / 90);
  EXPECT_GT(growth.share, 0.9);
  // A month later nothing of it is left to go.
  const VolumeSteps later = steps_of_days(seen(rotated(kDays, kDays - 36)));
  EXPECT_NEAR(growth_by_age(later, later.count()).growth_bytes, 0, 0.03 * kIncident / 90);
}

TEST(GrowthByAge, calibration_goes_down_with_what_will_die_where_a_trend_would_go_up) {
  ObservedHistory history = seen(rotated(kDays, kDays - 6));
  const double by_age = calibrate(history)->growth_bytes_per_backup;
  history.lives.clear();
  const double by_trend = calibrate(history)->growth_bytes_per_backup;
  EXPECT_LT(by_age, -0.8 * kIncident / 90);
  EXPECT_GT(by_trend, 0.0);
}

TEST(GrowthByAge, data_that_is_rewritten_has_no_ages_and_what_is_not_known_tells_nothing) {
  // Each day takes the place of some bytes of the day before, more or less of them.
  constexpr std::uint64_t kAll = 50'000'000;
  PresenceTable rewritten{60, {}};
  for (std::uint32_t day = 0; day < 60; ++day) {
    const std::uint64_t next = 1'000'000 + day * 13 % 7 * 1'000'000;
    rewritten.rows.push_back({{{0, day}}, day == 59 ? kAll : next});
    if (day < 59) rewritten.rows.push_back({{{day + 1, 59}}, next});
  }
  const VolumeSteps steps = steps_of_days(seen(rewritten));
  EXPECT_LT(growth_by_age(steps, steps.count()).share, 0.02);

  VolumeSteps unknown = steps_of_days(seen(rotated(kDays, 20)));
  EXPECT_GT(growth_by_age(unknown, unknown.count()).share, 0.5);
  EXPECT_EQ(growth_by_age(unknown, 19).share, 0);  // too few to tell
  VolumeSteps holes = unknown;
  holes.holes = 1;
  EXPECT_EQ(growth_by_age(holes, holes.count()).share, 0);
  unknown.lives.clear();
  EXPECT_EQ(growth_by_age(unknown, unknown.count()).share, 0);
}

// Runs of random bytes over random backups.
PresenceTable any_table() {
  PresenceTable table{*rc::gen::inRange<std::uint32_t>(30, 70), {}};
  const int rows = *rc::gen::inRange(1, 40);
  for (int i = 0; i < rows; ++i) {
    PresenceRow row{{}, *rc::gen::inRange<std::uint64_t>(0, 1'000'000)};
    for (std::uint32_t at = *rc::gen::inRange<std::uint32_t>(0, table.generations);
         at < table.generations && row.runs.size() < 3;) {
      const auto last = std::min(at + *rc::gen::inRange(0u, 30u), table.generations - 1);
      row.runs.push_back({at, last});
      at = last + 2 + *rc::gen::inRange(0u, 10u);
    }
    table.rows.push_back(row);
  }
  return table;
}

RC_GTEST_PROP(GrowthByAge, knows_the_same_of_a_prefix_whatever_came_after_it, ()) {
  const PresenceTable table = any_table();
  const auto newest = *rc::gen::inRange<std::uint32_t>(25, table.generations);
  PresenceTable cut{newest + 1, {}};
  for (const PresenceRow& row : table.rows) {
    PresenceRow known{{}, row.bytes};
    for (const PresenceRow::Run& run : row.runs) {
      if (run.first <= newest) known.runs.push_back({run.first, std::min(run.last, newest)});
    }
    if (!known.runs.empty()) cut.rows.push_back(known);
  }
  const VolumeSteps all = steps_of_days(seen(table)), prefix = steps_of_days(seen(cut));
  const GrowthByAge told = growth_by_age(all, newest), again = growth_by_age(prefix, newest);
  RC_ASSERT(told.share == again.share && told.growth_bytes == again.growth_bytes);
  RC_ASSERT(told.share >= 0 && told.share <= 1);
  // No more than all of it can die.
  const auto size_bytes = static_cast<double>(seen(cut).backups.back().size_bytes);
  RC_ASSERT(told.growth_bytes >= -size_bytes / 90 - 1);
}

}  // namespace
}  // namespace backcast::sim
