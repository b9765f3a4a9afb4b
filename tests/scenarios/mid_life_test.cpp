// What changes in mid-life: policies, plans, schedules and backups that somebody deletes.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "run_text.h"

namespace backcast::scenario {
namespace {

using sim::BackupRecord;
using sim::BackupState;

// How many backups of the service are there at this time.
int there(const Ran& ran, const char* when, std::uint32_t service = 0) {
  const Instant t = at(when);
  return static_cast<int>(std::count_if(
      ran.result.backups.begin(), ran.result.backups.end(), [&](const BackupRecord& b) {
        return b.service == service && b.available <= t && b.deleted > t;
      }));
}

std::string zerops(const std::string& retention, const std::string& events) {
  return fmt::format(R"({{"name": "t", "start": "2026-01-01", "horizon": "100d",
    "provider": "zerops", "projects": [{{"name": "p"}}], "defaults": {{"project": "p"}},
    "services": [{{"name": "db", "kind": "postgresql", "size": "1000 MiB",
                   "retention": "zerops: {}"}}],
    "events": [{}]}})",
                     retention, events);
}

constexpr const char* kNoMinimums = "--min-daily 0 --min-weekly 0 --min-monthly 0";

// Day 40 begins on 10 February; the automatic backup of a day is made at 00:05.
TEST(MidLife, P_POL_01_TheQuotaOfANewPlanHoldsFromThatMoment) {
  const Ran ran = run_text(zerops(kNoMinimums, R"(
    {"at": "+40d", "kind": "change_plan", "project": "p", "plan": "serious"},
    {"at": "+80d", "kind": "change_plan", "project": "p", "plan": "lightweight"})"));
  EXPECT_EQ(there(ran, "2026-02-09T23:59:59Z"), 5);   // 5 GiB
  EXPECT_EQ(there(ran, "2026-02-10T00:05:00Z"), 6);   // nothing has to go any more
  EXPECT_EQ(there(ran, "2026-02-28T12:00:00Z"), 24);  // one more each day
  EXPECT_EQ(there(ran, "2026-03-21T23:59:59Z"), 25);  // 25 GiB
  EXPECT_EQ(there(ran, "2026-03-22T00:04:59Z"), 25);  // the change alone deletes nothing
  EXPECT_EQ(there(ran, "2026-03-22T00:05:00Z"), 5);   // the next backup does
  EXPECT_TRUE(logs(ran, "project p is on plan serious: quota 26.84 GB, mode keep"));
}

TEST(MidLife, P_POL_01_MinimumsOfANewPolicyHoldFromThatMoment) {
  const Ran ran = run_text(zerops("--min-daily 9 --min-weekly 1 --min-monthly 1", R"(
    {"at": "+40d", "kind": "change_policy", "service": "db",
     "retention": "zerops: --min-daily 6 --min-weekly 1 --min-monthly 1"})"));
  EXPECT_EQ(there(ran, "2026-02-10T00:04:59Z"), 11);  // beyond the quota of 5
  EXPECT_EQ(there(ran, "2026-02-10T00:05:00Z"), 8);
  EXPECT_EQ(there(ran, "2026-04-01T00:00:00Z"), 8);
  EXPECT_TRUE(
      logs(ran, "db: the policy is now retention zerops: minDaily=6 minWeekly=1 minMonthly=1"));
}

TEST(MidLife, P_POL_01_ProtectionFollowsTheTagsOfANewPolicy) {
  const std::string events = R"(
    {"at": "+10d", "kind": "manual_backup", "service": "db", "tags": ["release"]},
    {"at": "+20d", "kind": "manual_backup", "service": "db", "tags": ["audit"]},
    {"at": "+40d", "kind": "change_policy", "service": "db",
     "retention": "zerops: --min-daily 0 --min-weekly 0 --min-monthly 0 --protected-tags audit"})";
  const Ran ran = run_text(zerops(std::string(kNoMinimums) + " --protected-tags release", events));
  const BackupRecord &release = backup(ran.result, "db/manual-000001"),
                     &audit = backup(ran.result, "db/manual-000002");
  // It was protected to the next run of the retention, and no longer.
  EXPECT_EQ(release.deleted, at("2026-02-10T00:05:00Z"));
  EXPECT_FALSE(release.is_protected);
  // Nothing protected this one before, and it was the oldest to go.
  EXPECT_LT(audit.deleted, at("2026-02-10T00:00:00Z"));
}

TEST(MidLife, ASizeLimitOfThePolicyIsNotTheQuotas) {
  const Ran ran = run_text(zerops(std::string(kNoMinimums) + " --max-total-gib 3", R"(
    {"at": "+40d", "kind": "change_plan", "project": "p", "plan": "serious"})"));
  EXPECT_EQ(there(ran, "2026-02-09T00:06:00Z"), 3);
  EXPECT_EQ(there(ran, "2026-04-01T00:06:00Z"), 3);
}

std::string qdrant(const std::string& schedules, const std::string& events) {
  return fmt::format(R"({{"name": "t", "start": "2026-01-01", "horizon": "40d",
    "provider": "qdrant", "services": [{{"name": "v", "region": "aws-us-east-1", "size": "1 GB",
      "change": {{"per_day": "5%"}}, "schedules": [{}]}}], "events": [{}]}})",
                     schedules, events);
}

// What exists keeps the expiry of its birth, in front of the change and behind it.
TEST(MidLife, WhatExistsKeepsItsExpiry) {
  const Ran ran =
      run_text(qdrant(R"({"name": "nightly", "cron": "0 2 * * *", "retention_days": 5})",
                      R"({"at": "+20d", "kind": "change_policy", "service": "v",
      "schedules": [{"name": "nightly", "cron": "0 4 * * *", "retention_days": 10},
                    {"name": "hourly", "cron": "30 */6 * * *", "retention_days": 1}]})"));
  EXPECT_EQ(backup(ran.result, "v/auto-000020").expires, at("2026-01-25T02:00:00Z"));
  EXPECT_EQ(there(ran, "2026-01-21T00:00:00Z"), 5);
  // By turns from then on: 00:30, 04:00, 06:30, 12:30, 18:30.
  EXPECT_EQ(backup(ran.result, "v/auto-000021").born, at("2026-01-21T00:30:00Z"));
  EXPECT_EQ(backup(ran.result, "v/auto-000021").schedule, "hourly");
  EXPECT_EQ(backup(ran.result, "v/auto-000022").expires, at("2026-01-31T04:00:00Z"));
  EXPECT_EQ(there(ran, "2026-02-05T00:00:00Z"), 10 + 4);
}

TEST(MidLife, AScheduleThatIsDeletedLeavesOrTakesItsBackups) {
  const std::string schedules = R"({"name": "nightly", "cron": "0 2 * * *", "retention_days": 30},
                                   {"name": "weekly", "cron": "0 5 * * 1", "retention_days": 30})";
  const Ran stays = run_text(qdrant(schedules, R"({"at": "+20d", "kind": "delete_schedule",
    "service": "v", "schedule": "nightly"})"));
  EXPECT_EQ(there(stays, "2026-01-22T00:00:00Z"), 20 + 3);
  EXPECT_EQ(there(stays, "2026-01-27T00:00:00Z"), 20 + 4);
  EXPECT_TRUE(logs(stays, "v: schedule nightly is deleted; its backups keep their expiry"));
  const Ran goes = run_text(qdrant(schedules, R"({"at": "+20d", "kind": "delete_schedule",
    "service": "v", "schedule": "nightly", "delete_backups": true})"));
  EXPECT_EQ(there(goes, "2026-01-22T00:00:00Z"), 3);
  EXPECT_TRUE(logs(goes, "v/auto-000001 deleted: somebody wants it gone"));
}

TEST(MidLife, ABackupIsDeletedByHandAndTheBytesGoWithIt) {
  const Ran ran = run_text(R"({"name": "t", "start": "2026-01-01", "horizon": "20d",
    "services": [{"name": "db", "region": "here", "size": "1 GB", "delta": "full",
      "schedules": [{"cron": "0 2 * * *", "copies": [{"region": "there"}]}]}],
    "requirements": [{"kind": "rpo", "at_most": "25h"}],
    "events": [
      {"at": "+5d", "kind": "manual_backup", "service": "db", "tags": ["release"]},
      {"at": "+10d", "kind": "delete_backup", "service": "db", "tags": ["release"]},
      {"at": "+10d", "kind": "delete_backup", "service": "db", "tags": ["release"]},
      {"at": "+11d", "kind": "delete_backup", "service": "db", "as_of": "+3d"},
      {"at": "+12d", "kind": "delete_backup", "service": "db", "region": "there"},
      {"at": "+13d", "kind": "delete_backup", "service": "db"}]})");
  EXPECT_EQ(backup(ran.result, "db/manual-000001").deleted, at("2026-01-11T00:00:00Z"));
  EXPECT_EQ(backup(ran.result, "db/auto-000003").deleted, at("2026-01-12T00:00:00Z"));
  EXPECT_EQ(backup(ran.result, "db/auto-000003@there").deleted, sim::kNever);
  EXPECT_EQ(backup(ran.result, "db/auto-000012@there").deleted, at("2026-01-13T00:00:00Z"));
  EXPECT_EQ(backup(ran.result, "db/auto-000013").deleted, at("2026-01-14T00:00:00Z"));
  EXPECT_TRUE(logs(ran, "db: no backup is deleted: no such backup is there"));
  // 20 automatic ones less 2.
  EXPECT_EQ(there(ran, "2026-01-20T23:59:59Z"), 18 + 19);
  EXPECT_EQ(ran.result.requirements[0].verdict, sim::Verdict::kFails);
  const auto home = std::find_if(ran.result.series.begin(), ran.result.series.end(),
                                 [](const sim::Series& s) { return s.region == "here"; });
  EXPECT_EQ(home->points.back().value, 18 * 1'000'000'000ULL);
}

TEST(MidLife, AFleetKeptAsSumsLivesByItsNewPolicy) {
  const auto fleet = [](const char* count, const char* more) {
    return fmt::format(R"({{"name": "t", "start": "2026-01-01", "horizon": "30d",
    "fleets": [{{"name": "vm", "count": {}, "service": {{"region": "here", "size": "1 GB",
      "delta": "full", "retention": "restic: --keep-last 3",
      "schedules": [{{"cron": "0 2 * * *"}}]}}}}],
    "events": [{{"at": "+10d", "kind": "change_policy", "service": "vm",
                 "retention": "restic: --keep-last 8"}},
               {{"at": "+20d", "kind": "delete_schedule", "service": "vm"}}]{}}})",
                       count, more);
  };
  const Ran sums = run_text(fleet("30000", ""));
  ASSERT_EQ(sums.result.series.size(), 1U);
  EXPECT_EQ(sums.result.series[0].points.back().value, 8 * 30'000 * 1'000'000'000ULL);
  expect_fault(R"({"name": "t", "start": "2026-01-01", "horizon": "30d", "provider": "zerops",
    "projects": [{"name": "p", "provider": "plain"}],
    "fleets": [{"name": "vm", "count": 30000, "service": {"project": "p", "provider": "plain",
      "region": "here", "size": "1 GB", "schedules": [{"cron": "0 2 * * *"}]}}],
    "events": [{"at": "+10d", "kind": "change_plan", "project": "p", "quota": "1 TB"}]})",
               {"fleet vm is kept as sums", "from the start"});
}

TEST(MidLife, FaultsNameWhatIsNotThere) {
  const std::string schedule = R"({"name": "nightly", "cron": "0 2 * * *"})";
  const auto faults = [&](const char* events, std::initializer_list<const char*> parts) {
    expect_fault(qdrant(schedule, events), parts);
  };
  faults(R"({"at": "+1d", "kind": "delete_schedule", "service": "v", "schedule": "weekly"})",
         {"/events/0/schedule", "v has no schedule \"weekly\" then", "nightly"});
  faults(R"({"at": "+2d", "kind": "delete_schedule", "service": "v"},
            {"at": "+1d", "kind": "delete_schedule", "service": "v"})",
         {"/events/0/service", "v has 0 schedules then"});
  faults(R"({"at": "+1d", "kind": "change_policy", "service": "v"})",
         {"needs \"schedules\" or \"retention\""});
  faults(R"({"at": "+1d", "kind": "change_policy", "service": "v",
             "schedules": [{"cron": "0 2 * * *", "retention_days": 400}]})",
         {"/events/0/schedules/0/retention_days", "365"});
  faults(R"({"at": "+1d", "kind": "change_plan", "project": "default", "plan": "serious"})",
         {"/events/0/plan", "qdrant has no plans"});
  faults(R"({"at": "+1d", "kind": "change_plan", "project": "default"})", {"what changes"});
  faults(R"({"at": "+1d", "kind": "delete_backup", "service": "v", "region": "mars"})",
         {"/events/0/region", "no backups of v lie in \"mars\""});
  faults(R"({"at": "+1d", "kind": "delete_backup", "service": "v", "schedule": "nightly"})",
         {"nothing acts on \"schedule\""});
}

// Four backups fall into the four hours of the restore, and one is made up for.
TEST(MidLife, NoBackupIsMadeWhileAServiceIsSetBack) {
  const auto plain = [](const char* provider, const char* events) {
    return fmt::format(R"({{"name": "t", "start": "2026-01-01", "horizon": "10d",
      "provider": "{}", "services": [{{"name": "v", "region": "aws-us-east-1", "size": "14.4 GB",
      "delta": "full", "job": {{"restore_rate": "1 MB/s"}},
      "schedules": [{{"cron": "15 * * * *", "missed": "catch_up"}}]}}], "events": [{}]}})",
                       provider, events);
  };
  const char* back = R"({"at": "2026-01-02T10:30:00Z", "kind": "restore", "service": "v",
                         "in_place": true})";
  const Ran ran = run_text(plain("plain", back));
  std::vector<std::string> missed;
  for (const BackupRecord& b : ran.result.backups) {
    if (b.state == BackupState::kRefused) missed.push_back(reason(ran, b));
  }
  EXPECT_EQ(missed, std::vector<std::string>(4, "v is being restored"));
  EXPECT_EQ(ran.result.restores.at(0).completed, at("2026-01-02T14:30:00Z"));
  const bool made_up =
      std::any_of(ran.result.backups.begin(), ran.result.backups.end(),
                  [](const BackupRecord& b) { return b.born == at("2026-01-02T14:30:00Z"); });
  EXPECT_TRUE(made_up);
  EXPECT_TRUE(logs(ran, "into aws-us-east-1, in place, started"));
  // Another cluster takes the data: this one goes on.
  const Ran elsewhere = run_text(
      plain("plain", R"({"at": "2026-01-02T10:30:00Z", "kind": "restore", "service": "v"})"));
  EXPECT_EQ(elsewhere.result.backups.size(), 240U);
  expect_fault(R"({"name": "t", "start": "2026-01-01", "horizon": "10d", "provider": "zilliz",
    "services": [{"name": "v", "region": "gcp-us-west1", "size": "1 GB"}],
    "events": [{"at": "+1d", "kind": "restore", "service": "v", "in_place": true}]})",
               {"/events/0/in_place", "zilliz has no rule"});
}

// Plans of Zilliz decide whether there are backups, and copies.
TEST(MidLife, APlanThatHasNoBackupsIsRefusedWithTheVendorsCode) {
  const auto zilliz = [](const char* plan, const char* copies, const char* events) {
    return fmt::format(R"({{"name": "t", "start": "2026-01-01", "horizon": "30d",
      "provider": "zilliz", "projects": [{{"name": "p", "plan": "{}",
      "copies_from_plan": "business-critical"}}], "services": [{{"name": "v", "project": "p",
      "region": "gcp-us-west1", "size": "1 GB", "schedules": [{}]}}], "events": [{}]}})",
                       plan, copies, events);
  };
  const char* copies = R"({"copies": [{"region": "gcp-us-east4", "retention_days": 3}]})";
  expect_fault(zilliz("dedicated", "{}", R"({"at": "+9d", "kind": "change_plan", "project": "p",
                       "plan": "serverless"})"),
               {"/events/0/plan", "96022"});
  expect_fault(zilliz("business-critical", copies, R"({"at": "+9d", "kind": "change_plan",
                       "project": "p", "plan": "dedicated"})"),
               {"/events/0/plan", "copies to other regions"});
  const char* later = R"({"at": "+9d", "kind": "change_plan", "project": "p",
                          "plan": "business-critical"},
    {"at": "+10d", "kind": "change_policy", "service": "v", "schedules": [
      {"copies": [{"region": "gcp-us-east4", "retention_days": 3}]}]})";
  EXPECT_EQ(errors_of(zilliz("dedicated", "{}", later)), "");
  const char* too_early = R"({"at": "+11d", "kind": "change_plan", "project": "p",
                          "plan": "business-critical"},
    {"at": "+10d", "kind": "change_policy", "service": "v", "schedules": [
      {"copies": [{"region": "gcp-us-east4", "retention_days": 3}]}]})";
  expect_fault(zilliz("dedicated", "{}", too_early), {"/events/1/schedules/0/copies/0"});
}

}  // namespace
}  // namespace backcast::scenario
