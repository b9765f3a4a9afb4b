// What a full quota means at Zerops: three readings, each with its source.
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
using sim::Verdict;

int available(const Ran& ran, std::uint32_t service = 0) {
  return static_cast<int>(std::count_if(
      ran.result.backups.begin(), ran.result.backups.end(), [&](const BackupRecord& b) {
        return b.state == BackupState::kAvailable && b.service == service;
      }));
}

int refused(const Ran& ran) {
  return static_cast<int>(
      std::count_if(ran.result.backups.begin(), ran.result.backups.end(),
                    [](const BackupRecord& b) { return b.state == BackupState::kRefused; }));
}

std::string zerops(const std::string& project, const std::string& services,
                   const std::string& more = "") {
  return fmt::format(R"({{"name": "t", "start": "2026-01-01", "horizon": "120d",
    "provider": "zerops", "projects": [{{"name": "p"{}}}], "defaults": {{"project": "p"}},
    "services": [{}]{}}})",
                     project, services, more);
}

TEST(VendorPages, P_QUO_02_MinimumsAreKeptBeyondTheQuotaAsRetentionSays) {
  const std::string service = R"({"name": "db", "kind": "postgresql", "size": "1000 MiB"})";
  const Ran ran =
      run_text(zerops("", service, R"(, "requirements": [{"kind": "rpo", "at_most": "25h"}])"));
  EXPECT_EQ(available(ran), 14);
  EXPECT_EQ(refused(ran), 0);
  EXPECT_EQ(ran.result.requirements[0].verdict, Verdict::kHolds);
  // The rule book alone, over the same backups: `backcast retention`.
  std::vector<policy::Snapshot> snapshots;
  for (const BackupRecord& b : ran.result.backups) {
    policy::Snapshot snapshot;
    snapshot.id = b.id;
    snapshot.time = b.born;
    snapshot.size_bytes = b.size_bytes;
    snapshot.tags = b.tags;
    snapshot.origin = policy::Origin::kAutomatic;
    snapshots.push_back(snapshot);
  }
  const auto plan = policy::plan(*policy::parse_policy("zerops: --min-daily 7"), snapshots,
                                 {ran.result.end, policy::Zone::utc()});
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    EXPECT_EQ(plan.verdicts[i].keep, ran.result.backups[i].state == BackupState::kAvailable)
        << snapshots[i].id;
  }
  EXPECT_TRUE(std::any_of(ran.scenario.said.begin(), ran.scenario.said.end(), [](const auto& said) {
    return said.find("quota_mode keep (guide") != std::string::npos;
  }));
}

TEST(VendorPages, P_QUO_02_RefusingIsAModeOfItsOwnThatNamesItsSource) {
  const std::string service = R"({"name": "db", "kind": "postgresql", "size": "1000 MiB"})";
  const Ran hard = run_text(zerops(R"(, "quota_mode": "hard")", service));
  EXPECT_EQ(available(hard), 5);
  EXPECT_EQ(refused(hard), 115);
  EXPECT_TRUE(logs(hard, "not stored (quota_mode \"hard\")"));
  EXPECT_TRUE(
      std::any_of(hard.scenario.said.begin(), hard.scenario.said.end(), [](const auto& said) {
        return said.find("quota_mode hard (public API") != std::string::npos;
      }));
  const Ran bill = run_text(zerops(R"(, "quota_mode": "bill")", service));
  EXPECT_EQ(available(bill), 14);
  EXPECT_EQ(refused(bill), 0);
  // 14,000 MiB less 5 GiB free at 0.10 USD.
  const Ran ceiling =
      run_text(zerops(R"(, "quota_mode": "bill", "quota_ceiling": "8 GiB")", service));
  EXPECT_EQ(available(ceiling), 8);
  expect_fault(zerops(R"(, "quota_mode": "refuse")", service), {"/projects/0/quota_mode", "hard"});
}

// What belongs to no minimum goes, whichever service of the project holds it.
TEST(VendorPages, P_QUO_01_TheServicesOfAProjectShareItsQuota) {
  const std::string policy =
      R"("retention": "zerops: --min-daily 1 --min-weekly 0 --min-monthly 0")";
  const std::string services =
      R"({"name": "a", "size": "1000 MiB", )" + policy +
      R"(}, {"name": "b", "size": "500 MiB", "schedules": [{"every": "weekly"}],
          "retention": "zerops: --min-daily 0 --min-weekly 1 --min-monthly 1"})";
  const Ran ran = run_text(zerops("", services, R"(, "requirements": [
    {"kind": "quota", "project": "p", "at_most": "5 GiB"}, {"kind": "rpo", "service": "a",
     "at_most": "25h"}])"));
  for (const auto& outcome : ran.result.requirements) EXPECT_EQ(outcome.verdict, Verdict::kHolds);
  EXPECT_GE(available(ran, 1), 1);
  EXPECT_LE(1000 * available(ran, 0) + 500 * available(ran, 1), 5 * 1024);
  // Two services of 3 GiB: both minimums stay, and the project is over its quota.
  const Ran over = run_text(zerops("", R"({"name": "a", "size": "3 GiB"}, {"name": "b",
    "size": "3 GiB"})",
                                   R"(, "requirements": [{"kind": "quota", "project": "p",
    "at_most": "5 GiB"}])"));
  EXPECT_EQ(over.result.requirements[0].verdict, Verdict::kFails);
  EXPECT_EQ(refused(over), 0);
  EXPECT_EQ(available(over, 0), 14);
  EXPECT_EQ(available(over, 1), 14);
}

// The policy's own limit of bytes may be none: the project's quota holds all the same.
TEST(VendorPages, P_RET_06_TheQuotaHoldsWhereThePolicyLimitsNoBytes) {
  for (const char* own :
       {"zerops: --max-total-gib 0", "zerops: --max-total-gib 0 --max-total-files 0"}) {
    const std::string service =
        fmt::format(R"({{"name": "db", "size": "500 MiB", "retention": "{}"}})", own);
    const Ran ran = run_text(zerops("", service, R"(, "requirements": [
      {"kind": "quota", "project": "p", "at_most": "7 GiB"}])"));
    EXPECT_EQ(ran.result.requirements[0].verdict, Verdict::kHolds) << own;
    EXPECT_LE(available(ran), 14) << own;
    EXPECT_GE(available(ran), 10) << own;
  }
}

TEST(VendorPages, P_TAG_06_ProtectedBackupsAreKeptBeyondTheQuota) {
  std::string events;
  for (int i = 0; i < 8; ++i) {
    events += fmt::format(R"({}{{"at": "+{}d12h", "kind": "manual_backup", "service": "db",
      "tags": ["protected"]}})",
                          i == 0 ? "" : ", ", 10 + i);
  }
  const Ran ran = run_text(zerops(
      "", R"({"name": "db", "size": "1000 MiB"})",
      fmt::format(R"(, "events": [{}], "requirements": [{{"kind": "protected"}}])", events)));
  EXPECT_EQ(available(ran), 14 + 8);
  EXPECT_EQ(refused(ran), 0);
  EXPECT_EQ(ran.result.requirements[0].verdict, Verdict::kHolds);
}

TEST(VendorPages, AQuotaThatKeepsMinimumsNeedsAPolicyThatHasThem) {
  const std::string service = R"({"name": "db", "provider": "plain", "region": "here",
    "size": "1 MiB", "change": {"per_day": "1%"}, "retention": "restic: --keep-last 5"})";
  expect_fault(zerops("", service), {"/services/0/retention", "hard"});
  EXPECT_EQ(errors_of(zerops(R"(, "quota_mode": "hard")", service)), "");
}

// "daily" is the vendor's own minute, and automatic backups bear time tags whatever is kept.
TEST(VendorPages, TimeTagsAndPeriodsAtZeropsAreItsOwn) {
  const Ran ran = run_text(zerops("", R"({"name": "db", "size": "1 MiB",
    "schedules": [{"every": "daily"}],
    "retention": "zerops: --min-daily 0 --min-weekly 0 --min-monthly 0"})"));
  ASSERT_EQ(ran.result.backups.size(), 120u);
  for (const sim::BackupRecord& b : ran.result.backups) {
    EXPECT_EQ((b.born - ran.result.start) % kDay, 5 * kMinute) << b.id;
    ASSERT_FALSE(b.tags.empty()) << b.id;
    EXPECT_EQ(b.tags.front(), "daily");
  }
}

// ------------------------------------------------------------------------------------------------

// A gigabyte a day into a quota of five, of which the policy must keep seven dailies.
std::string crowded(const std::string& minimums, const std::string& project = "",
                    const std::string& more = "") {
  return zerops(R"(, "quota": "5 GB")" + project,
                R"({"name": "db", "kind": "postgresql", "size": "1 GB", "retention":
                    "zerops: --min-daily 7 )" +
                    minimums + R"("})",
                more);
}
using Warnings = std::vector<std::string>;

TEST(NoRoom, P_QUO_02_MinimumsThatFillTheQuotaAreWarnedOfWhereNothingMoreIsStored) {
  const Ran full = run_text(crowded("--min-weekly 0 --min-monthly 0"));
  EXPECT_EQ(refused(full), 109);
  EXPECT_EQ(full.result.warnings,
            Warnings{"none of the 109 automatic backups of db since 2026-01-12T00:05:00Z is "
                     "stored, for want of room: retention would delete it at once: would pass the "
                     "maximum total of 5.00 GB; keep less or raise the limit, or give what comes "
                     "a minimum: a backup counts once, as monthly before weekly before daily, and "
                     "the last one has the tags daily, weekly, monthly"});
  // Each of the ways out that it names.
  for (const char* minimums :
       {"--min-weekly 1 --min-monthly 1", "--min-weekly 4 --min-monthly 3"}) {
    const Ran kept = run_text(crowded(minimums));
    EXPECT_EQ(refused(kept), 0) << minimums;
    EXPECT_EQ(kept.result.warnings, Warnings{}) << minimums;
  }
  std::string less = crowded("--min-weekly 0 --min-monthly 0");
  less.replace(less.find("--min-daily 7"), 13, "--min-daily 3");
  EXPECT_EQ(run_text(less).result.warnings, Warnings{});
  std::string larger = crowded("--min-weekly 0 --min-monthly 0");
  larger.replace(larger.find("5 GB"), 4, "9 GB");
  EXPECT_EQ(run_text(larger).result.warnings, Warnings{});
}

TEST(NoRoom, AHardQuotaIsWarnedOfOnceForAllServicesOfAProject) {
  const std::string service = R"({"name": "a", "kind": "postgresql", "size": "300 MB"},
      {"name": "b", "kind": "postgresql", "size": "300 MB"},
      {"name": "other", "project": "q", "kind": "postgresql", "size": "300 MB"})";
  std::string text = zerops(R"(, "quota": "5 GB", "quota_mode": "hard"}, {"name": "q")", service);
  const Ran ran = run_text(text);
  ASSERT_EQ(ran.result.warnings.size(), 1u);
  EXPECT_EQ(ran.result.warnings[0].find(
                fmt::format("none of the {} automatic backups of ", refused(ran))),
            0u)
      << ran.result.warnings[0];
  for (const char* part :
       {"and 1 more of its project since 2026-01-", "over its quota of 5.00 GB"}) {
    EXPECT_NE(ran.result.warnings[0].find(part), std::string::npos) << ran.result.warnings[0];
  }
}

// What was refused for a while and is stored again, or for a few days only, is no warning.
TEST(NoRoom, IsNotSaidOfATimeThatEnds) {
  const std::string hard = R"(, "quota_mode": "hard")";
  const std::string minimums = "--min-weekly 0 --min-monthly 0";
  const std::string larger = R"(, "events": [{"at": "+100d", "kind": "change_plan", "project": "p",
                                              "quota": "20 GB"}])";
  const Ran raised = run_text(crowded(minimums, hard, larger));
  EXPECT_GT(refused(raised), 80);
  EXPECT_EQ(raised.result.warnings, Warnings{});
  std::string brief = crowded(minimums, hard);
  brief.replace(brief.find("120d"), 4, "10d");
  const Ran few = run_text(brief);
  EXPECT_GE(refused(few), 3);
  EXPECT_EQ(few.result.warnings, Warnings{});
}

}  // namespace
}  // namespace backcast::scenario
