#include "sim/fit/death_law.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "sim/fit/calibrate.h"
#include "sim/fit/fidelity.h"
#include "sim/model/draws.h"
#include "sim/model/portable_math.h"
#include "tests/sim/compacted.h"

namespace backcast::sim {
namespace {

ObservedHistory volumes(std::vector<std::pair<std::uint64_t, std::uint64_t>> size_and_new) {
  ObservedHistory history;
  for (const auto& [size_bytes, new_bytes] : size_and_new) {
    ObservedBackup& backup = history.backups.emplace_back();
    backup.size_bytes = size_bytes;
    backup.new_bytes = new_bytes;
  }
  return history;
}

DeathLaw by_age(double exponent, double first_age) {
  return {{}, AgeLaw{exponent, first_age}};
}

TEST(AgeLaw, without_exponent_all_ages_die_alike) {
  // Of backup 0, 9/10 live on, then 7/11 of those: (110 - 40) / 110.
  const Trace told =
      overlaps_by(by_age(0, 5), volumes({{1000, 1000}, {1100, 200}, {1100, 400}, {1100, 0}}));
  EXPECT_EQ(told.shared(0, 1), 900u);
  EXPECT_EQ(told.shared(0, 2), 573u);
  EXPECT_EQ(told.shared(1, 2), 700u);
  EXPECT_EQ(told.shared(0, 3), 573u);  // nothing died
  EXPECT_EQ(told.shared(2, 3), 1100u);
}

TEST(AgeLaw, a_large_exponent_takes_the_youngest_first) {
  // 150 bytes die before backup 3: the 100 of backup 2, then 50 of the 200 of backup 1.
  const Trace told =
      overlaps_by(by_age(60, 1000), volumes({{1000, 1000}, {1200, 200}, {1300, 100}, {1200, 50}}));
  EXPECT_EQ(told.shared(0, 3), 1000u);
  EXPECT_NEAR(static_cast<double>(told.shared(1, 3)), 1150, 1);
  EXPECT_NEAR(static_cast<double>(told.shared(2, 3)), 1150, 1);
}

// Blocks that die one by one at the hazard busyness x age^-exponent, against the law told their
// volumes alone.
TEST(AgeLaw, equals_a_count_of_blocks_that_die_by_it) {
  constexpr double kExponent = 0.7, kFirstAge = 12;
  constexpr std::uint32_t kDays = 60;
  constexpr std::uint64_t kBlockBytes = 1000;
  const Draws draws(5, 0);
  std::uint64_t index = 0;
  struct Block {
    double born = 0;
    std::uint32_t first = 0;
  };
  std::vector<Block> alive(40'000, {-kFirstAge, 0});
  PresenceTable table;
  table.generations = kDays;
  for (std::uint32_t day = 1; day < kDays; ++day) {
    const double busyness = day % 7 == 0 ? 0.4 : 0.08;
    const auto dies = [&](const Block& block) {
      const double age = std::max(day - block.born, 1.0);
      const double hazard = busyness * std::pow(age, -kExponent);
      if (draws.uniform(0, Purpose::kTest, index++) < std::exp(-hazard)) return false;
      table.rows.push_back({{{block.first, day - 1}}, kBlockBytes});
      return true;
    };
    alive.erase(std::remove_if(alive.begin(), alive.end(), dies), alive.end());
    for (int added = 0; added < 1500; ++added) alive.push_back({static_cast<double>(day), day});
  }
  for (const Block& block : alive) table.rows.push_back({{{block.first, kDays - 1}}, kBlockBytes});

  const Trace truth = table.trace();
  const ObservedHistory history = observe(table, truth);
  const Trace told = overlaps_by(by_age(kExponent, kFirstAge), history);
  for (std::uint32_t b = 1; b < kDays; ++b) {
    for (std::uint32_t a = 0; a < b; a += 3) {
      const double lost = static_cast<double>(truth.size(a) - truth.shared(a, b));
      const double deviation = 4 * std::sqrt(lost * kBlockBytes) + 1;
      EXPECT_NEAR(static_cast<double>(told.shared(a, b)), static_cast<double>(truth.shared(a, b)),
                  deviation)
          << a << " " << b;
    }
  }
  const AgeLaw fitted = fit_age_law(history);
  EXPECT_NEAR(fitted.exponent, kExponent, 0.1);
  EXPECT_NEAR(fitted.first_age, kFirstAge, 4);
}

TEST(DeathLaw, known_overlaps_are_kept_and_carried_on_from) {
  const PresenceTable table = compacted_store(40);
  const Trace truth = table.trace();
  const ObservedHistory history = observe(table, truth);
  for (const DeathLaw& law : {by_age(30, 1), DeathLaw{{0.5, 0.3, 0.3, 0.01, 0.001}, {}}}) {
    const Trace told = overlaps_by(law, history, truth, 20);
    ASSERT_EQ(told.shared_bytes.size(), truth.shared_bytes.size());
    for (std::uint32_t b = 1; b < 40; ++b) {
      for (std::uint32_t a = 0; a < b; ++a) {
        if (b <= 20) {
          EXPECT_EQ(told.shared(a, b), truth.shared(a, b));
        } else if (a <= 20) {
          EXPECT_LE(told.shared(a, b), truth.shared(a, 20) + 1);
        }
      }
    }
  }
}

TEST(DeathLaw, compaction_is_told_by_age_and_rewriting_by_the_curve) {
  const PresenceTable table = compacted_store(120);
  const auto compacted = fit_death_law(observe(table, table.trace()));
  ASSERT_TRUE(compacted.law.by_age);
  EXPECT_GT(compacted.law.by_age->exponent, 3);
  ASSERT_FALSE(compacted.errors.empty());
  EXPECT_LT(*std::max_element(compacted.errors.begin(), compacted.errors.end()), 0.01);
  const Fidelity f = measure_fidelity(table);
  EXPECT_LT(f.frozen.p95, 0.02);
  EXPECT_LT(f.refitted.p95, 0.02);
  EXPECT_GT(f.compounding.median, 0.1);
}

// A store whose blocks die by a curve, three days in four at rest: a fit to sums over calendar gaps
// takes the rest for long life.
TEST(DeathLaw, the_curve_of_busy_days_is_found_where_days_differ) {
  constexpr SurvivalCurve kTruth{0.2, 0.5, 0.4, 0.03, 0.001};
  const auto busy = [](std::uint32_t day) { return day % 4 == 0 ? 3.4 : 0.2; };
  constexpr std::uint32_t kDays = 90;
  std::vector<double> tau{0};
  for (std::uint32_t d = 1; d < kDays; ++d) tau.push_back(tau.back() + busy(d));
  ObservedHistory history = volumes(std::vector(kDays, std::pair<std::uint64_t, std::uint64_t>{}));
  constexpr double kSize = 1e12;
  for (std::uint32_t b = 0; b < kDays; ++b) {
    ObservedBackup& backup = history.backups[b];
    const auto alive = [&](std::uint32_t gap) {
      return static_cast<std::uint64_t>(kSize * kTruth.alive(tau[b] - tau[b - gap]));
    };
    backup.size_bytes = static_cast<std::uint64_t>(kSize);
    backup.new_bytes = b == 0 ? backup.size_bytes : backup.size_bytes - alive(1);
    for (std::size_t i = 0; i < kLossGapCount; ++i) {
      if (kLossGaps[i] <= b) backup.lost_bytes[i] = backup.size_bytes - alive(kLossGaps[i]);
    }
  }
  const DeathLawFit fit = fit_death_law(history);
  EXPECT_FALSE(fit.law.by_age);
  const Trace told = overlaps_by(fit.law, history);
  for (std::uint32_t b = 1; b < kDays; ++b) {
    for (std::uint32_t a = b > 56 ? b - 56 : 0; a < b; ++a) {  // as far as was seen
      const double seen = kTruth.alive(tau[b] - tau[a]);
      EXPECT_NEAR(static_cast<double>(told.shared(a, b)) / kSize, seen, 0.01) << a << " " << b;
    }
  }
  // One unit of its time leaves what a backup leaves in the mean.
  double kept = 0;
  for (std::uint32_t b = 1; b < kDays; ++b) {
    kept += static_cast<double>(history.backups[b].size_bytes - history.backups[b].new_bytes);
  }
  EXPECT_NEAR(fit.law.curve.alive(1), kept / kSize / (kDays - 1), 1e-6);
}

}  // namespace
}  // namespace backcast::sim
