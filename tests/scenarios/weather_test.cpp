// What happens outside of anybody's decision, seen by whole runs: policies with other schedules
// meet the same fate at the same moment.
#include <map>

#include "tests/scenarios/run_text.h"

namespace backcast::scenario {
namespace {

using sim::BackupState;

std::string with_schedule(const std::string& schedules, const std::string& more = "") {
  return R"({"name": "t", "start": "2026-01-01", "horizon": "60d", "services": [{"name": "a",
      "region": "here", "size": "1 GB", "delta": "full", "schedules": [)" +
         schedules + R"(], "job": {"rate": "100 MB/s", "failure_probability": "30%")" + more +
         "}}]}";
}

// Whether the job of each second failed.
std::map<Instant, bool> failures(const sim::RunResult& result) {
  std::map<Instant, bool> failed;
  for (const auto& b : result.backups) failed[b.born] = b.state == BackupState::kFailed;
  return failed;
}

TEST(Weather, PoliciesWithOtherSchedulesMeetTheSameFateAtTheSameMoment) {
  const auto nightly = load_text(with_schedule(R"({"cron": "0 2 * * *"})"));
  const auto often = load_text(with_schedule(R"({"cron": "0 */2 * * *"})"));
  ASSERT_TRUE(nightly.ok() && often.ok());
  int met = 0, failed = 0;
  for (std::uint32_t replication = 0; replication < 20; ++replication) {
    const auto one = failures(sim::run(nightly->scenario, {.replication = replication}));
    const auto other = failures(sim::run(often->scenario, {.replication = replication}));
    EXPECT_EQ(one.size(), 60u);
    for (const auto& [second, fails] : one) {
      const auto same = other.find(second);
      ASSERT_NE(same, other.end());
      EXPECT_EQ(fails, same->second) << format_instant(second);
      ++met;
      failed += fails ? 1 : 0;
    }
  }
  EXPECT_EQ(met, 1200);
  EXPECT_NEAR(failed, 360, 4 * 15.9);
}

TEST(Weather, AStartWithinAWindowComesAtTheSameSecondWhateverOtherDaysTheScheduleNames) {
  const auto window = [](const std::string& weekdays) {
    return load_text(
        with_schedule(R"({"weekdays": ")" + weekdays + R"(", "window": "02:00-04:00"})"));
  };
  const auto some = window("1,3,5"), all = window("1,2,3,4,5,6,7");
  ASSERT_TRUE(some.ok() && all.ok());
  const auto one = failures(sim::run(some->scenario)), other = failures(sim::run(all->scenario));
  EXPECT_EQ(one.size(), 25u);
  EXPECT_EQ(other.size(), 60u);
  for (const auto& [second, fails] : one) {
    ASSERT_TRUE(other.contains(second)) << format_instant(second);
    EXPECT_EQ(other.at(second), fails) << format_instant(second);
  }
}

// What is made up for has the fate of the moment at which it starts at last.
TEST(Weather, AStartThatIsMadeUpHasTheFateOfItsMoment) {
  std::string held = with_schedule(R"({"cron": "0 2 * * *", "missed": "catch_up"})");
  held.insert(held.size() - 1, R"(, "events": [{"at": "2026-01-10T01:00:00Z", "kind": "suspend",
      "service": "a", "for": "5h"}])");
  const auto early = load_text(with_schedule(R"({"cron": "0 6 * * *"})"));
  const auto late = load_text(held);
  ASSERT_TRUE(early.ok() && late.ok());
  int failed = 0;
  for (std::uint32_t replication = 0; replication < 40; ++replication) {
    const auto in_time = failures(sim::run(early->scenario, {.replication = replication}));
    const auto made_up = failures(sim::run(late->scenario, {.replication = replication}));
    const bool fails = in_time.at(at("2026-01-10T06:00:00Z"));
    EXPECT_EQ(made_up.at(at("2026-01-10T06:00:00Z")), fails);
    failed += fails ? 1 : 0;
  }
  EXPECT_GT(failed, 0);
  EXPECT_LT(failed, 40);
}

}  // namespace
}  // namespace backcast::scenario
