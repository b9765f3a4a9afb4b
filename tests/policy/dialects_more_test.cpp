// Classes, chains, inheritance, and versions: what the dialects take beyond a list of times.
#include "tests/policy/retention_support.h"

namespace backcast::policy {
namespace {

using namespace testing;
using Ids = std::vector<std::string>;

// ---------------------------------------------------------------------------------------------
// sanoid

TEST(Sanoid, NothingGoesWhileThePoolIsEmptierThanPruneDefer) {
  std::vector<Snapshot> history;
  for (int day = 1; day <= 5; ++day) {
    history.push_back(made("2026-01-0" + std::to_string(day) + "T23:59:00Z"));
    history.back().id = "tank@autosnap_2026-01-0" + std::to_string(day) + "_23:59:00_daily";
  }
  const Decided full =
      decide_on("sanoid: daily=2 prune_defer=60 --pool-used 60", history, "2026-03-01");
  EXPECT_EQ(full.kept().size(), 2u);
  const Decided empty =
      decide_on("sanoid: daily=2 prune_defer=60 --pool-used 59", history, "2026-03-01");
  EXPECT_EQ(empty.kept().size(), 5u);
  EXPECT_EQ(empty.why(history[0].id), "deferred: the pool is 59 % full, pruning begins at 60 %");
  EXPECT_EQ(
      refusal("sanoid: daily=2 prune_defer=60"),
      "sanoid: prune_defer waits until the pool fills up, and nothing says how full it is; add "
      "--pool-used 55 (percent), as zpool list shows it");
}

TEST(Sanoid, ARunMakesTheClassesWhosePreferredTimeHasPassed) {
  const RetentionPolicy policy =
      parse_policy("sanoid: frequently=4 hourly=36 daily=30 weekly=4 monthly=3 yearly=1").value();
  const auto due = [&](const char* when, const char* previous, const char* zone = "UTC") {
    return tags_at_birth(policy, {}, at(when), at(previous), Zone::find(zone).value());
  };
  // 2026-01-05 is a Monday.
  EXPECT_EQ(due("2026-01-06T10:15:00Z", "2026-01-06T10:00:00Z"), Ids{"autosnap_frequently"});
  EXPECT_EQ(due("2026-01-06T11:00:00Z", "2026-01-06T10:45:00Z"),
            (Ids{"autosnap_frequently", "autosnap_hourly"}));
  EXPECT_EQ(due("2026-01-06T23:59:00Z", "2026-01-06T23:45:00Z"), Ids{"autosnap_daily"});
  EXPECT_EQ(due("2026-01-05T23:30:00Z", "2026-01-05T23:29:00Z"),
            (Ids{"autosnap_frequently", "autosnap_weekly"}));
  EXPECT_EQ(due("2026-02-01T00:00:00Z", "2026-01-31T23:59:30Z"),
            (Ids{"autosnap_frequently", "autosnap_hourly", "autosnap_monthly"}));
  EXPECT_EQ(due("2026-01-01T00:00:00Z", "2025-12-31T23:59:30Z"),
            (Ids{"autosnap_frequently", "autosnap_hourly", "autosnap_monthly", "autosnap_yearly"}));
  EXPECT_EQ(due("2026-01-06T10:05:00Z", "2026-01-06T10:01:00Z"), std::nullopt);  // nothing is due
  EXPECT_EQ(due("2026-01-31T23:00:00Z", "2026-01-31T22:59:00Z", "Europe/Berlin"),
            (Ids{"autosnap_frequently", "autosnap_hourly", "autosnap_monthly"}));
}

TEST(Sanoid, ARestorePointOfTwoClassesGoesWhenBothLetItGo) {
  auto history = made({"2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"});
  for (Snapshot& s : history) s.tags = {"autosnap_hourly", "autosnap_daily"};
  EXPECT_EQ(decide_on("sanoid: hourly=1 daily=2", history, "2026-02-01").kept().size(), 2u);
  EXPECT_EQ(decide_on("sanoid: hourly=2 daily=1", history, "2026-02-01").kept().size(), 2u);
  EXPECT_EQ(decide_on("sanoid: hourly=1 daily=1", history, "2026-02-01").kept().size(), 1u);
}

// ---------------------------------------------------------------------------------------------
// Veeam chains

std::vector<Snapshot> chain(std::initializer_list<const char*> files) {
  std::vector<Snapshot> history;
  for (const char* file : files) {
    Snapshot s = made("2026-01-01T22:00:00Z");
    s.time += static_cast<int>(history.size()) * kDay;
    s.id = file;
    history.push_back(std::move(s));
  }
  return history;
}

TEST(Veeam, AForwardChainStaysUntilItsLastIncrementMayGo) {
  const auto history = chain({"1.vbk", "2.vib", "3.vib", "4.vbk", "5.vib", "6.vib"});
  const Decided d = decide_on("veeam: --restore-points 4", history, "2026-01-07");
  EXPECT_EQ(d.kept(), (Ids{"6.vib", "5.vib", "4.vbk", "3.vib", "2.vib", "1.vbk"}));
  EXPECT_EQ(d.why("2.vib"), "an increment that stays needs it");
  EXPECT_EQ(d.why("1.vbk"), "2 increments that stay need it");
  // With three, the old chain is whole outside of the count and goes at once.
  EXPECT_EQ(decide_on("veeam: --restore-points 3", history, "2026-01-07").kept(),
            (Ids{"6.vib", "5.vib", "4.vbk"}));
}

TEST(Veeam, OnlyFullsAreFlaggedAndAFlaggedFullOutlivesItsIncrements) {
  const auto history = chain({"1.vbk", "2.vib", "3.vib", "4.vbk", "5.vib", "6.vib"});
  const Decided d =
      decide_on("veeam: --restore-points 2 --monthly 2", history, "2026-01-07T00:00:00Z");
  EXPECT_EQ(d.kept(), (Ids{"6.vib", "5.vib", "4.vbk", "1.vbk"}));
  EXPECT_EQ(d.why("1.vbk").substr(0, 16), "GFS monthly flag");
  EXPECT_EQ(d.why("4.vbk"), "2 increments that stay need it");
}

TEST(Veeam, ReverseIncrementsGoOneByOne) {
  const auto history = chain({"1.vrb", "2.vrb", "3.vrb", "4.vbk"});
  EXPECT_EQ(decide_on("veeam: --restore-points 2", history, "2026-01-07").kept(),
            (Ids{"4.vbk", "3.vrb"}));
}

// ---------------------------------------------------------------------------------------------
// AWS Backup

TEST(Aws, AContinuousBackupLives35DaysAtMostAndNeverMovesToCold) {
  const auto history = made({"2026-01-01T00:00:00Z"});
  EXPECT_EQ(decide_on("aws: --continuous --delete-after-days 35", history, "2026-01-31T00:00:00Z")
                .why("2026-01-01T00:00:00Z"),
            "continuous, expires in 5d");
  EXPECT_NE(refusal("aws: --continuous --delete-after-days 36").find("1 to 35 days"),
            std::string::npos);
  EXPECT_NE(refusal("aws: --continuous --delete-after-days -1").find("1 to 35 days"),
            std::string::npos);
  EXPECT_NE(
      refusal("aws: --continuous --cold-after-days 1 --delete-after-days 120").find("35 days"),
      std::string::npos);
}

TEST(Aws, ACopyCountsFromTheSourcesCreationAndInheritsItsExpiry) {
  Point copy;
  copy.time = at("2026-01-01T00:00:00Z");  // of the source: a copy keeps it
  copy.marks = kMarkCopy;
  const auto expires = [&](const char* policy) {
    return birth(parse_policy(policy).value(), copy, {}, {}).expires;
  };
  EXPECT_EQ(expires("aws: --delete-after-days 35 --copy-delete-after-days 365"),
            copy.time + 365 * kDay);
  EXPECT_EQ(expires("aws: --delete-after-days 35"), copy.time + 35 * kDay);
  EXPECT_EQ(expires("aws: --delete-after-days 35 --copy-delete-after-days -1"),
            copy.time + 35 * kDay);
  EXPECT_EQ(expires("aws: --delete-after-days -1"), std::nullopt);
  EXPECT_NE(refusal("aws: --delete-after-days 35 --copy-cold-after-days 30 "
                    "--copy-delete-after-days 100")
                .find("at least 120 days"),
            std::string::npos);
}

// ---------------------------------------------------------------------------------------------
// kopia's inheritance

Snapshot of_source(const char* user, const char* host, const char* path) {
  Snapshot s;
  s.username = user;
  s.host = host;
  s.paths = {path};
  return s;
}

TEST(Kopia, EachCountComesFromTheNearestPolicyThatGivesOne) {
  const RetentionPolicy policy =
      parse_policy(
          "kopia: --keep-latest 10 --keep-daily 7 --keep-weekly 4 --for @db --keep-daily 30 "
          "--for root@db --keep-weekly 8 --for root@db:/var --keep-latest 3 --for root@db:/var/lib "
          "--keep-latest 1 --keep-daily inherit")
          .value();
  const auto counts = [&](const Snapshot& s) {
    const auto p = std::get<KopiaPolicy>(for_source(policy, s));
    EXPECT_TRUE(p.overrides.empty());
    return std::vector<int>{*p.latest, *p.daily, *p.weekly};
  };
  EXPECT_EQ(counts(of_source("root", "web", "/var/lib/x")), (std::vector{10, 7, 4}));
  EXPECT_EQ(counts(of_source("ann", "db", "/home")), (std::vector{10, 30, 4}));
  EXPECT_EQ(counts(of_source("root", "db", "/home")), (std::vector{10, 30, 8}));
  EXPECT_EQ(counts(of_source("root", "db", "/var")), (std::vector{3, 30, 8}));
  EXPECT_EQ(counts(of_source("root", "db", "/variable")), (std::vector{10, 30, 8}));
  EXPECT_EQ(counts(of_source("root", "db", "/var/lib/mysql")), (std::vector{1, 30, 8}));
  EXPECT_EQ(parse_policy(to_text(policy)).value(), policy);
}

TEST(Kopia, SourcesOfOneHistoryArePlannedEachUnderItsOwnPolicy) {
  std::vector<Snapshot> history;
  for (const char* host : {"web", "db"}) {
    for (Snapshot s : series("2026-01-01T02:00:00Z", 5)) {
      s.host = host;
      s.id = host + s.id;
      history.push_back(std::move(s));
    }
  }
  const Decided d =
      decide_on("kopia: --keep-latest 2 --for @db --keep-latest 4", history, "2026-02-01");
  EXPECT_EQ(d.kept().size(), 6u);
}

TEST(Kopia, ATargetNamesAHost) {
  EXPECT_NE(refusal("kopia: --for db --keep-daily 3").find("@host"), std::string::npos);
  EXPECT_NE(refusal("kopia: --for @db --defaults").find("before --for"), std::string::npos);
}

// ---------------------------------------------------------------------------------------------
// borg

TEST(Borg, QuarterlyRulesCameWith14) {
  EXPECT_EQ(refusal("borg: --version 1.4 --keep-13weekly 3"), "accepted");
  EXPECT_EQ(refusal("borg: --version 1.2 --keep-daily 3"), "accepted");
  EXPECT_NE(refusal("borg: --version 1.2 --keep-3monthly 3").find("came with 1.4"),
            std::string::npos);
  EXPECT_NE(refusal("borg: --version 1.2").find("at least one"), std::string::npos);
}

}  // namespace
}  // namespace backcast::policy
