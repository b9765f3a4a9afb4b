// The vendors' rules as their pages say them, by the words a user would write. Tests that prove a
// row of the vendors' feature table bear its id.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/policy/retention/retention.h"
#include "run_text.h"
#include "sim/run/extremes.h"

namespace backcast::scenario {
namespace {

using sim::BackupRecord;
using sim::kNever;
using sim::Verdict;

// ---- copies -------------------------------------------------------------------------------------

// 10 GB at 50 kB/s: two days and a third on the way.
TEST(VendorPages, Z_XR_04_ACopysRetentionCountsFromItsOwnCreation) {
  const auto copied = [](const char* provider, const char* region, const char* other) {
    return run_text(fmt::format(R"({{"name": "t", "start": "2026-01-05", "horizon": "20d",
      "provider": "{0}",
      "services": [{{"name": "db", "region": "{1}", "size": "10 GB", "delta": "full",
        "schedules": [{{"rule": "zilliz: 1 00:00-02:00", "initial_backup": true, "retention_days": 7,
                        "copies": [{{"region": "{2}", "retention_days": 1}}]}}]}}],
      "links": [{{"from": "{1}", "to": "{2}", "rate": "50 kB/s"}}]}})",
                                provider, region, other));
  };
  const Ran runs[] = {copied("zilliz", "gcp-us-west1", "gcp-us-east4"), copied("plain", "a", "b")};
  for (const Ran& ran : runs) {
    int copies = 0;
    for (const BackupRecord& b : ran.result.backups) {
      if (b.kind != "copy" || b.available == kNever) continue;
      ++copies;
      EXPECT_GT(b.available, b.born + 2 * kDay);
      EXPECT_EQ(b.expires, b.available + kDay) << b.id;
      if (b.expires < ran.result.end) {
        EXPECT_EQ(b.deleted, b.expires) << b.id;
      }
    }
    EXPECT_GE(copies, 2);
  }
}

TEST(VendorPages, Z_XR_11_DroppingAClusterTakesScheduledCopiesAndLeavesThoseByHand) {
  const Ran ran = run_text(R"({"name": "t", "start": "2026-01-05", "horizon": "40d",
    "provider": "zilliz",
    "services": [{"name": "db", "region": "gcp-us-west1", "size": "10 GB", "delta": "full",
      "schedules": [{"weekdays": "1", "window": "00:00-02:00", "retention_days": 30,
                     "copies": [{"region": "gcp-us-east4", "retention_days": 30}]}]}],
    "events": [{"at": "+3d", "kind": "manual_backup", "service": "db",
                "copies": [{"region": "gcp-us-east4"}]},
               {"at": "+20d", "kind": "delete_service", "service": "db"}]})");
  int gone = 0, kept = 0;
  for (const BackupRecord& b : ran.result.backups) {
    const bool by_hand = b.id.find("manual") != std::string::npos;
    ++(by_hand ? kept : gone);
    EXPECT_EQ(b.deleted == kNever, by_hand) << b.id;
  }
  EXPECT_EQ(kept, 2) << "the backup by hand and its copy";
  EXPECT_GE(gone, 6) << "three Mondays, each with its copy";
}

TEST(VendorPages, AVendorKeepsByItsOwnRulesAndByNoOtherTools) {
  const auto service = [](const char* provider, const char* region, const char* words) {
    return fmt::format(R"({{"name": "t", "start": "2026-01-05", "horizon": "9d", "provider": "{}",
      "services": [{{"name": "db", "region": "{}", "size": "10 GB", "change": {{"per_day": "1%"}},
        "retention": "{}", "schedules": [{{}}]}}]}})",
                       provider, region, words);
  };
  for (const auto& [provider, region] :
       {std::pair{"zilliz", "us-east-1"}, {"qdrant", "us-east-1"}, {"zerops", "prg1"}}) {
    expect_fault(service(provider, region, "restic: --keep-daily 3"),
                 {"/services/0/retention", provider, "does not keep backups by"});
  }
  EXPECT_EQ(errors_of(service("zerops", "prg1", "zerops: --min-daily 2")), "");
  EXPECT_EQ(errors_of(service("plain", "here", "restic: --keep-daily 3")).find("retention"),
            std::string::npos);
}

// ---- restores -----------------------------------------------------------------------------------

std::string restore(const std::string& provider, const std::string& service,
                    const std::string& event, const std::string& horizon = "60d") {
  return fmt::format(R"({{"name": "t", "start": "2026-01-05", "horizon": "{}", "provider": "{}",
    "price_book": "zilliz",
    "services": [{{"name": "db", "size": "10 GB", {}}}],
    "events": [{{"at": "+0s", "kind": "manual_backup", "service": "db"}},
               {{"kind": "restore", "service": "db", {}}}],
    "requirements": [{{"kind": "restore_time", "at_most": "1h"}}]}})",
                     horizon, provider, service, event);
}

Verdict verdict_of(const std::string& text) {
  auto loaded = load_text(text);
  EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : all_messages(loaded.error()));
  if (!loaded.ok()) return Verdict::kUnknown;
  auto result = sim::run(loaded->scenario, {.threads = 1});
  std::vector<sim::RunResult> extremes;
  for (const sim::Scenario& variant : sim::extremes_of(loaded->scenario)) {
    extremes.push_back(sim::run(variant, {.threads = 1}));
  }
  sim::keep_common(loaded->scenario, extremes, result);
  return result.requirements[0].verdict;
}

TEST(VendorPages, Q_RES_06_QdrantCloudRestoresAcrossVersionsAndResetsTheCluster) {
  const std::string qdrant = R"("region": "aws-us-east-1", "change": {"per_day": "1%"},
    "job": {"rate": "100 MB/s", "restore_rate": "100 MB/s"})";
  for (const char* cluster : {"1.5.0", "1.3.9", "2.0", "1.4.0"}) {
    const std::string text = restore(
        "qdrant", qdrant,
        fmt::format(R"("at": "+2d", "backup_version": "1.4.1", "target_version": "{}")", cluster));
    EXPECT_EQ(verdict_of(text), Verdict::kHolds) << cluster;
    EXPECT_TRUE(logs(run_text(text), "set back to version 1.4.1")) << cluster;
  }
  // The rule of the same minor version is that of a server's snapshots.
  const std::string server = R"("region": "here", "kind": "qdrant", "delta": "full",
    "job": {"rate": "100 MB/s", "restore_rate": "100 MB/s"})";
  const auto snapshot = [&](const char* version) {
    return verdict_of(restore(
        "plain", server,
        fmt::format(R"("at": "+2d", "backup_version": "1.4.1", "target_version": "{}")", version)));
  };
  EXPECT_EQ(snapshot("1.4.1"), Verdict::kHolds);
  EXPECT_EQ(snapshot("1.4.9"), Verdict::kHolds);
  EXPECT_EQ(snapshot("1.4.0"), Verdict::kFails);
  EXPECT_EQ(snapshot("1.5.0"), Verdict::kFails);
}

const std::string kZilliz = R"("region": "gcp-us-west1", "job": {"restore_rate": "700 MB/s"})";

TEST(VendorPages, Z_RES_10_ZillizRestoresStayInTheRegion) {
  const std::string text = R"({"name": "t", "start": "2026-01-05", "horizon": "20d",
    "provider": "zilliz",
    "services": [{"name": "db", "size": "10 GB", "region": "gcp-us-west1"}],
    "events": [{"at": "+0s", "kind": "manual_backup", "service": "db",
                "copies": [{"region": "gcp-us-east4"}]},
               {"at": "+5d", "kind": "restore", "service": "db"},
               {"at": "+6d", "kind": "restore", "service": "db", "region": "gcp-us-east4"},
               {"at": "+7d", "kind": "restore", "service": "db", "to_region": "gcp-us-east4"},
               {"at": "+8d", "kind": "restore", "service": "db", "to_region": "gcp-europe-west3"}]})";
  const Ran ran = run_text(text);
  ASSERT_EQ(ran.result.restores.size(), 4u);
  const char* const regions[] = {"gcp-us-west1", "gcp-us-east4", "gcp-us-east4"};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(ran.result.restores[i].from_region, regions[i]);
    EXPECT_EQ(ran.result.restores[i].to_region, regions[i]);
  }
  EXPECT_EQ(ran.result.restores[3].completed, kNever);
  EXPECT_EQ(outcome_text(ran.scenario, ran.result.restores[3]),
            "there is no restore point in gcp-europe-west3, and a restore stays in its region");
  expect_fault(restore("zilliz", kZilliz,
                       R"("at": "+2d", "region": "gcp-us-west1", "to_region": "gcp-us-east4")"),
               {"/events/1/to_region", "region it lies in"});
}

TEST(VendorPages, Z_RES_07_TheThirtyDayRuleHoldsWithoutALatestVersion) {
  const auto asked = [](const char* at, const char* versions) {
    return verdict_of(restore("zilliz", kZilliz, fmt::format(R"("at": "{}", {})", at, versions)));
  };
  const char* const own = R"("backup_version": "2.5", "target_version": "2.5")";
  EXPECT_EQ(asked("+20d", own), Verdict::kHolds);  // its own or the latest: 2.5 either way
  EXPECT_EQ(asked("+40d", own), Verdict::kUnknown);
  EXPECT_EQ(asked("+40d", R"("backup_version": "2.5", "target_version": "2.5",
                             "latest_version": "2.6")"),
            Verdict::kFails);
  EXPECT_EQ(asked("+40d", R"("backup_version": "2.5", "target_version": "2.5",
                             "latest_version": "2.5")"),
            Verdict::kHolds);
  EXPECT_EQ(asked("+20d", R"("backup_version": "2.5", "target_version": "2.6")"),
            Verdict::kUnknown);
  EXPECT_EQ(asked("+20d", R"("backup_version": "2.5")"), Verdict::kHolds);
  auto loaded = load_text(restore("zilliz", kZilliz, fmt::format(R"("at": "+40d", {})", own)));
  ASSERT_TRUE(loaded.ok());
  ASSERT_EQ(loaded->scenario.missing.size(), 1u);
  EXPECT_EQ(loaded->scenario.missing[0].pointers,
            std::vector<std::string>{"/events/1/latest_version"});
}

// ---- policies of Zilliz -------------------------------------------------------------------------

std::string zerops(const std::string& project, const std::string& service) {
  return fmt::format(R"({{"name": "t", "start": "2026-01-01", "horizon": "120d",
    "provider": "zerops", "projects": [{{"name": "p"{}}}], "defaults": {{"project": "p"}},
    "services": [{}]}})",
                     project, service);
}

std::string zilliz(const std::string& service, const std::string& more = "") {
  return fmt::format(R"({{"name": "t", "start": "2026-01-05", "horizon": "40d",
    "provider": "zilliz",
    "services": [{{"name": "db", "region": "aws-us-east-1", "size": "20 GB"{}}}]{}}})",
                     service, more);
}

TEST(VendorPages, Z_POL_01_AutomaticBackupsAreOffUnlessAClusterHasAPolicy) {
  const Ran ran = run_text(R"({"name": "t", "start": "2026-01-05", "horizon": "40d",
    "provider": "zilliz", "defaults": {"region": "aws-us-east-1", "size": "20 GB"},
    "services": [{"name": "off"}, {"name": "on", "schedules": [{}]}],
    "requirements": [{"kind": "restore_points", "service": "off", "at_least": 1}]})");
  for (const BackupRecord& b : ran.result.backups) EXPECT_EQ(b.service, 1u) << b.id;
  EXPECT_GE(ran.result.backups.size(), 40u);
  EXPECT_NE(ran.result.requirements[0].verdict, Verdict::kHolds);
}

TEST(VendorPages, ScheduleNamesAtQdrantHaveFourTo64Characters) {
  const auto named = [](std::size_t length) {
    return errors_of(fmt::format(R"({{"name": "t", "start": "2026-01-05", "horizon": "9d",
      "provider": "qdrant", "services": [{{"name": "db", "region": "azure-eastus",
        "size": "1 GB", "schedules": [{{"name": "{}"}}]}}]}})",
                                 std::string(length, 'a')));
  };
  for (const std::size_t length : {4U, 64U}) EXPECT_EQ(named(length), "");
  for (const std::size_t length : {3U, 65U})
    EXPECT_NE(named(length).find("4 to 64"), std::string::npos);
}

TEST(VendorPages, Z_POL_04_AStatedStartInsideTheWindowHolds) {
  const Ran ran =
      run_text(zilliz(R"(, "schedules": [{"rule": "zilliz: daily 00:00-02:00 +45m"}])"));
  std::size_t scheduled = 0;
  for (const BackupRecord& b : ran.result.backups) {
    if (b.born == ran.result.start) continue;  // made when the policy was enabled
    EXPECT_EQ((b.born - ran.result.start) % kDay, 45 * kMinute) << b.id;
    ++scheduled;
  }
  EXPECT_EQ(scheduled, 40u);
}

TEST(VendorPages, Z_POL_05_AnEmptyPolicyIsTheConsolesPreset) {
  const Ran ran = run_text(zilliz(R"(, "schedules": [{}])"));
  std::set<std::int64_t> days;
  for (const BackupRecord& b : ran.result.backups) {
    if (b.born == ran.result.start) continue;  // made when the policy was enabled
    const auto local = policy::to_civil(b.born, *policy::Zone::find("+08:00"));
    EXPECT_TRUE(local.hour == 8 || local.hour == 9) << b.id;  // 08:00-10:00 at UTC+8
    days.insert((b.born - ran.result.start) / kDay);
    EXPECT_EQ(b.expires, b.born + 7 * kDay) << b.id;
  }
  EXPECT_EQ(days.size(), 40u);  // daily
}

TEST(VendorPages, Z_POL_06_RetentionIsOneToThirtyDaysAndSevenByDefault) {
  for (const int days : {0, 31, -1}) {
    expect_fault(
        zilliz(fmt::format(R"(, "schedules": [{{"weekdays": "1", "retention_days": {}}}])", days)),
        {"/services/0/schedules/0/retention_days"});
  }
  const Ran ran = run_text(zilliz(R"(, "schedules": [{"weekdays": "1"}])"));
  ASSERT_FALSE(ran.result.backups.empty());
  EXPECT_EQ(ran.result.backups[0].expires, ran.result.backups[0].born + 7 * kDay);
}

TEST(VendorPages, Z_POL_10_APolicyNamesNoCollectionsAndHoldsTheWholeCluster) {
  expect_fault(zilliz(R"(, "schedules": [{"weekdays": "1", "collections": ["articles"]}])"),
               {"/services/0/schedules/0/collections"});
  const Ran ran = run_text(zilliz(R"(, "collections": 12, "schedules": [{}])"));
  for (const BackupRecord& b : ran.result.backups) EXPECT_EQ(b.size_bytes, 20'000'000'000u) << b.id;
}

TEST(VendorPages, AClusterHasOnePolicyOfWeekdaysAndAWindow) {
  expect_fault(zilliz(R"(, "schedules": [{"weekdays": "1"}, {"weekdays": "3"}])"),
               {"/services/0/schedules/1", "one automatic backup policy"});
  EXPECT_EQ(errors_of(zilliz(R"(, "schedules": [{"weekdays": "1", "until": "+10d"},
                                                {"weekdays": "3", "from": "+10d"}])")),
            "");
  for (const char* time : {R"("cron": "*/5 * * * *")", R"("cron": "0 2 * * *")", R"("every": "6h")",
                           R"("every": "daily")", R"("rule": "oncalendar: daily")"}) {
    expect_fault(zilliz(fmt::format(R"(, "schedules": [{{{}}}])", time)),
                 {"/services/0/schedules/0", "weekdays"});
  }
  expect_fault(zilliz(R"(, "schedules": [{"weekdays": "1", "zone": "Europe/Berlin"}])"), {"UTC"});
}

// ---- plans --------------------------------------------------------------------------------------

std::string planned(const std::string& project, const std::string& service,
                    const std::string& more = "") {
  return zilliz(R"(, "project": "p")" + service,
                R"(, "projects": [{"name": "p", )" + project + "}]" + more);
}

TEST(VendorPages, Z_MAN_09_BackupsAreForDedicatedClusters) {
  const std::string daily = R"(, "schedules": [{}])";
  const std::string manual =
      R"(, "events": [{"at": "+1d", "kind": "manual_backup", "service": "db"}])";
  const std::string restored = R"(, "events": [{"at": "+1d", "kind": "restore", "service": "db"}])";
  for (const auto& [plan, code] : {std::pair("free", "96021"), std::pair("serverless", "96022")}) {
    const std::string project = fmt::format(R"("plan": "{}")", plan);
    expect_fault(planned(project, daily), {"/services/0/schedules", code});
    expect_fault(planned(project, "", manual), {"/events/0", code});
    expect_fault(planned(project, "", restored), {"/events/0", code});
    EXPECT_EQ(errors_of(planned(project, "")), "") << plan;
  }
  for (const char* plan : {"dedicated", "standard", "enterprise", "business-critical"}) {
    EXPECT_EQ(errors_of(planned(fmt::format(R"("plan": "{}")", plan), daily, manual)), "") << plan;
  }
  expect_fault(planned(R"("plan": "buisness-critical")", daily),
               {"/projects/0/plan", "business-critical"});
  expect_fault(R"({"name": "t", "start": "2026-01-05", "horizon": "40d", "provider": "qdrant",
    "projects": [{"name": "p", "plan": "premium"}],
    "services": [{"name": "db", "project": "p", "region": "aws-us-east-1", "size": "1 GB"}]})",
               {"/projects/0/plan", "no plans"});
}

TEST(VendorPages, Z_XR_07_ThePlanGateOfCopiesCanBeSet) {
  const std::string copied =
      R"(, "schedules": [{"copies": [{"region": "aws-us-west-2", "retention_days": 7}]}])";
  EXPECT_EQ(errors_of(planned(R"("plan": "dedicated")", copied)), "");
  expect_fault(planned(R"("plan": "dedicated", "copies_from_plan": "business-critical")", copied),
               {"/services/0/schedules/0/copies/0/region", "plan"});
  EXPECT_EQ(errors_of(planned(
                R"("plan": "business-critical", "copies_from_plan": "business-critical")", copied)),
            "");
  expect_fault(zerops(R"(, "copies_from_plan": "dedicated")", R"({"name": "db", "size": "1 MB"})"),
               {"/projects/0/copies_from_plan"});
}

// ---- fields that nothing would act on -----------------------------------------------------------

TEST(VendorPages, FieldsOfOtherKindsOfEventAreRefused) {
  const auto with = [](const std::string& event) {
    return zilliz("", R"(, "events": [{"at": "+1d", "service": "db", )" + event + "}]");
  };
  expect_fault(with(R"("kind": "manual_backup", "role": "other")"), {"/events/0/role", "role"});
  expect_fault(with(R"("kind": "manual_backup", "retention_days": 7)"),
               {"/events/0/retention_days", "for ever"});
  expect_fault(with(R"("kind": "manual_backup", "for": "3h")"), {"/events/0/for"});
  expect_fault(with(R"("kind": "delete_service", "delete_backups": true)"),
               {"/events/0/delete_backups"});
  expect_fault(with(R"("kind": "suspend", "for": "3h", "tags": ["a"])"), {"/events/0/tags"});
  expect_fault(with(R"("kind": "restore", "target_version": "2.5")"),
               {"/events/0/target_version", "backup_version"});
  EXPECT_EQ(errors_of(with(R"("kind": "manual_backup", "comment": "before the move")")), "");
  const auto plain = [](const std::string& event) {
    return R"({"name": "t", "start": "2026-01-05", "horizon": "40d",
      "services": [{"name": "db", "region": "here", "size": "1 GB", "delta": "full"}],
      "events": [{"at": "+1d", "service": "db", "kind": "restore", )" +
           event + "}]}";
  };
  expect_fault(plain(R"("role": "other")"), {"/events/0/role"});
  expect_fault(plain(R"("backup_version": "2.5", "target_version": "2.5")"),
               {"/events/0/backup_version"});
}

TEST(VendorPages, FieldsOfOtherKindsOfRequirementAreRefused) {
  const auto with = [](const std::string& requirement) {
    return zilliz(R"(, "schedules": [{}])", R"(, "requirements": [{)" + requirement + "}]");
  };
  expect_fault(with(R"("kind": "rpo", "at_most": "26h", "within": "7d")"),
               {"/requirements/0/within", "rpo"});
  expect_fault(with(R"("kind": "coverage", "ladder": ["1d"], "at_most": "26h")"),
               {"/requirements/0/at_most"});
  expect_fault(with(R"("kind": "restore_time", "at_most": "1h", "region": "aws-us-west-2")"),
               {"/requirements/0/region"});
  expect_fault(with(R"("kind": "rpo", "at_most": "26h", "project": "default")"),
               {"/requirements/0/project"});
}

// Qdrant's CreateBackup has a retention_period; without it a backup by hand stays.
TEST(VendorPages, Q_SCH_03_BackupsByHandHaveARetentionAtQdrant) {
  const auto qdrant = [](const std::string& days) {
    return R"({"name": "t", "start": "2026-01-05", "horizon": "40d", "provider": "qdrant",
      "price_book": "qdrant",
      "prices": [{"row": "Cloud backup/*/backup storage", "rate": "1", "because": "test"}],
      "services": [{"name": "db", "region": "azure-eastus", "size": "1 GB",
        "schedules": [{"cron": "@daily")" +
           days + R"(}]}],
      "events": [{"at": "+1d12h", "kind": "manual_backup", "service": "db")" +
           days + "}]}";
  };
  const Ran ran = run_text(qdrant(R"(, "retention_days": 7)"));
  const BackupRecord& manual = backup(ran.result, "db/manual-000001");
  EXPECT_EQ(manual.expires, manual.born + 7 * kDay);
  EXPECT_EQ(manual.deleted, manual.expires);
  EXPECT_EQ(backup(run_text(qdrant("")).result, "db/manual-000001").expires, kNever);
  for (const char* days : {"0", "366", "-1"}) {
    expect_fault(qdrant(fmt::format(R"(, "retention_days": {})", days)),
                 {"/events/0/retention_days", "/services/0/schedules/0/retention_days"});
  }
}

TEST(VendorPages, P_SVC_01_ZeropsBacksUpSevenKindsOfService) {
  for (const char* kind : {"mariadb", "postgresql", "qdrant", "elasticsearch", "nats",
                           "meilisearch", "shared-storage"}) {
    EXPECT_EQ(errors_of(zerops(
                  "", fmt::format(R"({{"name": "db", "kind": "{}", "size": "1 MB"}})", kind))),
              "")
        << kind;
  }
  expect_fault(zerops("", R"({"name": "db", "kind": "valkey", "size": "1 MB"})"),
               {"/services/0/kind", "valkey", "mariadb"});
  expect_fault(zerops("", R"({"name": "db", "kind": "postgresqll", "size": "1 MB"})"),
               {"\"postgresql\""});
}

TEST(VendorPages, Q_SCH_06_NamesOfSchedulesHaveAFormAndStampLaterBackups) {
  const auto qdrant = [](const std::string& schedules) {
    return R"({"name": "t", "start": "2026-01-05", "horizon": "20d", "provider": "qdrant",
      "price_book": "qdrant",
      "prices": [{"row": "Cloud backup/*/backup storage", "rate": "1", "because": "test"}],
      "services": [{"name": "db", "region": "azure-eastus", "size": "1 GB", "schedules": [)" +
           schedules + "]}]}";
  };
  for (const std::string& name :
       {std::string("abc"), std::string(65, 'x'), std::string("a.b.c"), std::string("week:ly")}) {
    expect_fault(qdrant(fmt::format(R"({{"name": "{}", "cron": "@daily"}})", name)),
                 {"/services/0/schedules/0/name"});
  }
  for (const std::string& name : {std::string("abcd"), std::string(64, 'x')}) {
    EXPECT_EQ(errors_of(qdrant(fmt::format(R"({{"name": "{}", "cron": "@daily"}})", name))), "");
  }
  // Renamed on the tenth day: what was made before keeps its name.
  const Ran ran = run_text(qdrant(R"({"name": "nightly", "cron": "0 2 * * *", "until": "+10d"},
    {"name": "renamed", "cron": "0 2 * * *", "from": "+10d"})"));
  ASSERT_EQ(ran.result.backups.size(), 20u);
  for (const BackupRecord& b : ran.result.backups) {
    EXPECT_EQ(b.schedule, b.born < ran.result.start + 10 * kDay ? "nightly" : "renamed") << b.id;
  }
}

}  // namespace
}  // namespace backcast::scenario
