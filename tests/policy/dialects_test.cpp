// What each tool decides where careless readings differ.
#include "tests/policy/retention_support.h"

namespace backcast::policy {
namespace {

using namespace testing;
using Ids = std::vector<std::string>;

// ---------------------------------------------------------------------------------------------
// restic

TEST(Restic, PeriodsAreThoseOfTheOffsetStoredWithEachSnapshot) {
  // One UTC day, two local days.
  const auto history = made({"2026-01-01T23:30:00+00:00", "2026-01-02T01:45:00+02:00"});
  EXPECT_EQ(decide_on("restic: --keep-daily 5", history, "2026-02-01").kept().size(), 2u);
  const auto same_day = made({"2026-01-02T00:30:00+14:00", "2026-01-02T23:30:00-12:00"});
  EXPECT_EQ(
      decide_on("restic: --keep-daily 1 --unsafe-allow-remove-all", same_day, "2026-02-01").kept(),
      Ids{"2026-01-02T23:30:00-12:00"});
}

TEST(Restic, ADayAcrossTheAutumnChangeIs25HoursInTheZoneOfTheProcess) {
  const auto history = made({"2025-10-25T12:30:00+02:00", "2025-10-26T12:00:00+01:00"});
  const std::string policy = "restic: --keep-within 1d";
  EXPECT_EQ(decide_on(policy, history, "2026-01-01", "Europe/Berlin").kept().size(), 2u);
  EXPECT_EQ(decide_on(policy, history, "2026-01-01", "UTC").kept().size(), 1u);
}

TEST(Restic, MonthsOverflowAsInGo) {
  // 31 March 2026 minus one month is 31 February, that is 3 March.
  const auto history =
      made({"2026-03-02T12:00:00Z", "2026-03-04T12:00:00Z", "2026-03-31T12:00:00Z"});
  EXPECT_EQ(decide_on("restic: --keep-within 1m", history, "2026-04-01").kept(),
            (Ids{"2026-03-31T12:00:00Z", "2026-03-04T12:00:00Z"}));
}

TEST(Restic, WithinIsExclusiveAndMeasuredFromTheNewestNotInTheFuture) {
  const auto history =
      made({"2026-01-01T12:00:00Z", "2026-01-02T12:00:00Z", "2030-01-01T00:00:00Z"});
  const Decided d = decide_on("restic: --keep-within 1d", history, "2026-01-03");
  EXPECT_EQ(d.kept(), (Ids{"2030-01-01T00:00:00Z", "2026-01-02T12:00:00Z"}));
  EXPECT_EQ(d.why("2026-01-01T12:00:00Z"), "within: too old by 0s");
  const auto ahead = made({"2030-01-01", "2031-01-01"});
  EXPECT_EQ(decide_on("restic: --keep-within 1h", ahead, "2026-01-01").kept().size(), 2u);
}

TEST(Restic, GroupsByHostAndPathsUnlessTold) {
  auto history = made({"2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z", "2026-01-01T12:00:00Z"});
  history[0].host = "a";
  history[1].host = history[2].host = "b";
  history[1].paths = {"/x", "/y"};
  history[2].paths = {"/y", "/x"};  // the order of paths does not matter
  EXPECT_EQ(decide_on("restic: --keep-daily 1", history, "2026-02-01").kept(),
            (Ids{"2026-01-01T12:00:00Z", "2026-01-01T10:00:00Z"}));
  EXPECT_EQ(decide_on("restic: --keep-daily 1 --group-by ''", history, "2026-02-01").kept(),
            Ids{"2026-01-01T12:00:00Z"});
}

TEST(Restic, TagListsAreAndInsideOrBetweenAndEmptyMeansUntagged) {
  std::vector<Snapshot> history{made("2026-01-01", {"a", "b"}), made("2026-01-02", {"a"}),
                                made("2026-01-03", {"c"}), made("2026-01-04")};
  const Decided d =
      decide_on("restic: --keep-tag a,b --keep-tag c --keep-tag ''", history, "2026-02-01");
  EXPECT_EQ(d.kept(), (Ids{"2026-01-04", "2026-01-03", "2026-01-01"}));
  EXPECT_EQ(d.why("2026-01-01"), "has tags [a, b]");
}

TEST(Restic, NeverEmptiesAGroupUnlessAllowed) {
  const auto history = made({"2026-01-01", "2026-01-02"});
  const Decided safe = decide_on("restic: --keep-tag nobody", history, "2026-02-01");
  EXPECT_EQ(safe.kept().size(), 2u);
  EXPECT_EQ(safe.why("2026-01-01"), "refusing to empty the group");
  EXPECT_EQ(decide_on("restic: --keep-tag nobody --unsafe-allow-remove-all", history, "2026-02-01")
                .kept()
                .size(),
            0u);
  EXPECT_EQ(
      decide_on("restic: --keep-tag nobody --version 0.16", history, "2026-02-01").kept().size(),
      0u);
}

TEST(Restic, Before016AWindowDoesNotKeepTheOldest) {
  const auto history = made({"2026-01-01T10:00:00Z", "2026-01-01T11:00:00Z"});
  const std::string policy = "restic: --keep-within-daily 7d";
  EXPECT_EQ(decide_on(policy, history, "2026-02-01").why("2026-01-01T10:00:00Z"),
            "oldest daily within 7d");
  EXPECT_EQ(decide_on(policy + " --version 0.14", history, "2026-02-01").kept().size(), 1u);
}

TEST(Restic, WhyNotNamesTheRuleThatCameClosest) {
  const auto history = series("2026-01-01T12:00:00Z", 31);
  const Decided d = decide_on("restic: --keep-daily 7 --keep-weekly 3", history, "2026-02-01");
  // Sunday 11 January is the newest of the fourth week back.
  EXPECT_EQ(d.why("2026-01-11T12:00:00Z"), "weekly is full: 4 instead of 3 would keep it");
  EXPECT_EQ(d.why("2026-01-24T12:00:00Z"), "daily is full: 8 instead of 7 would keep it");
}

// ---------------------------------------------------------------------------------------------
// borg

TEST(Borg, KeepLastDropsASecondArchiveOfTheSameSecond) {
  const auto history =
      made({"2026-01-01T10:00:00.1Z", "2026-01-01T10:00:00.9Z", "2026-01-01T09:00:00Z"});
  EXPECT_EQ(decide_on("borg: --keep-last 2", history, "2026-02-01").kept(),
            (Ids{"2026-01-01T10:00:00.9Z", "2026-01-01T09:00:00Z"}));
}

TEST(Borg, DaysAreLocalToThePruningProcess) {
  const auto history = made({"2026-01-01T22:30:00Z", "2026-01-01T23:30:00Z"});
  EXPECT_EQ(decide_on("borg: -d 9", history, "2026-02-01", "UTC").kept().size(), 2u);  // [oldest]
  EXPECT_EQ(decide_on("borg: -d -1", history, "2026-02-01", "UTC").kept().size(), 1u);
  EXPECT_EQ(decide_on("borg: -d -1", history, "2026-02-01", "Europe/Berlin").kept().size(), 2u);
}

TEST(Borg, AKeptArchiveUsesUpItsPeriodWithoutCounting) {
  const auto history = series("2026-01-01T12:00:00Z", 59);
  const Decided d = decide_on("borg: -d 2 -m 1", history, "2026-03-01");
  EXPECT_EQ(d.why("2026-02-28T12:00:00Z"), "daily #1");
  EXPECT_EQ(d.why("2026-01-31T12:00:00Z"), "monthly #1");
}

TEST(Borg, CheckpointsGoAndCountNowhere) {
  auto history = made({"2026-01-01", "2026-01-02", "2026-01-03"});
  history[1].id = "a.checkpoint";
  history[2].id = "b.checkpoint.2";
  const Decided d = decide_on("borg: -d 5", history, "2026-02-01");
  EXPECT_EQ(d.kept(), (Ids{"b.checkpoint.2", "2026-01-01"}));
}

TEST(Borg2, ProtectedIsNeitherPrunedNorCounted) {
  std::vector<Snapshot> history{made("2026-01-01"), made("2026-01-02", {"@PROT"}),
                                made("2026-01-03")};
  const Decided d = decide_on("borg2: --keep 1", history, "2026-02-01");
  EXPECT_EQ(d.kept(), (Ids{"2026-01-03", "2026-01-02"}));
  EXPECT_EQ(d.why("2026-01-02"), "protected tag @PROT");
}

TEST(Borg2, RefusesRulesThatDoNothing) {
  EXPECT_NE(refusal("borg2: --keep 3 --keep-last 2"), "accepted");
  EXPECT_NE(refusal("borg2: --keep-daily 7d --keep-weekly 7d"), "accepted");
  EXPECT_NE(refusal("borg2: --keep-daily -1 --keep-weekly 4"), "accepted");
  EXPECT_NE(refusal("borg2: --keep-daily 0"), "accepted");
  EXPECT_EQ(refusal("borg2: --keep-daily 7d --keep-weekly 4"), "accepted");
}

// ---------------------------------------------------------------------------------------------
// kopia

TEST(Kopia, AWeekAndAMonthOfTheSameNumberCollideOnlyOnRequest) {
  // Monday 5 January 2026 is in ISO week 2, Thursday 1 January in week 1: "2026-01" twice.
  const auto history = made({"2025-12-20", "2026-01-01"});
  const std::string policy = "kopia: --keep-weekly 4 --keep-monthly 4";
  EXPECT_EQ(decide_on(policy, history, "2026-01-02").why("2026-01-01"), "weekly-1, monthly-1");
  EXPECT_EQ(decide_on(policy + " --week-month-collision", history, "2026-01-02").why("2026-01-01"),
            "monthly-1");
}

TEST(Kopia, AnOldTierIsWipedByTheFirstSnapshotAfterALongGap) {
  auto history = series("2025-01-01T12:00:00Z", 5);
  EXPECT_EQ(decide_on("kopia: --keep-daily 7", history, "2025-02-01").kept().size(), 5u);
  history.push_back(made("2025-12-01T12:00:00Z"));
  const Decided d = decide_on("kopia: --keep-daily 7", history, "2025-12-02");
  EXPECT_EQ(d.kept(), Ids{"2025-12-01T12:00:00Z"});
  EXPECT_EQ(d.why("2025-01-05T12:00:00Z"), "daily: too old by 323d");
}

TEST(Kopia, EqualStartsAreOrderedByTheirEnd) {
  auto history = made({"2026-01-01T10:00:00Z", "2026-01-01T10:00:00Z"});
  history[0].id = "first";
  history[0].end = at("2026-01-01T10:05:00Z");
  history[1].id = "second";
  history[1].end = at("2026-01-01T10:09:00Z");
  EXPECT_EQ(decide_on("kopia: --keep-latest 1", history, "2026-02-01").kept(), Ids{"second"});
}

TEST(Kopia, PinsStayAndStillCount) {
  auto history = made({"2026-01-01", "2026-01-02", "2026-01-03"});
  history[2].pins = {"release"};
  const Decided d = decide_on("kopia: --keep-latest 1", history, "2026-02-01");
  EXPECT_EQ(d.kept(), Ids{"2026-01-03"});
  EXPECT_EQ(d.why("2026-01-03"), "pin, latest-1");
}

TEST(Kopia, DefaultsAreThoseOfTheGlobalPolicyOnRequest) {
  const auto given =
      std::get<KopiaPolicy>(parse_policy("kopia: --keep-latest 3 --defaults").value());
  EXPECT_EQ(given.latest, 3);
  EXPECT_EQ(given.hourly, 48);
  EXPECT_EQ(std::get<KopiaPolicy>(parse_policy("kopia: --keep-daily inherit").value()).daily, 7);
}

// ---------------------------------------------------------------------------------------------
// Proxmox Backup Server, sanoid, duplicacy

TEST(Pbs, ALoserInAFinerOptionIsNotRevivedByACoarserOne) {
  // 11 and 10 o'clock lose their hour; keep-daily then takes the first undecided one of a new day.
  const auto history =
      made({"2026-01-01T10:00:00Z", "2026-01-01T10:30:00Z", "2026-01-02T09:00:00Z"});
  const Decided d = decide_on("pbs: --keep-hourly 2 --keep-daily 2", history, "2026-02-01");
  EXPECT_EQ(d.kept(), (Ids{"2026-01-02T09:00:00Z", "2026-01-01T10:30:00Z"}));
  EXPECT_EQ(d.why("2026-01-01T10:00:00Z"), "hourly: a newer one stands for its hour");
}

TEST(Pbs, OnlyANewestUnfinishedSnapshotStays) {
  auto history = made({"2026-01-01", "2026-01-02", "2026-01-03"});
  history[0].is_incomplete = history[2].is_incomplete = true;
  EXPECT_EQ(decide_on("pbs: --keep-last 5", history, "2026-02-01").kept(),
            (Ids{"2026-01-03", "2026-01-02"}));
}

TEST(Pbs, WithoutAnyOptionAllStays) {
  EXPECT_EQ(decide_on("pbs:", made({"2026-01-01", "2026-01-02"}), "2026-02-01").kept().size(), 2u);
  EXPECT_EQ(decide_on("pbs: --keep-last 0", made({"2026-01-01"}), "2026-02-01").kept().size(), 0u);
}

TEST(Sanoid, DeletesOnlyWhatIsBothTooOldAndTooMany) {
  std::vector<Snapshot> history;
  for (const Snapshot& s : series("2026-01-01T00:00:00Z", 5)) {
    history.push_back(s);
    history.back().id = "tank@autosnap_" + s.id.substr(0, 10) + "_00:00:00_daily";
  }
  // All older than 3 days, but the three newest stay by number.
  const Decided late = decide_on("sanoid: daily=3", history, "2026-03-01");
  EXPECT_EQ(late.kept().size(), 3u);
  EXPECT_EQ(late.why(late.kept().front()), "daily #1 (minimum count)");
  // Five are more than three, but only those past three days go.
  EXPECT_EQ(decide_on("sanoid: daily=3", history, "2026-01-05T12:00:00Z").kept().size(), 3u);
  EXPECT_EQ(decide_on("sanoid: daily=3", history, "2026-01-04T00:00:00Z").kept().size(), 5u);
  history.push_back(made("2020-01-01"));
  history.back().id = "tank@before-upgrade";
  EXPECT_EQ(decide_on("sanoid: daily=3", history, "2026-03-01").why("tank@before-upgrade"),
            "not one of sanoid's");
}

TEST(Duplicacy, KeepsTheOldestOfAnIntervalAndMeasuresFromTheLastKept) {
  const auto history = series("2026-01-01T12:00:00Z", 20);
  const Decided d = decide_on("duplicacy: -keep 3:7", history, "2026-01-21T12:00:00Z");
  EXPECT_EQ(d.kept(), (Ids{"2026-01-20T12:00:00Z", "2026-01-19T12:00:00Z", "2026-01-18T12:00:00Z",
                           "2026-01-17T12:00:00Z", "2026-01-16T12:00:00Z", "2026-01-15T12:00:00Z",
                           "2026-01-13T12:00:00Z", "2026-01-10T12:00:00Z", "2026-01-07T12:00:00Z",
                           "2026-01-04T12:00:00Z", "2026-01-01T12:00:00Z"}));
  EXPECT_EQ(d.why("2026-01-03T12:00:00Z"), "3:7: only 2 d after the last one kept");
}

TEST(Duplicacy, TheNewestStaysUnlessExclusive) {
  const auto history = made({"2025-01-01", "2025-01-02"});
  EXPECT_EQ(decide_on("duplicacy: -keep 0:30", history, "2026-01-01").kept(), Ids{"2025-01-02"});
  EXPECT_EQ(decide_on("duplicacy: -keep 0:30 -exclusive", history, "2026-01-01").kept().size(), 0u);
  EXPECT_NE(refusal("duplicacy: -keep 1:7 -keep 7:30"), "accepted");
}

// ---------------------------------------------------------------------------------------------
// Veeam, AWS Backup

TEST(Veeam, AMonthlyFlagOf31JanuaryForOneMonthFallsOffOn1March) {
  const RetentionPolicy policy = parse_policy("veeam: --restore-points 1 --monthly 1").value();
  const Birth born = birth(policy, to_point(policy, made("2019-01-31")), {}, {});
  EXPECT_EQ(born.expires, at("2019-03-01"));
  EXPECT_EQ(born.marks, kMarkMonthly);
}

TEST(Veeam, FlaggedFullsStayAndLeaveTheShortTermCount) {
  const auto history = series("2026-01-01T22:00:00Z", 28);  // until 28 January
  const Decided d =
      decide_on("veeam: --restore-points 3 --weekly 2", history, "2026-01-28T23:00:00Z");
  // Sundays 18 and 25 January carry flags younger than two weeks; three others by number.
  EXPECT_EQ(d.kept(), (Ids{"2026-01-28T22:00:00Z", "2026-01-27T22:00:00Z", "2026-01-26T22:00:00Z",
                           "2026-01-25T22:00:00Z", "2026-01-18T22:00:00Z"}));
  EXPECT_EQ(d.why("2026-01-18T22:00:00Z"), "GFS weekly flag, 3d 23h left");
}

TEST(Veeam, FlagsBuildOnEachOtherAndGoToTheFirstFullOfThePeriod) {
  const RetentionPolicy policy =
      parse_policy("veeam: --restore-points 1 --weekly 1 --monthly 1 --yearly 1").value();
  std::vector<Point> older;
  std::vector<std::pair<std::string, int>> flags;
  for (const Snapshot& s : series("2026-01-01T22:00:00Z", 40)) {
    const Point point = to_point(policy, s);
    const Birth born = birth(policy, point, older, {});
    if (born.marks != 0) flags.emplace_back(s.id.substr(5, 5), born.marks);
    older.push_back(point);
  }
  const int w = kMarkWeekly, wm = w | kMarkMonthly, wmy = wm | kMarkYearly;
  EXPECT_EQ(flags, (std::vector<std::pair<std::string, int>>{{"01-01", wmy},
                                                             {"01-04", w},
                                                             {"01-11", w},
                                                             {"01-18", w},
                                                             {"01-25", w},
                                                             {"02-01", wm},
                                                             {"02-08", w}}));
}

TEST(Aws, ColdAfterAndDeleteAfterCountFromCreation) {
  const RetentionPolicy policy =
      parse_policy("aws: MoveToColdStorageAfterDays=30 DeleteAfterDays=120").value();
  const Birth born = birth(policy, to_point(policy, made("2026-01-01")), {}, {});
  EXPECT_EQ(born.cold, at("2026-01-31"));
  EXPECT_EQ(born.expires, at("2026-05-01"));
  EXPECT_EQ(
      refusal("aws: --cold-after-days 30 --delete-after-days 119"),
      "aws: deletion after 119 days is less than 90 days after the move to cold storage after "
      "30; delete after at least 120 days");
}

TEST(Aws, OfOverlappingRulesTheLongestRetentionWins) {
  const auto expires = [](const std::string& text) {
    const RetentionPolicy policy = parse_policy(text).value();
    return birth(policy, to_point(policy, made("2026-01-01")), {}, {}).expires;
  };
  EXPECT_EQ(
      expires("aws: --rule daily --delete-after-days 7 --rule monthly --delete-after-days 365"),
      at("2027-01-01"));
  EXPECT_EQ(expires("aws: --rule a --delete-after-days -1 --rule b --delete-after-days 9"),
            std::nullopt);
}

// ---------------------------------------------------------------------------------------------
// Our own rules

TEST(Native, HoldsStayAndCountProtectedStayAndDoNot) {
  std::vector<Snapshot> history{made("2026-01-01"), made("2026-01-02", {"legal"}),
                                made("2026-01-03", {"keep"}), made("2026-01-04")};
  const Decided d =
      decide_on("native: --keep-last 2 --protect-tag keep --hold-tag legal", history, "2026-02-01");
  EXPECT_EQ(d.deleted(), Ids{"2026-01-01"});
  EXPECT_EQ(d.why("2026-01-02"), "hold tag legal");
  EXPECT_EQ(d.why("2026-01-03"), "protected tag keep");
}

TEST(Native, ACountAndAWindowMustBothAllowIt) {
  const auto history = series("2026-01-01T12:00:00Z", 30);
  EXPECT_EQ(
      decide_on("native: --keep-daily 10 --keep-within-daily 5d", history, "2026-01-30T13:00:00Z")
          .kept()
          .size(),
      5u);
  EXPECT_EQ(
      decide_on("native: --keep-daily 3 --keep-within-daily 5d", history, "2026-01-30T13:00:00Z")
          .kept()
          .size(),
      3u);
}

TEST(Native, TheNewestStayHoweverOld) {
  const auto history = series("2020-01-01T12:00:00Z", 5);
  const Decided d = decide_on("native: --ttl 30d --min-count 2", history, "2026-01-01");
  EXPECT_EQ(d.kept(), (Ids{"2020-01-05T12:00:00Z", "2020-01-04T12:00:00Z"}));
}

TEST(Policy, TyposAndContradictionsAreNamed) {
  EXPECT_EQ(refusal("restic: --keep-dayly 7"),
            "restic: unknown flag \"--keep-dayly\"; did you mean --keep-daily?");
  EXPECT_EQ(refusal("borg: --keep-daily 7 -d 8"),
            "borg: --keep-daily is given twice; leave one of them out");
  EXPECT_EQ(refusal("restic: --keep-daily"), "restic: --keep-daily needs a value");
  EXPECT_EQ(refusal("restic: --keep-daily x"), "restic: --keep-daily \"x\": not a whole number");
  EXPECT_EQ(refusal("restic: --keep-daily -2"), "restic: --keep-daily \"-2\": must be -1 or more");
  EXPECT_EQ(
      refusal("restic: --tag x --keep-daily 1"),
      "restic: --tag chooses which snapshots are considered; it is not a rule; leave it out and "
      "give a history of those snapshots only");
  EXPECT_EQ(refusal("restic:"),
            "restic: no policy was specified, so no snapshot would be removed; give at least one "
            "--keep-* flag, or --unsafe-allow-remove-all");
  EXPECT_EQ(refusal("kopya: --keep-daily 1"),
            "unknown policy dialect \"kopya\"; did you mean \"kopia: ...\"?");
  EXPECT_EQ(refusal("native: --permanent --keep-last 3"),
            "native: --permanent contradicts every other rule; leave one of them out");
  EXPECT_EQ(refusal("restic: --keep-tag 'open"), "the policy has an open quote; close it with '");
  for (const char* empty :
       {"", ":", "restic", "borg:", "veeam:", "aws:", "duplicacy:", "native:"}) {
    EXPECT_NE(refusal(empty), "accepted") << empty;
  }
}

TEST(Policy, FlagsAreTakenAsTheToolWritesThem) {
  const auto a =
      parse_policy("restic: forget --keep-daily=7 -w4 -y 2 --keep-tag \"a b\",c --prune").value();
  EXPECT_EQ(to_text(a),
            "restic: --keep-daily 7 --keep-weekly 4 --keep-yearly 2 --keep-tag \"a b,c\"");
  const auto b = parse_policy("sanoid: hourly = 36 daily=30").value();
  EXPECT_EQ(to_text(b), "sanoid: hourly=36 daily=30");
}

}  // namespace
}  // namespace backcast::policy
