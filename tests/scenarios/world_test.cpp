// What the simulated world does with jobs, copies, outages, deletions and restores.
#include <fmt/format.h>

#include <algorithm>

#include "costmodel/bill/usage_file.h"
#include "run_text.h"

namespace backcast::scenario {
namespace {

using sim::BackupRecord;
using sim::BackupState;
using sim::kNever;
using sim::LogKind;

// A Zilliz cluster of 70 GB: 100 s a backup.
std::string zilliz(const std::string& more) {
  return R"({"name": "t", "start": "2026-01-05", "horizon": "20d", "provider": "zilliz",
    "services": [{"name": "db", "region": "gcp-us-west1", "size": "70 GB",
      "schedules": [{"weekdays": "1,2,3,4,5,6,7", "window": "00:00-02:00", "retention_days": 7)" +
         more + "}";
}

int count(const Ran& ran, BackupState state) {
  return static_cast<int>(std::count_if(ran.result.backups.begin(), ran.result.backups.end(),
                                        [&](const BackupRecord& b) { return b.state == state; }));
}

TEST(World, Z_MAN_03_ManualIsRefusedWhileAutomaticRuns) {
  // The first backup runs from 00:00:00 to 00:01:40.
  const Ran ran = run_text(zilliz(R"(, "initial_backup": true}]}],
    "events": [{"at": "2026-01-05T00:01:00Z", "kind": "manual_backup", "service": "db"},
               {"at": "2026-01-05T00:01:40Z", "kind": "manual_backup", "service": "db"},
               {"at": "2026-01-05T00:02:00Z", "kind": "manual_backup", "service": "db"}])"));
  EXPECT_EQ(backup(ran.result, "db/auto-000001").available - ran.result.start,
            std::chrono::seconds(100));
  const BackupRecord& first = backup(ran.result, "db/manual-000001");
  EXPECT_EQ(first.state, BackupState::kRefused);
  EXPECT_NE(reason(ran, first).find("96038"), std::string::npos);
  EXPECT_EQ(backup(ran.result, "db/manual-000002").state, BackupState::kAvailable);
  // Z_MAN_05: one by hand at a time.
  EXPECT_EQ(backup(ran.result, "db/manual-000003").state, BackupState::kRefused);
}

TEST(World, Z_MAN_04_AutomaticRunsBesideManual) {
  const Ran ran = run_text(R"({"name": "t", "start": "2026-01-05", "horizon": "1d",
    "provider": "zilliz",
    "services": [{"name": "db", "region": "gcp-us-west1", "size": "7000 GB",
      "schedules": [{"retention_days": 7, "initial_backup": false}]}],
    "events": [{"at": "2026-01-05T00:00:00Z", "kind": "manual_backup", "service": "db"}]})");
  // The manual one takes 10,000 s, the window closes after 7,200 s.
  const BackupRecord& automatic = backup(ran.result, "db/auto-000001");
  EXPECT_EQ(automatic.state, BackupState::kAvailable);
  EXPECT_LT(automatic.born, backup(ran.result, "db/manual-000001").available);
}

TEST(World, Z_MAN_11_MoreThanAThousandCollectionsTakeLonger) {
  const auto takes = [](int collections) {
    const Ran ran = run_text(fmt::format(R"({{"name": "t", "start": "2026-01-05",
      "horizon": "1d", "provider": "zilliz",
      "services": [{{"name": "db", "region": "gcp-us-west1", "size": "70 GB",
        "collections": {}}}],
      "events": [{{"at": "+0s", "kind": "manual_backup", "service": "db"}}]}})",
                                         collections));
    return ran.result.backups[0].available - ran.result.backups[0].born;
  };
  EXPECT_EQ(takes(10), std::chrono::seconds(100));
  EXPECT_EQ(takes(1000), std::chrono::seconds(100));
  EXPECT_GT(takes(1001), std::chrono::seconds(100));
}

TEST(World, Z_XR_04_CopiesExpireOnTheirOwnDates) {
  const Ran ran = run_text(zilliz(R"(, "copies": [
      {"region": "gcp-us-east4", "retention_days": 3},
      {"region": "gcp-europe-west3", "retention_days": 10}]}]}])"));
  const BackupRecord& original = backup(ran.result, "db/auto-000001");
  const BackupRecord& near = backup(ran.result, "db/auto-000001@gcp-us-east4");
  const BackupRecord& far = backup(ran.result, "db/auto-000001@gcp-europe-west3");
  EXPECT_EQ(original.deleted, original.born + 7 * kDay);
  EXPECT_EQ(near.deleted, near.expires);
  EXPECT_NEAR(static_cast<double>((near.deleted - near.born) / kHour), 72, 1);
  EXPECT_NEAR(static_cast<double>((far.deleted - far.born) / kHour), 240, 1);
}

TEST(World, Z_XR_10_AFailedCopyLeavesTheOriginal) {
  const Ran ran = run_text(zilliz(R"(, "copies": [
      {"region": "gcp-us-east4", "retention_days": 3}]}]}],
    "events": [{"at": "+0s", "kind": "outage", "region": "gcp-us-east4", "for": "36h"}],
    "requirements": [{"kind": "copy_within", "region": "gcp-us-east4", "at_most": "6h"}])"));
  EXPECT_NE(backup(ran.result, "db/auto-000001").available, kNever);
  EXPECT_EQ(backup(ran.result, "db/auto-000001@gcp-us-east4").state, BackupState::kFailed);
  // The initial backup, that night's and the next come to nothing; the one after is copied.
  EXPECT_EQ(backup(ran.result, "db/auto-000003@gcp-us-east4").state, BackupState::kFailed);
  EXPECT_NE(backup(ran.result, "db/auto-000004@gcp-us-east4").available, kNever);
  const auto& outcome = ran.result.requirements[0];
  EXPECT_EQ(outcome.verdict, sim::Verdict::kFails);
  EXPECT_EQ(outcome.first_failure, backup(ran.result, "db/auto-000001").born + 6 * kHour);
  EXPECT_EQ(outcome.failing_periods, 1u);  // those copies never come
}

TEST(World, Z_POL_09_DisablingKeepsBackupsAndEnablingMakesOneAtOnce) {
  const Ran ran = run_text(zilliz(R"(}]}], "events": [
    {"at": "+5d12h", "kind": "disable_schedules", "service": "db"},
    {"at": "+9d12h", "kind": "enable_schedules", "service": "db"}])"));
  int while_off = 0;
  bool at_once = false;
  for (const BackupRecord& b : ran.result.backups) {
    const Duration since = b.born - ran.result.start;
    while_off += since > 5 * kDay + 12 * kHour && since < 9 * kDay + 12 * kHour ? 1 : 0;
    at_once = at_once || since == 9 * kDay + 12 * kHour;
    if (b.expires < ran.result.end) {
      EXPECT_EQ(b.deleted, b.expires);
    }
  }
  EXPECT_EQ(while_off, 0);
  EXPECT_TRUE(at_once);
}

TEST(World, P_GRACE_01_BackupsOutliveTheirServiceByAWeek) {
  const Ran ran = run_text(R"({"name": "t", "start": "2026-01-01", "horizon": "30d",
    "provider": "zerops", "projects": [{"name": "p"}],
    "services": [{"name": "db", "project": "p", "size": "10 MB"}],
    "events": [{"at": "+5d12h", "kind": "manual_backup", "service": "db"},
               {"at": "+10d12h", "kind": "delete_project", "project": "p"}]})");
  const Instant deleted = ran.result.start + 10 * kDay + 12 * kHour;
  ASSERT_EQ(ran.result.backups.size(), 12u);  // one of them by hand
  for (const BackupRecord& b : ran.result.backups) EXPECT_EQ(b.deleted, deleted + 7 * kDay);
  // P_SEC_03: then the key goes.
  const auto key = std::find_if(ran.result.log.begin(), ran.result.log.end(),
                                [](const auto& e) { return e.kind == LogKind::kKeyDestroyed; });
  ASSERT_NE(key, ran.result.log.end());
  EXPECT_EQ(key->at, deleted + 7 * kDay);
}

TEST(World, Q_SCH_07_DeletionKeepsQdrantBackupsUnlessAsked) {
  for (const bool asked : {false, true}) {
    const Ran ran = run_text(fmt::format(R"({{"name": "t", "start": "2026-01-01",
      "horizon": "30d", "provider": "qdrant", "price_book": "qdrant",
      "prices": [{{"row": "Cloud backup/*/backup storage", "rate": "1", "because": "test"}}],
      "services": [{{"name": "db", "region": "azure-eastus", "size": "1 GB",
        "schedules": [{{"cron": "@daily"}}]}}],
      "events": [{{"at": "+10d12h", "kind": "delete_service", "service": "db",
                   "delete_backups": {}}}]}})",
                                         asked));
    EXPECT_EQ(count(ran, BackupState::kAvailable), asked ? 0 : 11);
    EXPECT_EQ(count(ran, BackupState::kDeleted), asked ? 11 : 0);
  }
}

// A plain repository with hourly backups and 1-hour jobs.
std::string plain(const std::string& job, const std::string& more) {
  return R"({"name": "t", "start": "2026-01-01", "horizon": "10d",
    "services": [{"name": "db", "region": "here", "size": "36 GB", "change": {"per_day": "5%"},
      "job": {"rate": "10 MB/s")" +
         job + R"(}, "schedules": [{"cron": "0 */6 * * *", "retention_days": 3}]}])" + more + "}";
}

TEST(World, FailedJobsAreRetriedAndThenGivenUp) {
  const Ran ran = run_text(plain(R"(, "retries": 2, "retry_after": "10m")", R"(,
    "events": [{"at": "2026-01-02T00:00:00Z", "kind": "job_failures", "service": "db",
                "for": "100m"}])"));
  // 00:00 fails at 01:00, again 01:10 to 02:10, which is after the failures end at 01:40: each
  // attempt is decided when it starts, so that one fails too; the third from 02:20 succeeds.
  const BackupRecord& b = backup(ran.result, "db/auto-000005");
  EXPECT_EQ(b.state, BackupState::kDeleted);
  EXPECT_EQ(b.born, at("2026-01-02T02:20:00Z"));
  EXPECT_EQ(b.available, at("2026-01-02T03:20:00Z"));
}

TEST(World, OutagesFailRunningJobsAndSkipThoseDue) {
  const Ran ran = run_text(plain("", R"(,
    "events": [{"at": "2026-01-02T00:30:00Z", "kind": "outage", "region": "here", "for": "8h"}],
    "requirements": [{"kind": "rpo", "at_most": "8h"}])"));
  EXPECT_EQ(backup(ran.result, "db/auto-000005").state, BackupState::kFailed);
  EXPECT_EQ(backup(ran.result, "db/auto-000006").state, BackupState::kRefused);  // due, missed
  EXPECT_NE(backup(ran.result, "db/auto-000007").available, kNever);
  const auto& rpo = ran.result.requirements[0];
  EXPECT_EQ(rpo.verdict, sim::Verdict::kFails);
  EXPECT_EQ(rpo.first_failure, at("2026-01-02T02:00:00Z"));  // born 1 January 18:00, plus 8 h
  EXPECT_EQ(rpo.failing_time, 11 * kHour);                   // until 13:00
  EXPECT_EQ(rpo.observed, "19h");
  EXPECT_EQ(rpo.trace.size(), 4u);  // last good one, outage, failed job, conclusion
}

TEST(World, FailuresByChanceFollowTheSeedAlone) {
  const std::string text = plain(R"(, "failure_probability": "20%")", "");
  const Ran a = run_text(text), b = run_text(text);
  EXPECT_GT(count(a, BackupState::kFailed), 0);
  EXPECT_LT(count(a, BackupState::kFailed), 20);
  EXPECT_EQ(count(a, BackupState::kFailed), count(b, BackupState::kFailed));
  const Ran certain = run_text(plain(R"(, "failure_probability": "100%")", ""));
  EXPECT_EQ(count(certain, BackupState::kFailed), 40);
}

TEST(World, LostStorageTakesEverythingThere) {
  const Ran ran = run_text(plain("", R"(,
    "events": [{"at": "2026-01-03T03:00:00Z", "kind": "storage_loss", "region": "here"}],
    "requirements": [{"kind": "restore_points", "at_least": 1}])"));
  for (const BackupRecord& b : ran.result.backups) {
    if (b.available < at("2026-01-03T03:00:00Z")) {
      EXPECT_LE(b.deleted, at("2026-01-03T03:00:00Z"));
    }
  }
  EXPECT_EQ(ran.result.requirements[0].first_failure, at("2026-01-03T03:00:00Z"));
}

TEST(World, ATagThatProtectsInItsDialectCounts) {
  const std::string text = plain("", R"(,
    "events": [{"at": "2026-01-02T12:00:00Z", "kind": "manual_backup", "service": "db",
                "tags": ["@PROT"]},
               {"at": "2026-01-03T03:00:00Z", "kind": "storage_loss", "region": "here"}],
    "requirements": [{"kind": "protected"}])");
  const std::string name = R"("name": "db",)";
  const auto with = [&](const char* retention) {
    std::string own = text;
    own.replace(own.find(name), name.size(), name + " \"retention\": \"" + retention + "\",");
    return run_text(own).result.requirements[0].verdict;
  };
  EXPECT_EQ(with("borg2: --keep-daily 9"), sim::Verdict::kFails);
  EXPECT_NE(with("restic: --keep-daily 9"), sim::Verdict::kFails);
}

TEST(World, RestoresTakeTimeAndSayWhatIsLost) {
  const Ran ran = run_text(plain(R"(, "restore_rate": "20 MB/s")", R"(,
    "events": [{"at": "2026-01-02T05:00:00Z", "kind": "restore", "service": "db"},
               {"at": "2026-01-05T05:00:00Z", "kind": "restore", "service": "db",
                "as_of": "2026-01-03T12:30:00Z"}],
    "requirements": [{"kind": "restore_time", "at_most": "20m"}])"));
  ASSERT_EQ(ran.result.restores.size(), 2u);
  EXPECT_EQ(ran.result.restores[0].lost, 5 * kHour);
  EXPECT_EQ(ran.result.restores[0].completed - ran.result.restores[0].started, 30 * kMinute);
  EXPECT_EQ(ran.result.restores[1].lost, 30 * kMinute);
  EXPECT_EQ(ran.result.requirements[0].verdict, sim::Verdict::kFails);
}

TEST(World, CopiesShareALinkFairly) {
  const Ran ran = run_text(R"({"name": "t", "start": "2026-01-01", "horizon": "1d",
    "provider": "plain", "defaults": {"region": "a", "delta": "full"},
    "services": [{"name": "x", "size": "10 GB"}, {"name": "y", "size": "20 GB"}],
    "links": [{"from": "a", "to": "b", "rate": "100 MB/s"}],
    "events": [{"at": "+0s", "kind": "manual_backup", "service": "*",
                "copies": [{"region": "b"}]}]})");
  // Both at 50 MB/s for 200 s, then y's other 10 GB alone at 100 MB/s for 100 s.
  EXPECT_EQ(backup(ran.result, "x/manual-000001@b").available - ran.result.start,
            std::chrono::seconds(200));
  EXPECT_EQ(backup(ran.result, "y/manual-000001@b").available - ran.result.start,
            std::chrono::seconds(300));
}

TEST(World, X_CORE_01_SameSeedSameBytesAtOneAndTwoThreads) {
  const auto fingerprint = [](const Ran& ran) {
    std::string text;
    for (const UsageRecord& r : ran.result.usage) text += cost::to_json_line(r);
    for (const auto& e : ran.result.log)
      text += format_instant(e.at) + log_text(ran.scenario, ran.result, e) + "\n";
    for (const auto& b : ran.result.backups) text += b.id + reason(ran, b) + "\n";
    for (const auto& s : ran.result.series)
      text += fmt::format("{} {}\n", s.region, s.points.size());
    return text;
  };
  std::string services;
  for (int i = 0; i < 12; ++i) {
    services +=
        fmt::format(R"({}{{"name": "s{}", "size": "{} GB"}})", i == 0 ? "" : ", ", i, i + 1);
  }
  const std::string text = R"({"name": "t", "start": "2026-01-01", "horizon": "60d",
    "provider": "plain", "defaults": {"region": "a", "change": {"per_day": "2%"},
      "job": {"rate": "10 MB/s", "failure_probability": "10%"},
      "schedules": [{"cron": "0 3 * * *", "retention_days": 14}]},
    "services": [)" + services +
                           "]}";
  EXPECT_EQ(fingerprint(run_text(text, 1)), fingerprint(run_text(text, 2)));
}

}  // namespace
}  // namespace backcast::scenario
