// A run that goes on with a history keeps what `retention --schedule` says will be kept: the
// simulator and the forecast call one rule book.
#include <gtest/gtest.h>

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>
#include <map>

#include <set>

#include "sim/model/past.h"
#include "sim/run/run.h"
#include "study/history/forecast.h"
#include "tests/policy/history_generator.h"
#include "tests/policy/retention_support.h"
#include "tests/sim/history_support.h"

namespace backcast::sim {
namespace {

using namespace policy::testing;
using namespace testing;

// Random histories of one source, none ahead of the start, ids as sanoid gives them.
std::vector<policy::Snapshot> one_source() {
  std::vector<policy::Snapshot> history = without_extremes(*history_gen());
  std::erase_if(history, [](const policy::Snapshot& s) { return s.time > test_now(); });
  for (policy::Snapshot& s : history) {
    s.host = "a";
    s.time = std::chrono::floor<std::chrono::seconds>(s.time);
  }
  policy::Snapshot newest;
  newest.id = "newest";
  newest.host = "a";
  newest.paths = {"/data"};
  newest.time = test_now() - kHour;
  newest.size_bytes = 5 << 20;
  history.push_back(newest);
  return policy::select_source(std::move(history), "").value();
}

RC_GTEST_PROP(History, TheRunKeepsWhatTheForecastKeeps, ()) {
  const auto history = one_source();
  const std::string dialect = *rc::gen::elementOf(std::vector<std::string>{
      "restic", "borg", "borg2", "kopia", "pbs", "sanoid", "duplicacy", "zerops", "native"});
  const std::string policy = policy_text(dialect);
  RC_PRE(policy::parse_policy(policy).ok());  // some combinations contradict each other
  const std::string schedule =
      *rc::gen::element<std::string>("0 2 * * *", "0 */6 * * *", "0 2 * * 1");
  const Instant start = history.back().time;
  const auto rule = policy::parse_schedule(schedule).value();
  Instant last = start;
  for (int runs = *rc::gen::inRange(1, 60); runs > 0; --runs) {
    last = *policy::next(rule, last, policy::Zone::utc());
  }
  const auto expected = study::forecast(policy::parse_policy(policy).value(), history, rule,
                                        {start, policy::Zone::utc()}, last)
                            .value();
  std::multiset<Instant> wanted;
  for (const policy::Snapshot& s : expected.left) wanted.insert(s.trusted_time());
  Scenario scenario = scenario_with(history, policy, schedule, start, last + kSecond);
  if (dialect == "zerops") scenario.services[0].rules = policy::service_rules("zerops");
  RC_LOG() << policy << " " << schedule << " until " << format_instant(last);
  RC_ASSERT(left_at_the_end(run(scenario, {.threads = 1})) ==
            forecast_left(scenario.services[0], start, last));
}

// At 06:00 no class is due, and yesterday's daily is older than a day.
TEST(History, SanoidPrunesAtRunsThatMakeNothing) {
  const auto history = series("2025-12-31T23:00:00Z", 1);
  const Instant start = history.front().time, until = at("2026-01-02T06:00:00Z");
  const Scenario scenario = scenario_with(history, "sanoid: daily=1 weekly=0 monthly=0",
                                          "0 */6 * * *", start, until + kSecond);
  const auto left = left_at_the_end(run(scenario, {.threads = 1}));
  EXPECT_EQ(left, forecast_left(scenario.services[0], start, until));
  EXPECT_FALSE(left.contains(at("2026-01-01T00:00:00Z")));
  EXPECT_TRUE(left.contains(at("2026-01-02T00:00:00Z")));
}

TEST(History, ABackupByHandDoesNotPutOffWhatSanoidMakesNext) {
  auto history = series("2025-12-31T23:00:00Z", 1);
  history.push_back(history.front());
  history.back().id = "by hand";
  history.back().time = at("2026-01-01T00:00:00Z");
  history.back().origin = policy::Origin::kManual;
  const Instant start = history.back().time, until = at("2026-01-01T06:00:00Z");
  const Scenario scenario = scenario_with(history, "sanoid: daily=1 weekly=0 monthly=0",
                                          "0 */6 * * *", start, until + kSecond);
  const auto left = left_at_the_end(run(scenario, {.threads = 1}));
  EXPECT_EQ(left, forecast_left(scenario.services[0], start, until));
  EXPECT_TRUE(left.contains(until));
}

TEST(History, OfTwoAtOneTimeTheLastOneListedIsGoneOnWith) {
  auto history = series("2026-01-01T02:00:00Z", 1);
  history.push_back(history.front());
  history[0].id = "first", history[0].tags = {"a"};
  history[1].id = "last", history[1].tags = {"b"};
  const Instant start = history.back().time, until = at("2026-01-02T02:00:00Z");
  const Scenario scenario =
      scenario_with(history, "native: --keep-last 9", "0 2 * * *", start, until + kSecond);
  const auto forecast =
      study::forecast(*scenario.services[0].retention, history,
                      scenario.services[0].schedules[0].rule, {start, policy::Zone::utc()}, until);
  EXPECT_EQ(forecast->left.back().tags, (std::vector<std::string>{"b"}));
  EXPECT_EQ(run(scenario, {.threads = 1}).backups.back().tags, forecast->left.back().tags);
}

TEST(History, WhatIsThereIsBilledFromTheStartAndKeepsItsBirth) {
  std::vector<policy::Snapshot> history = series("2026-01-01T02:00:00Z", 3);
  for (policy::Snapshot& s : history) s.size_bytes = 1000, s.new_bytes = 100;
  const Instant start = at("2026-01-03T02:00:00Z");
  const Scenario scenario =
      scenario_with(history, "restic: --keep-last 2", "0 2 * * *", start, at("2026-01-05"));
  const RunResult result = run(scenario, {.threads = 1});
  ASSERT_EQ(result.backups.size(), 4u);
  EXPECT_EQ(result.backups[0].id, "web/2026-01-01T02:00:00Z");
  EXPECT_TRUE(result.backups[0].of_history);
  EXPECT_EQ(result.backups[0].deleted, start);  // the policy holds from the start
  EXPECT_EQ(result.backups[1].deleted, at("2026-01-04T02:00:00Z"));
  EXPECT_EQ(result.backups[3].born, at("2026-01-04T02:00:00Z"));
  std::uint64_t held_bytes = 0;
  std::map<Instant, std::uint64_t> freed;
  for (const UsageRecord& record : result.usage) {
    EXPECT_GE(record.start, record.kind == UsageKind::kDeletion ? *record.born : start);
    if (record.kind == UsageKind::kStorage && record.start == start) held_bytes += record.quantity;
    if (record.backup != "web/2026-01-02T02:00:00Z") continue;
    if (record.kind == UsageKind::kDeletion) {
      // What it frees is as old as its bytes: nine in ten came with the backup before.
      freed[record.born.value_or(start)] += record.quantity;
    } else {
      EXPECT_EQ(record.born, at("2026-01-02T02:00:00Z"));
    }
  }
  EXPECT_EQ(held_bytes, 1100u);  // the second whole, the third's new bytes
  EXPECT_EQ(freed, (std::map<Instant, std::uint64_t>{{at("2026-01-01T02:00:00Z"), 90},
                                                     {at("2026-01-02T02:00:00Z"), 10}}));
}

TEST(History, NewBytesSayHowFarEachDayWent) {
  std::vector<policy::Snapshot> history = series("2026-01-01T02:00:00Z", 4);
  const std::uint64_t added[] = {1000, 10, 300, 50};
  for (std::size_t i = 0; i < history.size(); ++i) {
    history[i].size_bytes = 1000;
    history[i].new_bytes = added[i];
  }
  DeltaModel delta;
  delta.kind = DeltaModel::Kind::kLifetimes;
  delta.curve.w1 = 1;
  delta.curve.rate1 = 0.05;
  const auto made = past_generations({}, delta, history, at("2026-01-05"));
  DeltaChain chain(delta);
  for (const Generation& generation : made) chain.add(generation);
  EXPECT_NEAR(static_cast<double>(chain.stored_bytes()), 1360, 3);
}

TEST(History, WithoutSizesTheGrowthOfTheServiceSaysThem) {
  std::vector<policy::Snapshot> history = series("2026-01-01T00:00:00Z", 3);
  Workload workload;
  workload.size_bytes = 1000;
  workload.growth.bytes_per_day = 100;
  const auto made = past_generations(workload, {}, history, at("2026-01-03T00:00:00Z"));
  EXPECT_EQ(made[0].size_bytes, 800u);
  EXPECT_EQ(made[2].size_bytes, 1000u);
  EXPECT_LT(made[0].operational_time, made[1].operational_time);
}

TEST(History, ExpiryOfTheHistoryHoldsAndUnknownOnesGetWhatTheirScheduleGives) {
  std::vector<policy::Snapshot> history = series("2026-01-01T02:00:00Z", 3);
  for (policy::Snapshot& s : history) s.size_bytes = 1000;
  history[0].expires = at("2026-01-20T00:00:00Z");
  history[1].origin = policy::Origin::kManual;
  Scenario scenario = scenario_with(history, "restic: --keep-last 1", "0 2 1 6 *", at("2026-01-04"),
                                    at("2026-03-01"));
  scenario.services[0].retention.reset();
  scenario.services[0].schedules[0].retention =
      policy::parse_policy("zilliz: retentionDays=7").value();
  const RunResult result = run(scenario, {.threads = 1});
  ASSERT_EQ(result.backups.size(), 3u);
  EXPECT_EQ(result.backups[0].deleted, at("2026-01-20T00:00:00Z"));
  EXPECT_EQ(result.backups[1].state, BackupState::kAvailable);
  EXPECT_EQ(result.backups[2].deleted, at("2026-01-10T02:00:00Z"));
}

TEST(History, AHundredThousandRestorePointsAreTakenOverAndPruned) {
  std::vector<policy::Snapshot> history = series("2015-01-01T00:00:00Z", 100'000, kHour);
  for (policy::Snapshot& s : history) s.size_bytes = 1 << 30;
  const Instant start = history.back().time;
  const RunResult result =
      run(scenario_with(history, "restic: --keep-daily 30", "0 2 * * *", start, start + 10 * kDay),
          {.threads = 1});
  EXPECT_EQ(left_at_the_end(result).size(), 30u);
}

}  // namespace
}  // namespace backcast::sim
