#include "sim/fleet.h"

#include <gtest/gtest.h>

namespace backcast::sim {
namespace {

FleetCohort cohort(const char* schedule, const char* retention) {
  FleetCohort c;
  c.schedule = policy::parse_schedule(schedule).value();
  c.retention = policy::parse_policy(retention).value();
  c.delta.kind = DeltaModel::Kind::kLifetimes;
  c.delta.curve = {0.1, 0.9, 0.3, 0.05, 0.001};
  return c;
}
const Instant kStart = parse_instant("2026-01-01T00:00:00Z").value().instant;

std::vector<FleetMember> members(std::uint32_t count, std::uint32_t cohorts) {
  std::vector<FleetMember> result;
  for (std::uint32_t i = 0; i < count; ++i) {
    result.push_back({1'000'000 + 1000ULL * i, static_cast<std::int64_t>(i) * 10 - 500, i % cohorts,
                      i % 3 == 0 ? 0.0F : 0.4F});
  }
  return result;
}

TEST(Fleet, keeping_everything_is_the_closed_form) {
  const std::vector cohorts{cohort("30 2 * * *", "restic: --keep-last 100000")};
  const std::vector<FleetMember> one{{1'000'000, 0, 0, 0}};
  const auto run = run_fleet(cohorts, one, {kStart, kStart + kDay * 10});
  ASSERT_TRUE(run.ok());
  const auto shared = static_cast<std::uint64_t>(1e6 * cohorts[0].delta.curve.alive(1));
  const FleetOutcome& outcome = run->outcomes[0];
  EXPECT_EQ(outcome.restore_points, 10u);
  EXPECT_EQ(outcome.last_bytes, 1'000'000 + 9 * (1'000'000 - shared));
  EXPECT_EQ(outcome.written_bytes, outcome.last_bytes);
  std::uint64_t byte_seconds = 0;
  for (std::uint64_t k = 1; k <= 10; ++k) {
    const std::uint64_t stored = 1'000'000 + (k - 1) * (1'000'000 - shared);
    byte_seconds += stored * (k < 10 ? 86'400 : 86'400 - 9'000);
  }
  EXPECT_EQ(outcome.stored_byte_hours, byte_seconds / 3600);
  EXPECT_EQ(outcome.worst_age_seconds, 86'400u);
}

// Every member against a simulation of its own that calls the rules for itself.
TEST(Fleet, replaying_a_cohorts_verdicts_equals_asking_the_rules_for_each_service) {
  const std::vector cohorts{
      cohort("30 2 * * *", "restic: --keep-daily 7 --keep-weekly 4 --keep-monthly 3"),
      cohort("0 */6 * * *", "borg: --keep-hourly 4 --keep-daily 5"),
      cohort("weekly sun 03:00", "restic: --keep-last 5")};
  const auto fleet = members(30, 3);
  const FleetOptions options{kStart, kStart + kDay * 400, 7, 2};
  const auto run = run_fleet(cohorts, fleet, options);
  ASSERT_TRUE(run.ok());
  for (std::uint32_t m = 0; m < fleet.size(); ++m) {
    const FleetCohort& c = cohorts[fleet[m].cohort];
    DeltaChain chain(c.delta);
    std::vector<policy::Point> points;
    std::vector<DeltaChain::Handle> handles;
    double tau = 0;
    Instant before = kStart;
    std::uint32_t ordinal = 0;
    for (auto at = policy::next(c.schedule, kStart - kSecond, c.zone); at && *at < options.end;
         at = policy::next(c.schedule, *at, c.zone)) {
      const double days = std::chrono::duration<double>(*at - before).count() / 86'400;
      const Distribution busy{Distribution::Kind::kLogNormal, 1, fleet[m].restlessness};
      tau += days *
             (fleet[m].restlessness > 0 ? busy.draw(Draws(7, 2), m, Purpose::kChange, ordinal) : 1);
      before = *at;
      const double age = std::chrono::duration<double>(*at - kStart).count() / 86'400;
      const auto size = static_cast<std::uint64_t>(
          static_cast<std::int64_t>(fleet[m].size_bytes) +
          static_cast<std::int64_t>(static_cast<double>(fleet[m].growth_bytes) * age));
      handles.push_back(chain.add({ordinal++, size, size, tau}).handle);
      policy::Point point;
      point.time = point.end = *at;
      points.push_back(point);
      policy::Plan plan;
      policy::plan(c.retention, points, {*at, c.zone}, plan);
      std::size_t kept = 0;
      for (std::size_t i = 0; i < points.size(); ++i) {
        if (plan.verdicts[i].keep) {
          points[kept] = points[i];
          handles[kept++] = handles[i];
        } else {
          chain.remove(handles[i]);
        }
      }
      points.resize(kept);
      handles.resize(kept);
    }
    EXPECT_EQ(run->outcomes[m].last_bytes, chain.stored_bytes()) << m;
    EXPECT_EQ(run->outcomes[m].restore_points, points.size()) << m;
  }
}

TEST(Fleet, outcomes_do_not_depend_on_the_number_of_threads) {
  const std::vector cohorts{cohort("30 2 * * *", "restic: --keep-daily 7 --keep-weekly 4")};
  const auto fleet = members(500, 1);
  std::vector<std::uint64_t> sums;
  for (const unsigned threads : {1U, 2U, 5U}) {
    FleetOptions options{kStart, kStart + kDay * 200, 1, 0, threads};
    const auto run = run_fleet(cohorts, fleet, options);
    ASSERT_TRUE(run.ok());
    std::uint64_t fold = 0;
    for (const FleetOutcome& o : run->outcomes) {
      fold = (fold ^ o.stored_byte_hours ^ o.peak_bytes ^ o.written_bytes) * 0x100000001B3ULL;
    }
    sums.push_back(fold);
  }
  EXPECT_EQ(sums[0], sums[1]);
  EXPECT_EQ(sums[0], sums[2]);
}

TEST(Fleet, what_cannot_be_run_is_refused) {
  const std::vector cohorts{cohort("30 2 * * *", "restic: --keep-last 5")};
  const std::vector<FleetMember> stray{{1, 0, 3, 0}};
  const std::vector<FleetMember> one{{1, 0, 0, 0}};
  EXPECT_FALSE(run_fleet(cohorts, stray, {kStart, kStart + kDay}).ok());
  EXPECT_FALSE(run_fleet(cohorts, one, {kStart, kStart}).ok());
  EXPECT_FALSE(run_fleet(cohorts, one, {kStart, kStart + kDay * 40'000}).ok());
  const std::vector minutely{cohort("* * * * *", "restic: --keep-last 5")};
  EXPECT_FALSE(run_fleet(minutely, one, {kStart, kStart + kDay * 1000}).ok());
}

}  // namespace
}  // namespace backcast::sim
