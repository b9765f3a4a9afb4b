// When jobs start, wait, are missed and made up for, and what restores take: figures worked out by
// hand.
#include <cmath>

#include "sim/run/measures.h"
#include "tests/scenarios/run_text.h"

namespace backcast::scenario {
namespace {

std::string document(const std::string& services, const std::string& more) {
  return R"({"name": "t", "start": "2026-01-01", "horizon": "3d", "services": [)" + services + "]" +
         more + "}";
}

std::string service(const std::string& name, const std::string& schedule = R"("cron": "0 2 * * *")",
                    const std::string& more = "") {
  return R"({"name": ")" + name +
         R"(", "region": "here", "size": "100 MB", "delta": "full", "job": {"rate": "1 MB/s"},
            "schedules": [{)" +
         schedule + "}]" + more + "}";
}

std::vector<std::string> births(const sim::RunResult& result) {
  std::vector<std::string> times;
  for (const auto& b : result.backups) {
    if (b.available != sim::kNever) times.push_back(format_instant(b.born));
  }
  return times;
}

using Times = std::vector<std::string>;

TEST(Jobs, ALimitLetsJobsRunOneAfterTheOtherInTheOrderInWhichTheyCame) {
  const Ran ran = run_text(document(service("a") + "," + service("b") + "," + service("c"),
                                    R"(, "limits": [{"jobs": 1, "region": "here"}])"));
  // 100 MB at 1 MB/s: 100 s each.
  EXPECT_EQ(backup(ran.result, "a/auto-000001").available, at("2026-01-01T02:01:40Z"));
  EXPECT_EQ(backup(ran.result, "b/auto-000001").born, at("2026-01-01T02:01:40Z"));
  EXPECT_EQ(backup(ran.result, "b/auto-000001").available, at("2026-01-01T02:03:20Z"));
  EXPECT_EQ(backup(ran.result, "c/auto-000001").available, at("2026-01-01T02:05:00Z"));
}

TEST(Jobs, WhoWaitsTooLongForALimitMissesItsStart) {
  const Ran ran = run_text(document(service("a") + "," + service("b") + "," + service("c"),
                                    R"(, "limits": [{"jobs": 1, "wait_at_most": "150s"}])"));
  EXPECT_EQ(backup(ran.result, "b/auto-000001").state, sim::BackupState::kAvailable);
  EXPECT_EQ(backup(ran.result, "c/auto-000001").state, sim::BackupState::kRefused);
  EXPECT_EQ(reason(ran, backup(ran.result, "c/auto-000001")),
            "it waited as long as it may for others to end");
}

TEST(Jobs, ALimitCoversOnlyTheServicesItNames) {
  const Ran ran = run_text(document(service("a") + "," + service("b") + "," + service("c"),
                                    R"(, "limits": [{"jobs": 1, "service": ["a", "c"]}])"));
  EXPECT_EQ(backup(ran.result, "b/auto-000001").born, at("2026-01-01T02:00:00Z"));
  EXPECT_EQ(backup(ran.result, "c/auto-000001").born, at("2026-01-01T02:01:40Z"));
}

TEST(Jobs, AClockThatJumpsForwardPassesOverAStartAndTheServicesSkipIt) {
  const std::string jump =
      R"(, "events": [{"at": "+25h", "kind": "clock_jump", "service": "a", "by": "3h"}])";
  const Ran skips = run_text(document(service("a"), jump));
  EXPECT_EQ(births(skips.result),
            (Times{"2026-01-01T02:00:00Z", "2026-01-02T23:00:00Z", "2026-01-03T23:00:00Z"}));
  const Ran makes_up =
      run_text(document(service("a", R"("cron": "0 2 * * *", "missed": "catch_up")"), jump));
  EXPECT_EQ(births(makes_up.result), (Times{"2026-01-01T02:00:00Z", "2026-01-02T01:00:00Z",
                                            "2026-01-02T23:00:00Z", "2026-01-03T23:00:00Z"}));
}

TEST(Jobs, AClockThatJumpsBackDoesNotRepeatAStartThatWasMade) {
  const auto jump = [](const char* when, const char* by) {
    return std::string(R"(, "events": [{"at": ")") + when +
           R"(", "kind": "clock_jump", "service": "a", "by": ")" + by + "\"}]";
  };
  EXPECT_EQ(births(run_text(document(service("a"), jump("+27h", "-3h"))).result),
            (Times{"2026-01-01T02:00:00Z", "2026-01-02T02:00:00Z", "2026-01-03T05:00:00Z"}));
  EXPECT_EQ(births(run_text(document(service("a"), jump("+25h", "-1h"))).result),
            (Times{"2026-01-01T02:00:00Z", "2026-01-02T03:00:00Z", "2026-01-03T03:00:00Z"}));
}

TEST(Jobs, AStartMissedWhileSuspendedIsMadeUpForWhereTheToolDoesThat) {
  const std::string events =
      R"(, "events": [{"at": "+25h", "kind": "suspend", "service": "a", "for": "4h"}])";
  EXPECT_EQ(births(run_text(document(service("a"), events)).result),
            (Times{"2026-01-01T02:00:00Z", "2026-01-03T02:00:00Z"}));
  EXPECT_EQ(births(run_text(document(service("a", R"("cron": "0 2 * * *", "missed": "catch_up")"),
                                     events))
                       .result),
            (Times{"2026-01-01T02:00:00Z", "2026-01-02T05:00:00Z", "2026-01-03T02:00:00Z"}));
  EXPECT_EQ(
      births(run_text(document(service("a", R"("rule": "kopia: at 02:00 run-missed")"), events))
                 .result),
      (Times{"2026-01-01T02:00:00Z", "2026-01-02T05:00:00Z", "2026-01-03T02:00:00Z"}));
}

TEST(Jobs, RestoresShareTheLinkAndThenTakeTheirTimeToRead) {
  const std::string copied = R"("cron": "0 2 * * *", "copies": [{"region": "there"}])";
  const Ran ran = run_text(document(service("a", copied) + "," + service("b", copied),
                                    R"(, "defaults": {"job": {"restore_rate": "2 MB/s"}},
         "links": [{"from": "there", "to": "here", "rate": "1 MB/s"}],
         "events": [{"at": "+12h", "kind": "restore", "service": ["a", "b"], "region": "there"}])"));
  ASSERT_EQ(ran.result.restores.size(), 2u);
  // 100 MB each over 1 MB/s shared by two: 200 s; then 50 s to read at 2 MB/s.
  for (const auto& restore : ran.result.restores) {
    EXPECT_EQ(restore.completed, at("2026-01-01T12:04:10Z"));
  }
}

std::string restore_of_zilliz(const std::string& fields) {
  return R"({"name": "t", "start": "2026-01-01", "horizon": "60d", "provider": "zilliz",
    "services": [{"name": "a", "region": "gcp-us-west1", "size": "7 GB"}],
    "events": [{"at": "+1d", "kind": "manual_backup", "service": "a"},
               {"kind": "restore", "service": "a", "as_of": "+26h", )" +
         fields + "}]}";
}

TEST(Jobs, Z_RES_06_Z_RES_07_ARestoreKeepsItsVersionForThirtyDaysAndNoLonger) {
  const std::string versions =
      R"(, "backup_version": "2.5", "latest_version": "2.6", "target_version": "2.5")";
  const Ran young = run_text(restore_of_zilliz(R"("at": "+20d")" + versions));
  ASSERT_EQ(young.result.restores.size(), 1u);
  EXPECT_NE(young.result.restores[0].completed, sim::kNever);
  const Ran old = run_text(restore_of_zilliz(R"("at": "+40d")" + versions));
  ASSERT_EQ(old.result.restores.size(), 1u);
  EXPECT_EQ(old.result.restores[0].completed, sim::kNever);
  EXPECT_EQ(outcome_text(old.scenario, old.result.restores[0]),
            "the latest version only: the backup is older than 30 days");
}

TEST(Jobs, Z_MAN_08_WhoMayNotRestoreIsRefused) {
  const Ran ran = run_text(restore_of_zilliz(R"("at": "+2d", "role": "custom_without_backup")"));
  ASSERT_EQ(ran.result.restores.size(), 1u);
  EXPECT_EQ(ran.result.restores[0].completed, sim::kNever);
  EXPECT_EQ(ran.result.restores[0].why_not, sim::Why::kRole);
  EXPECT_NE(outcome_text(ran.scenario, ran.result.restores[0]).find("96013"), std::string::npos);
}

TEST(Jobs, RequestsAndRetrievalAreRecordedWhereTheScenarioSaysHowBackupsAreStored) {
  const Ran ran = run_text(document(
      service("a", R"("cron": "0 2 * * *")",
              R"(, "store": {"class": "cold", "object_size": "30 MB", "retrieval": true})"),
      R"(, "events": [{"at": "+12h", "kind": "restore", "service": "a"}])"));
  std::uint64_t puts = 0, gets = 0, read_bytes = 0;
  for (const UsageRecord& r : ran.result.usage) {
    if (r.kind == UsageKind::kRequest) (r.operation == "put" ? puts : gets) += r.quantity;
    if (r.kind == UsageKind::kRetrieval) read_bytes += r.quantity;
    EXPECT_EQ(r.storage_class, "cold");
  }
  EXPECT_EQ(puts, 12u);  // 100 MB in objects of 30 MB, three times
  EXPECT_EQ(gets, 4u);
  EXPECT_EQ(read_bytes, 100'000'000u);
}

// A run is missed when the first attempt and every retry fail: p^(1 + retries). Then, and only
// then, the newest restore point grows older than a day and the retries.
TEST(Jobs, RunsThatFailEveryAttemptAreAsManyAsChanceSays) {
  auto loaded = load_text(
      R"({"name": "t", "start": "2026-01-01", "horizon": "90d", "services": [{"name": "a",
          "region": "here", "size": "1 GB", "delta": "full", "schedules": [{"cron": "0 2 * * *"}],
          "job": {"failure_probability": "20%", "retries": 2, "retry_after": "10m"}}]})");
  ASSERT_TRUE(loaded.ok());
  constexpr int kReplications = 400, kRuns = 90;
  const double missed_share = 0.2 * 0.2 * 0.2;
  int missed = 0, attempts_failed = 0, replications_hit = 0;
  for (int r = 0; r < kReplications; ++r) {
    const sim::RunResult result =
        sim::run(loaded->scenario, {.replication = static_cast<std::uint32_t>(r), .threads = 1});
    ASSERT_EQ(result.backups.size(), std::size_t{kRuns});
    int here = 0;
    for (const auto& b : result.backups) here += b.state == sim::BackupState::kFailed ? 1 : 0;
    for (const auto& event : result.log) {
      attempts_failed += event.kind == sim::LogKind::kBackupFailed ? 1 : 0;
    }
    missed += here;
    replications_hit += here > 0 ? 1 : 0;
    double worst_seconds = 0;
    for (const auto& m : sim::measures_of(result)) {
      if (m.name == "rpo_seconds_worst") worst_seconds = m.value;
    }
    if (here > 0) {
      EXPECT_GT(worst_seconds, 86'400 + 2 * 600);
    } else {
      EXPECT_LE(worst_seconds, 86'400 + 2 * 600);
    }
  }
  // Binomial: four standard deviations.
  const double runs = double{kReplications} * kRuns;
  EXPECT_NEAR(missed, runs * missed_share, 4 * std::sqrt(runs * missed_share));
  EXPECT_NEAR(attempts_failed, runs * (0.2 + 0.04 + 0.008), 4 * std::sqrt(runs * 0.35));
  const double hit = 1 - std::pow(1 - missed_share, kRuns);
  EXPECT_NEAR(replications_hit, kReplications * hit,
              4 * std::sqrt(kReplications * hit * (1 - hit)));
}

TEST(Jobs, AProjectsBytesAreLimitedByARequirementWithoutAQuotaOfItsOwn) {
  const Ran ran = run_text(document(
      R"({"name": "a", "project": "p", "region": "here", "size": "100 MB", "delta": "full",
          "schedules": [{"cron": "0 2 * * *"}]},
         {"name": "b", "project": "p", "region": "here", "size": "50 MB", "delta": "full",
          "schedules": [{"cron": "0 3 * * *"}]})",
      R"(, "projects": [{"name": "p"}],
         "requirements": [{"kind": "quota", "project": "p", "at_most": "300 MB"}])"));
  ASSERT_EQ(ran.result.requirements.size(), 1u);
  // 100 + 50 on the first day, 250 and 300 on the second, 400 on the third.
  EXPECT_EQ(ran.result.requirements[0].verdict, sim::Verdict::kFails);
  EXPECT_EQ(ran.result.requirements[0].first_failure, at("2026-01-03T02:00:00Z"));
  EXPECT_EQ(ran.result.requirements[0].observed, "450.00 MB");
}

}  // namespace
}  // namespace backcast::scenario
