// Time that is longer than a run, or than time itself, never comes true; elapsed time and the age
// of the newest restore point mean one thing.
#include "engine/base/time_math.h"
#include "sim/requirements/newest_age.h"
#include "sim/run/measures.h"
#include "tests/scenarios/run_text.h"

namespace backcast::scenario {
namespace {

std::string document(const std::string& service, const std::string& requirements,
                     const std::string& more = "") {
  return R"({"name": "t", "start": "2026-01-01", "horizon": "10d", "services": [{"name": "a",
            "region": "here", "delta": "full", )" +
         service + R"(}], "requirements": [)" + requirements + "]" + more + "}";
}

const sim::RequirementOutcome& outcome(const Ran& ran) {
  return ran.result.requirements.front();
}

constexpr const char* kRpo = R"({"kind": "rpo", "service": "a", "at_most": "25h"})";

TEST(TimeMath, StaysAtTheEndsOfTime) {
  EXPECT_EQ(plus(Instant::max() - kSecond, kMinute), Instant::max());
  EXPECT_EQ(plus(Instant::min() + kSecond, -kMinute), Instant::min());
  EXPECT_EQ(plus(kForever, kForever), kForever);
  EXPECT_EQ(times(kDay, 1'000'000), kForever);
  EXPECT_EQ(times(kDay, -1'000'000), Duration::min());
  EXPECT_EQ(between(Instant::min(), Instant::max()), kForever);
  EXPECT_EQ(time_for(10'000'000'000'000, 1000), kForever);
  EXPECT_EQ(time_for(UINT64_MAX, 1), kForever);
  EXPECT_EQ(time_for(9'000'000'000, 1), std::chrono::seconds(9'000'000'000));
  EXPECT_EQ(time_for(10, 3), 4 * kSecond);
  EXPECT_EQ(time_for(10, 0), Duration{0});
}

TEST(Time, ABackupThatTakesLongerThanTimeItselfNeverEnds) {
  for (const char* job : {R"("size": "10 TB", "job": {"rate": "1 kB/s"})",
                          R"("size": "10 GB", "job": {"rate": "1 B/s"})"}) {
    const Ran ran = run_text(document(
        std::string(job) + R"(, "schedules": [{"cron": "0 2 * * *", "retention_days": 3}])", kRpo));
    EXPECT_EQ(backup(ran.result, "a/auto-000001").state, sim::BackupState::kRunning) << job;
    EXPECT_EQ(outcome(ran).verdict, sim::Verdict::kFails) << job;
  }
}

TEST(Time, ACopyThatTakesLongerThanTimeItselfIsNeverThere) {
  const std::string service = R"("size": "10 GB", "job": {"copy_rate": "1 B/s"},
      "schedules": [{"cron": "0 2 * * *", "copies": [{"region": "there"}]}])";
  const std::string within =
      R"({"kind": "copy_within", "service": "a", "region": "there", "at_most": "1h"})";
  EXPECT_EQ(outcome(run_text(document(service, within))).verdict, sim::Verdict::kFails);
  const std::string link = R"(, "links": [{"from": "here", "to": "there", "rate": "1 B/s"}])";
  EXPECT_EQ(outcome(run_text(document(service, within, link))).verdict, sim::Verdict::kFails);
}

TEST(Time, ARestoreThatTakesLongerThanTimeItselfIsNeverDone) {
  const Ran ran = run_text(document(
      R"("size": "10 GB", "job": {"restore_rate": "1 B/s", "copy_rate": "1 B/s"},
         "schedules": [{"cron": "0 2 * * *"}])",
      R"({"kind": "restore_time", "service": "a", "at_most": "1h"})",
      R"(, "events": [{"kind": "restore", "service": "a", "at": "+3d", "to_region": "there"}])"));
  EXPECT_EQ(outcome(ran).verdict, sim::Verdict::kFails);
  EXPECT_EQ(ran.result.restores.front().completed, sim::kNever);
  EXPECT_EQ(outcome(ran).observed.find("0s"), std::string::npos) << outcome(ran).observed;
}

TEST(Time, ARetryAfterThousandsOfYearsIsNone) {
  const Ran ran = run_text(document(
      R"("size": "1 GB", "job": {"retries": 3, "retry_after": "100000d"},
         "schedules": [{"cron": "0 2 * * *"}])",
      kRpo, R"(, "events": [{"kind": "job_failures", "service": "a", "at": "+1d", "for": "1d"}])"));
  const sim::BackupRecord& failed = backup(ran.result, "a/auto-000002");
  EXPECT_EQ(failed.available, sim::kNever);
}

TEST(Time, WaitingForALimitForThousandsOfYearsIsWaiting) {
  const Ran ran = run_text(document(
      R"("size": "1 GB", "job": {"rate": "10 kB/s"},
         "schedules": [{"cron": "0 2 * * *", "name": "x"}, {"cron": "0 3 * * *", "name": "y"}])",
      kRpo, R"(, "limits": [{"jobs": 1, "wait_at_most": "100000d"}])"));
  for (const sim::BackupRecord& b : ran.result.backups) {
    EXPECT_NE(b.state, sim::BackupState::kRefused) << b.id << " " << reason(ran, b);
  }
}

TEST(Time, LimitsThatReachBeyondTimeAreNeverBroken) {
  const std::string service =
      R"("size": "1 GB", "schedules": [{"cron": "0 2 * * *", "copies": [{"region": "there"}]}],
         "job": {"copy_rate": "1 MB/s"})";
  const Ran ran = run_text(document(
      service, R"({"kind": "copy_within", "service": "a", "region": "there", "at_most": "106000d"},
                  {"kind": "coverage", "service": "a", "ladder": ["100000d"]},
                  {"kind": "restore_points", "service": "a", "at_least": 1, "within": "106000d"})"));
  EXPECT_EQ(ran.result.requirements[0].verdict, sim::Verdict::kHolds);
  EXPECT_EQ(ran.result.requirements[1].verdict, sim::Verdict::kUnknown);
}

TEST(Time, AHorizonEndsAtAHundredYearsInEveryUnit) {
  for (const char* horizon : {"110 years", "1321 months", "1200 years", "40000d"}) {
    const auto loaded = load_text(
        R"({"name": "t", "start": "2026-01-01", "horizon": ")" + std::string(horizon) +
        R"(", "services": [{"name": "a", "region": "r", "delta": "full", "size": "1 GB"}]})");
    EXPECT_FALSE(loaded.ok()) << horizon;
  }
  EXPECT_TRUE(load_text(R"({"name": "t", "start": "2026-01-01", "horizon": "100 years",
                            "services": [{"name": "a", "region": "r", "delta": "full",
                                          "size": "1 GB"}]})")
                  .ok());
}

TEST(Time, EveryCountsFromTheStartToTheSecond) {
  const Ran ran = run_text(document(R"("size": "1 GB", "schedules": [{"every": "6h"}])", kRpo));
  ASSERT_GE(ran.result.backups.size(), 4U);
  EXPECT_EQ(ran.result.backups[0].born, at("2026-01-01T06:00:00Z"));
  EXPECT_EQ(ran.result.backups[3].born, at("2026-01-02T00:00:00Z"));
}

TEST(Time, EveryCountsFromWhereItsScheduleBegins) {
  const Ran ran =
      run_text(document(R"("size": "1 GB", "schedules": [{"every": "6h", "from": "+1d"}])", kRpo));
  EXPECT_EQ(ran.result.backups[0].born, at("2026-01-02T06:00:00Z"));
}

double measure(const Ran& ran, const std::string& name) {
  for (const sim::Measure& m : sim::measures_of(ran.result)) {
    if (m.name == name) return m.value;
  }
  ADD_FAILURE() << name;
  return 0;
}

TEST(NewestAge, EndsWhenTheServiceIsDeleted) {
  const std::string text = R"({"name": "t", "start": "2026-01-01", "horizon": "100d", "services": [
      {"name": "a", "region": "here", "delta": "full", "size": "1 GB",
       "schedules": [{"cron": "0 0 * * *"}]}],
      "events": [{"kind": "delete_service", "service": "a", "at": "+10d"}],
      "requirements": [{"kind": "rpo", "service": "a", "at_most": "25h"}]})";
  const Ran ran = run_text(text);
  EXPECT_EQ(measure(ran, "rpo_seconds_worst"), 86'400);
  EXPECT_EQ(ran.result.requirements[0].observed, "1d");
  const auto lines = sim::ages_by_region(ran.result);
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].steps.back().until, at("2026-01-11T00:00:00Z"));
}

TEST(NewestAge, CountsFromTheStartUntilThereIsOneEverywhere) {
  const Ran ran = run_text(document(R"("size": "1 GB", "schedules": [{"cron": "0 0 3 * *"}])",
                                    R"({"kind": "rpo", "service": "a", "at_most": "3d"})"));
  EXPECT_EQ(ran.result.requirements[0].observed, "8d");  // from the 3rd on
  EXPECT_EQ(measure(ran, "rpo_seconds_worst"), 8 * 86'400);
  EXPECT_EQ(sim::ages_by_region(ran.result)[0].steps.front().from, at("2026-01-01T00:00:00Z"));
  EXPECT_EQ(sim::ages_by_region(ran.result)[0].steps.front().backup, sim::kNone);
}

TEST(Counts, MadeIsWhatARestorePointCameOf) {
  const Ran ran = run_text(document(
      R"("size": "1 GB", "schedules": [{"cron": "0 2 * * *", "copies": [{"region": "there"}]}])",
      kRpo, R"(, "events": [{"kind": "job_failures", "service": "a", "at": "+4d", "for": "2d"}])"));
  sim::BackupCounts counts;
  for (const sim::BackupRecord& b : ran.result.backups) counts.add(b);
  EXPECT_EQ(counts.made, 8U);
  EXPECT_EQ(counts.copies, 8U);
  EXPECT_EQ(counts.failed, 2U);
  EXPECT_EQ(measure(ran, "backups_made"), 8);
  EXPECT_EQ(measure(ran, "backups_failed"), 2);
}

TEST(Quota, WhatRetentionWouldDeleteAtOnceIsRefused) {
  const Ran ran = run_text(R"({"name": "t", "start": "2026-01-01", "horizon": "10d",
      "provider": "zerops", "projects": [{"name": "p", "plan": "lightweight"}],
      "services": [{"name": "a", "project": "p", "kind": "postgresql", "size": "1200 MiB"}],
      "events": [{"kind": "manual_backup", "service": "a", "at": "+8d12h"}]})");
  const sim::BackupRecord& manual = backup(ran.result, "a/manual-000001");
  EXPECT_EQ(manual.state, sim::BackupState::kRefused) << reason(ran, manual);
  EXPECT_EQ(manual.available, sim::kNever);
}

}  // namespace
}  // namespace backcast::scenario
