// Qdrant's and Zerops' rules; each test is named by the row of the feature table it proves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "engine/policy/retention/tags.h"
#include "engine/policy/schedule/zerops_schedule.h"
#include "engine/policy/service/quota.h"
#include "engine/policy/service/service_rules.h"

namespace backcast::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

Instant at(std::string_view text) {
  return parse_instant(text)->instant;
}

std::vector<Instant> runs(std::string_view text, Instant from, Instant until, const Zone& zone) {
  const Schedule schedule = *parse_schedule(text);
  std::vector<Instant> result;
  for (auto t = next(schedule, from - Duration(1), zone); t && *t < until;
       t = next(schedule, *t, zone)) {
    result.push_back(*t);
  }
  return result;
}

DeletionRules qdrant_deletion(bool delete_backups) {
  return when_asked(service_rules("qdrant")->deletion, delete_backups, Duration{0});
}

TEST(QdrantRules, Q_SCH_01_CronAndMacrosInUtc) {
  const Instant from = at("2025-03-29"), until = at("2025-04-01");
  const Zone berlin = *Zone::find("Europe/Berlin");
  const std::vector<Instant> midnights = {from, from + kDay, from + 2 * kDay};
  EXPECT_EQ(runs("qdrant: 0 0 * * *", from, until, berlin), midnights);
  EXPECT_EQ(runs("qdrant: @daily", from, until, berlin), midnights);
  EXPECT_EQ(runs("qdrant: @weekly", from, until, berlin), std::vector{at("2025-03-30")});
  EXPECT_EQ(runs("qdrant: @monthly", from, at("2025-05-02"), berlin),
            (std::vector{at("2025-04-01"), at("2025-05-01")}));
}

TEST(QdrantRules, Q_SCH_02_TwoSchedulesAtOneMinuteBothRun) {
  const Schedule daily = *parse_schedule("qdrant: 0 2 * * *");
  const Schedule weekly = *parse_schedule("qdrant: 0 2 * * 1");
  const Instant sunday = at("2025-06-01T12:00:00Z");
  EXPECT_EQ(next(daily, sunday, Zone::utc()), at("2025-06-02T02:00:00Z"));
  EXPECT_EQ(next(weekly, sunday, Zone::utc()), at("2025-06-02T02:00:00Z"));
}

TEST(QdrantRules, Q_SCH_07_DeletingAScheduleOrClusterKeepsBackupsUnlessAsked) {
  const Instant deleted = at("2025-06-10");
  for (const Origin origin : {Origin::kAutomatic, Origin::kManual}) {
    const Fate kept = after_deletion(qdrant_deletion(false), origin, deleted);
    EXPECT_EQ(kept.gone_at, std::nullopt);
    EXPECT_EQ(after_deletion(qdrant_deletion(true), origin, deleted).gone_at, deleted);
    EXPECT_EQ(after_deletion(qdrant_deletion(false), origin, deleted, deleted + kDay).gone_at,
              deleted + kDay);
  }
  EXPECT_EQ(explain(after_deletion(qdrant_deletion(true), Origin::kAutomatic, deleted),
                    OwnerKind::kService, Origin::kAutomatic),
            "deleted: automatic backups go with the service");
}

TEST(QdrantRules, Q_SNP_09_SameMinorVersion) {
  EXPECT_EQ(snapshot_fit({1, 4, 1}, {1, 4, 1}), SnapshotFit::kFits);
  EXPECT_EQ(snapshot_fit({1, 4, 1}, {1, 4, 9}), SnapshotFit::kFits);
  EXPECT_EQ(snapshot_fit({1, 4, 1}, {1, 4, 0}), SnapshotFit::kOlderPatch);
  EXPECT_EQ(snapshot_fit({1, 4, 1}, {1, 5, 0}), SnapshotFit::kOtherMinor);
  EXPECT_EQ(snapshot_fit({1, 4, 1}, {2, 4, 1}), SnapshotFit::kOtherMinor);
}

// ---------------------------------------------------------------------------------------------

TEST(ZeropsRules, P_SCH_01_DailyInTheFirstHourOfTheUtcDay) {
  for (const int minute : {0, 5, 8, 59}) {
    const Schedule schedule = zerops_schedule(ZeropsPeriod::kDaily, minute);
    Instant t = at("2025-06-02T15:00:00Z");
    for (int day = 0; day < 5; ++day) {
      const auto run = next(schedule, t, *Zone::find("Asia/Tokyo"));
      ASSERT_TRUE(run);
      const CivilTime utc = to_civil(*run, Zone::utc());
      EXPECT_EQ(utc.hour, 0);
      EXPECT_EQ(utc.minute, minute);
      EXPECT_LE(*run - t, kDay);
      t = *run;
    }
  }
}

TEST(ZeropsRules, P_SCH_02_EveryPresetIsACronLine) {
  EXPECT_EQ(*parse_schedule("zerops: daily"), *parse_schedule("CRON_TZ=UTC 5 0 * * *"));
  EXPECT_EQ(*parse_schedule("zerops: weekly"), *parse_schedule("CRON_TZ=UTC 5 0 * * 1"));
  EXPECT_EQ(*parse_schedule("zerops: monthly"), *parse_schedule("CRON_TZ=UTC 5 0 1 * *"));
  EXPECT_EQ(*parse_schedule("zerops: 0 */6 * * *"), *parse_schedule("CRON_TZ=UTC 0 */6 * * *"));
  EXPECT_FALSE(next(*parse_schedule("zerops: none"), at("2025-01-01"), Zone::utc()));
  EXPECT_FALSE(next(zerops_schedule(ZeropsPeriod::kNone, 0), at("2025-01-01"), Zone::utc()));
}

TEST(ZeropsRules, P_SCH_04_PresetsAtAChosenTimeAndDay) {
  const auto next_four = [](const char* text) {
    std::vector<std::string> runs;
    Instant t = at("2026-03-01");  // a Sunday
    for (int i = 0; i < 4; ++i) {
      t = next(*parse_schedule(text), t, Zone::utc()).value();
      runs.push_back(format_instant(t));
    }
    return runs;
  };
  EXPECT_THAT(next_four("zerops: daily 03:15"),
              ElementsAre("2026-03-01T03:15:00Z", "2026-03-02T03:15:00Z", "2026-03-03T03:15:00Z",
                          "2026-03-04T03:15:00Z"));
  EXPECT_THAT(next_four("zerops: weekly tue 22:05"),
              ElementsAre("2026-03-03T22:05:00Z", "2026-03-10T22:05:00Z", "2026-03-17T22:05:00Z",
                          "2026-03-24T22:05:00Z"));
  EXPECT_THAT(next_four("zerops: monthly 31 00:30"),
              ElementsAre("2026-03-31T00:30:00Z", "2026-05-31T00:30:00Z", "2026-07-31T00:30:00Z",
                          "2026-08-31T00:30:00Z"));
  EXPECT_FALSE(parse_schedule("zerops: daily 24:00").ok());
  EXPECT_FALSE(parse_schedule("zerops: weekly 03:15").ok());
  EXPECT_FALSE(parse_schedule("zerops: daily tue 03:15").ok());
}

TEST(ZeropsRules, P_SCH_03_CronRangesAndSunday) {
  EXPECT_EQ(*parse_schedule("zerops: 0 4 * * 0"), *parse_schedule("zerops: 0 4 * * 7"));
  for (const char* text : {"zerops: 60 4 * * *", "zerops: 0 24 * * *", "zerops: 0 4 0 * *",
                           "zerops: 0 4 * 13 *", "zerops: 0 4 * * 8", "zerops: 0 4 * *"}) {
    const auto parsed = parse_schedule(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_THAT(parsed.error().message, HasSubstr("userDataBackupPeriodInvalid"));
  }
}

// Time tags of automatic backups at these instants, in order.
std::vector<TimeTags> tags_of(const std::vector<Instant>& born) {
  std::vector<TimeTags> tags;
  std::optional<Instant> previous;
  for (const Instant t : born) {
    tags.push_back(time_tags(t, previous));
    previous = t;
  }
  return tags;
}

TEST(ZeropsRules, P_TAG_01_DailyOnEveryAutomaticBackup) {
  const auto six_hourly =
      runs("zerops: 0 */6 * * *", at("2025-06-03"), at("2025-06-04"), Zone::utc());
  ASSERT_EQ(six_hourly.size(), 4u);
  for (const TimeTags& tags : tags_of(six_hourly)) EXPECT_TRUE(tags.daily);
}

TEST(ZeropsRules, P_TAG_02_WeeklyIsTheFirstThatSucceedsInTheIsoWeek) {
  const Instant sunday = at("2025-06-08T23:59:59Z");
  EXPECT_TRUE(time_tags(at("2025-06-09T00:00:00Z"), sunday).weekly);
  EXPECT_FALSE(time_tags(sunday, at("2025-06-02T00:00:00Z")).weekly);
  // Monday's run failed: what counts is the last one that succeeded.
  EXPECT_TRUE(time_tags(at("2025-06-10T00:05:00Z"), sunday).weekly);
  EXPECT_FALSE(time_tags(at("2025-06-11T00:05:00Z"), at("2025-06-10T00:05:00Z")).weekly);
}

TEST(ZeropsRules, P_TAG_02_WeekOfTheTurnOfTheYear) {
  const std::vector<Instant> days = {at("2024-12-29"), at("2024-12-30"), at("2025-01-01"),
                                     at("2025-01-06")};
  const auto iso = tags_of(days);
  EXPECT_TRUE(iso[1].weekly);
  EXPECT_FALSE(iso[2].weekly);  // 1 January 2025 is a Wednesday of the same ISO week
  EXPECT_TRUE(iso[3].weekly);
}

TEST(ZeropsRules, P_TAG_03_MonthlyIsTheFirstOfTheUtcMonth) {
  const auto tags = tags_of({at("2025-06-03T00:05:00Z"), at("2025-06-30T23:59:00Z"),
                             at("2025-07-01T00:05:00Z"), at("2026-07-02T00:05:00Z")});
  EXPECT_TRUE(tags[0].monthly);  // starts on the third: that one is the month's first
  EXPECT_FALSE(tags[1].monthly);
  EXPECT_TRUE(tags[2].monthly);
  EXPECT_TRUE(tags[3].monthly);  // same month of another year
  EXPECT_EQ(time_tags(at("2025-06-03"), at("2025-07-03")), (TimeTags{true, false, false}));
}

TEST(ZeropsRules, P_TAG_04_UserTags) {
  const auto fault = [](std::vector<std::string> tags) { return check_tags(tags).fault; };
  EXPECT_EQ(fault({"release:v2-1_rc", "A", std::string(24, 'x')}), TagFault::kNone);
  EXPECT_EQ(fault({}), TagFault::kNone);
  EXPECT_EQ(fault({std::string(25, 'x')}), TagFault::kTooLong);
  EXPECT_EQ(fault({"ok", "v2.1-release"}), TagFault::kBadCharacter);
  EXPECT_EQ(fault({"with space"}), TagFault::kBadCharacter);
  EXPECT_EQ(fault({"\xc3\xa4"}), TagFault::kBadCharacter);
  EXPECT_EQ(fault({""}), TagFault::kEmpty);
  EXPECT_EQ(fault(std::vector<std::string>(11, std::string(24, 'x'))), TagFault::kTotalTooLong);
  const std::vector<std::string> dotted = {"v2.1"};
  EXPECT_EQ(explain(check_tags(dotted), dotted),
            "tag \"v2.1\" has \".\" at position 3; letters, digits and : - _ are allowed "
            "(backupTagNameFormat)");
  const std::vector<std::string> many(11, std::string(24, 'x'));
  EXPECT_THAT(explain(check_tags(many), many), HasSubstr("backupTotalTagLength"));
}

TEST(ZeropsRules, P_TAG_05_ManualBackupsGetNoTimeTags) {
  EXPECT_EQ(TimeTags{}, (TimeTags{false, false, false}));
  // A manual one is never the `previous` of an automatic one, so it takes no tag away either.
  EXPECT_TRUE(time_tags(at("2025-06-09T01:00:00Z"), at("2025-06-08T00:05:00Z")).weekly);
}

TEST(ZeropsRules, P_TAG_06_ProtectionFollowsTheListOfNames) {
  const std::vector<std::string> tags = {"before-upgrade", "protected"};
  EXPECT_EQ(protecting_tag(tags, std::vector<std::string>{"protected"}), 1);
  EXPECT_EQ(protecting_tag(tags, std::vector<std::string>{"keep", "before-upgrade"}), 0);
  EXPECT_EQ(protecting_tag(tags, std::vector<std::string>{}), -1);
  EXPECT_EQ(protecting_tag(tags, std::vector<std::string>{"Protected"}), -1);
}

constexpr std::uint64_t kGib = 1ULL << 30;

TEST(ZeropsRules, P_QUO_02_ThreeReadingsOfTheQuota) {
  const auto quota = [](QuotaMode mode) { return Quota{5 * kGib, mode, 1024 * kGib}; };
  const Quota keep = quota(QuotaMode::kKeep), hard = quota(QuotaMode::kHard),
              bill = quota(QuotaMode::kBill);
  for (const Quota& any : {keep, hard, bill}) {
    EXPECT_EQ(check_quota(any, 5 * kGib).reason, QuotaReason::kWithin);  // exactly full is within
  }
  // What protection and minimums keep is stored beyond it, however much that is.
  EXPECT_TRUE(check_quota(keep, 5 * kGib + 1).stored);
  EXPECT_TRUE(check_quota(keep, 2048 * kGib).stored);
  EXPECT_EQ(check_quota(keep, 6 * kGib).reason, QuotaReason::kKept);
  const QuotaVerdict refused = check_quota(hard, 6 * kGib);
  EXPECT_FALSE(refused.stored);
  EXPECT_EQ(refused.reason, QuotaReason::kOverLimit);
  EXPECT_FALSE(check_quota(hard, 5 * kGib + 1).stored);
  const QuotaVerdict billed = check_quota(bill, 6 * kGib);
  EXPECT_TRUE(billed.stored);
  EXPECT_EQ(billed.reason, QuotaReason::kBilled);
  EXPECT_EQ(billed.over_bytes, kGib);
  EXPECT_TRUE(check_quota(bill, 1024 * kGib).stored);
  const QuotaVerdict ceiling = check_quota(bill, 1024 * kGib + 1);
  EXPECT_FALSE(ceiling.stored);
  EXPECT_EQ(ceiling.reason, QuotaReason::kOverCeiling);
  EXPECT_EQ(explain(refused),
            "the project would hold 6.44 GB, 1.07 GB over its quota of 5.37 GB: not stored "
            "(quota_mode \"hard\")");
  EXPECT_THAT(explain(billed), HasSubstr("billed"));
  EXPECT_THAT(explain(ceiling), HasSubstr("not stored"));
  const RetentionPolicy zerops = parse_policy("zerops:").value();
  const auto size_limit = [&](const Quota& of, std::uint64_t others) {
    const auto within = within_quota(zerops, of, others);
    return within ? std::optional(std::get<NativePolicy>(*within).max_size_bytes) : std::nullopt;
  };
  EXPECT_EQ(size_limit(keep, 2 * kGib), 3 * kGib);
  EXPECT_EQ(size_limit(keep, 5 * kGib), 1u);  // 0 would be no limit
  EXPECT_EQ(size_limit(keep, 9 * kGib), 1u);
  EXPECT_EQ(size_limit(hard, 0), std::nullopt);
}

TEST(ZeropsRules, P_GRACE_01_SevenDaysAfterDeletion) {
  const Instant deleted = at("2025-06-10T12:00:00Z");
  for (const Origin origin : {Origin::kAutomatic, Origin::kManual}) {
    const Fate fate = after_deletion(service_rules("zerops")->deletion, origin, deleted);
    ASSERT_TRUE(fate.gone_at);
    EXPECT_GT(*fate.gone_at, deleted + 7 * kDay - kHour);  // readable at 6 days 23 hours
    EXPECT_EQ(*fate.gone_at, deleted + 7 * kDay);
    EXPECT_EQ(fate.reason, FateReason::kGraceEnds);
    EXPECT_THAT(explain(fate, OwnerKind::kProject, origin), HasSubstr("2025-06-17T12:00:00Z"));
  }
}

TEST(ZeropsRules, P_SEC_03_KeyGoesSevenDaysAfterTheProject) {
  const Instant deleted = at("2025-06-10T12:00:00Z");
  EXPECT_EQ(key_destroyed_at(service_rules("zerops")->deletion, deleted), deleted + 7 * kDay);
  EXPECT_EQ(key_destroyed_at(service_rules("zilliz")->deletion, deleted), std::nullopt);
}

TEST(ZeropsRules, P_HA_01_AutomaticOnesOfAnyHealthyNodeThoseByHandOfThePrimary) {
  const std::vector<Node> nodes{{false, true}, {true, true}, {false, false}, {false, true}};
  const NodeRule rule = service_rules("zerops")->nodes;
  std::map<std::size_t, int> times;
  for (std::uint64_t draw = 0; draw < 300; ++draw) {
    ++times[backup_node(rule, nodes, true, draw).value()];
    EXPECT_EQ(backup_node(rule, nodes, false, draw), 1u);
    EXPECT_EQ(backup_node(service_rules("qdrant")->nodes, nodes, true, draw), 1u);
  }
  EXPECT_THAT(times, ElementsAre(Pair(0u, 100), Pair(1u, 100), Pair(3u, 100)));
}

TEST(ZeropsRules, P_HA_01_AnotherNodeMakesItWhereThePrimaryIsIll) {
  const std::vector<Node> nodes{{true, false}, {false, true}, {false, true}};
  EXPECT_EQ(backup_node(NodeRule::kPrimary, nodes, false, 7), 1u);
  const std::vector<Node> ill{{true, false}, {false, false}};
  EXPECT_EQ(backup_node(NodeRule::kSpreads, ill, true, 7), std::nullopt);
}

}  // namespace
}  // namespace backcast::policy
