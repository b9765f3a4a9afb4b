// Retention of Zilliz, Qdrant and Zerops: one test for each documented behaviour, by its row id.
#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/policy/retention/tags.h"
#include "tests/policy/retention_support.h"

namespace backcast::policy {
namespace {

using namespace testing;
using ::testing::Test;

// Automatic backups with the time tags Zerops gives them.
std::vector<Snapshot> tagged(std::vector<Snapshot> history, std::uint64_t size_bytes) {
  std::optional<Instant> previous;
  for (Snapshot& s : history) {
    const TimeTags tags = time_tags(s.time, previous);
    if (tags.daily) s.tags.emplace_back("daily");
    if (tags.weekly) s.tags.emplace_back("weekly");
    if (tags.monthly) s.tags.emplace_back("monthly");
    s.size_bytes = size_bytes;
    previous = s.time;
  }
  return history;
}

struct Classes {
  int monthly = 0, weekly = 0, daily = 0;
  bool operator==(const Classes&) const = default;
};

Classes classes_of(const Decided& d) {
  Classes count;
  for (std::size_t i = 0; i < d.history.size(); ++i) {
    if (!d.plan.verdicts[i].keep) continue;
    const auto& tags = d.history[i].tags;
    const auto has = [&](const char* tag) {
      return std::find(tags.begin(), tags.end(), tag) != tags.end();
    };
    ++(has("monthly") ? count.monthly : has("weekly") ? count.weekly : count.daily);
  }
  return count;
}

Birth birth_of(const std::string& policy, const Snapshot& s) {
  const RetentionPolicy parsed = parse_policy(policy).value();
  return birth(parsed, to_point(parsed, s), {}, {});
}

// ---------------------------------------------------------------------------------------------

TEST(Zilliz, Z_POL_06_RetentionIs1To30DaysAndDefaultsTo7) {
  EXPECT_EQ(birth_of("zilliz:", made("2026-01-01")).expires, at("2026-01-08"));
  EXPECT_EQ(birth_of("zilliz: retentionDays=1", made("2026-01-01")).expires, at("2026-01-02"));
  EXPECT_EQ(birth_of("zilliz: --retention-days 30", made("2026-01-01")).expires, at("2026-01-31"));
  for (const char* days : {"0", "31", "-1", "7.5", "week"}) {
    EXPECT_NE(refusal(std::string("zilliz: retentionDays=") + days), "accepted") << days;
  }
}

TEST(Zilliz, Z_POL_07_AnAutomaticBackupIsGoneOnceItExpires) {
  const auto history = made({"2026-01-01T02:30:00Z"});
  EXPECT_EQ(decide_on("zilliz:", history, "2026-01-08T02:29:59Z").kept().size(), 1u);
  EXPECT_EQ(decide_on("zilliz:", history, "2026-01-08T02:30:01Z").kept().size(), 0u);
  EXPECT_EQ(decide_on("zilliz:", history, "2026-01-08T02:29:00Z").why("2026-01-01T02:30:00Z"),
            "expires in 1m");
}

TEST(Zilliz, Z_POL_09_ExpiryIsFixedAtBirthWhateverThePolicySaysLater) {
  auto history = made({"2026-01-01"});
  history[0].expires = birth_of("zilliz: retentionDays=30", history[0]).expires;
  EXPECT_EQ(decide_on("zilliz: retentionDays=1", history, "2026-01-30").kept().size(), 1u);
  EXPECT_EQ(decide_on("zilliz: retentionDays=30", history, "2026-01-31").kept().size(), 0u);
}

TEST(Zilliz, Z_MAN_06_ManualBackupsNeverExpire) {
  auto history = made({"2026-01-01"});
  history[0].origin = Origin::kManual;
  EXPECT_EQ(birth_of("zilliz:", history[0]).expires, std::nullopt);
  const Decided d = decide_on("zilliz:", history, "2027-02-05");  // 400 days on
  EXPECT_EQ(d.kept().size(), 1u);
  EXPECT_EQ(d.why("2026-01-01"), "manual, never expires");
}

TEST(Zilliz, Z_XR_04_TwoRegionsExpireOnTheirOwnDates) {
  const Snapshot copy = made("2026-01-01");
  EXPECT_EQ(birth_of("zilliz: retentionDays=3", copy).expires, at("2026-01-04"));
  EXPECT_EQ(birth_of("zilliz: retentionDays=20", copy).expires, at("2026-01-21"));
}

TEST(Qdrant, Q_SCH_03_RetentionIs1To365DaysAndUnsetKeepsForEver) {
  EXPECT_EQ(birth_of("qdrant: --retention-days 1", made("2026-01-01")).expires, at("2026-01-02"));
  EXPECT_EQ(birth_of("qdrant: --retention-days 365", made("2026-01-01")).expires, at("2027-01-01"));
  EXPECT_EQ(birth_of("qdrant:", made("2026-01-01")).expires, std::nullopt);
  for (const char* days : {"0", "366", "-1", ""}) {
    EXPECT_NE(refusal(std::string("qdrant: --retention-days \"") + days + "\""), "accepted");
  }
}

TEST(Qdrant, Q_SCH_05_AsManyAsWanted) {
  const auto history = series("2020-01-01", 1000);
  EXPECT_EQ(decide_on("qdrant:", history, "2026-01-01").kept().size(), 1000u);
}

// ---------------------------------------------------------------------------------------------

constexpr const char* kNow = "2026-06-01";

TEST(Zerops, P_RET_01_Minimums7Daily4Weekly3Monthly) {
  // Nothing but the minimums fits: 1 GiB each under a limit of 5 GiB.
  const auto history = tagged(series("2026-01-01T00:05:00Z", 120), kGiB);
  const Decided d = decide_on("zerops:", history, kNow);
  EXPECT_EQ(classes_of(d), (Classes{3, 4, 7}));
  EXPECT_EQ(d.why("2026-04-30T00:05:00Z"), "minimum daily #1");
  EXPECT_EQ(d.why("2026-04-01T00:05:00Z"), "minimum monthly #1");
}

TEST(Zerops, P_RET_02_EachBackupCountsOnceMonthlyBeforeWeeklyBeforeDaily) {
  // 1 June 2026 is a Monday: the backup is daily, weekly and monthly, and fills only the monthly
  // minimum.
  auto history = tagged(series("2026-05-01T00:05:00Z", 32), kMiB);
  const Decided d = decide_on("zerops: minDaily=1 minWeekly=1 minMonthly=1 maxTotalFiles=1",
                              history, "2026-06-02");
  EXPECT_EQ(d.kept(), (std::vector<std::string>{"2026-06-01T00:05:00Z", "2026-05-31T00:05:00Z",
                                                "2026-05-25T00:05:00Z"}));
  EXPECT_EQ(d.why("2026-06-01T00:05:00Z"), "minimum monthly #1");
}

TEST(Zerops, P_RET_03_MinimumsAndProtectedWinOverMaximums) {
  auto history = tagged(series("2026-01-01T00:05:00Z", 120), 1000 * kMiB);
  const Decided d = decide_on("zerops:", history, kNow);
  EXPECT_EQ(d.kept().size(), 14u);  // 14,000 MiB under a limit of 5 GiB
  history[50].tags.emplace_back("protected");
  const Decided with = decide_on("zerops:", history, kNow);
  EXPECT_EQ(with.kept().size(), 15u);
  EXPECT_EQ(with.why(history[50].id), "protected tag protected");
}

TEST(Zerops, P_RET_04_TheFiftyFirstGoesAndTheNewestStay) {
  const auto history = tagged(series("2026-01-01T00:05:00Z", 51), kMiB);
  const Decided d = decide_on("zerops:", history, kNow);
  EXPECT_EQ(d.kept().size(), 50u);
  // The oldest is the January monthly, a minimum: the one after it goes.
  EXPECT_EQ(d.deleted(), std::vector<std::string>{"2026-01-02T00:05:00Z"});
  EXPECT_EQ(d.why("2026-01-02T00:05:00Z"), "over the maximum of 50 in total");
}

TEST(Zerops, P_RET_05_TypeLimitsKeepTheMaximumAndTheSimulatorOneMore) {
  const auto history = tagged(series("2026-01-01T00:05:00Z", 120), 10 * kMiB);
  const std::string limits = "zerops: maxDaily=14 maxWeekly=12 maxMonthly=6";
  EXPECT_EQ(classes_of(decide_on(limits, history, kNow)), (Classes{4, 12, 14}));
  EXPECT_EQ(classes_of(decide_on(limits + " --keep-max-plus-one", history, kNow)),
            (Classes{4, 13, 15}));
  const Decided unlimited = decide_on("zerops: maxTotalFiles=0", history, kNow);
  EXPECT_EQ(unlimited.kept().size(), 120u);
  EXPECT_EQ(decide_on(limits, history, kNow).why("2026-01-02T00:05:00Z"),
            "daily #99 is over the maximum of 14");
}

TEST(Zerops, P_RET_06_ATooLargeOneGoesAndSmallerOlderOnesMayStay) {
  auto history = tagged(series("2026-01-01T00:05:00Z", 20), 100 * kMiB);
  history[9].size_bytes = 5 * kGiB;  // 10 January, a plain daily beyond the minimum
  const Decided d = decide_on("zerops:", history, kNow);
  EXPECT_EQ(d.deleted(), std::vector<std::string>{"2026-01-10T00:05:00Z"});
  EXPECT_EQ(d.why("2026-01-10T00:05:00Z"), "would pass the maximum total of 5.37 GB");
}

TEST(Zerops, P_TAG_05_AManualBackupNamedWeeklyIsNone) {
  auto history = tagged(series("2026-01-01T00:05:00Z", 40), kGiB);
  Snapshot manual = made("2026-02-05T10:00:00Z", {"weekly"});
  manual.origin = Origin::kManual;
  manual.size_bytes = kGiB;
  history.push_back(manual);
  const Decided d = decide_on("zerops:", history, kNow);
  EXPECT_EQ(d.why(manual.id), "would pass the maximum total of 5.37 GB");
}

TEST(Zerops, P_TAG_06_ProtectionFollowsTheListOfNames) {
  auto history = tagged(series("2026-01-01T00:05:00Z", 40), kGiB);
  history[5].tags.emplace_back("v2");
  const std::string id = history[5].id;
  EXPECT_EQ(decide_on("zerops: protectedTags=v1,v2", history, kNow).why(id), "protected tag v2");
  EXPECT_EQ(decide_on("zerops: protectedTags=v1", history, kNow).why(id),
            "would pass the maximum total of 5.37 GB");
}

TEST(Zerops, A23_SixHourlyBackupsFillTheDailyMinimumInUnderTwoDaysUnlessOneADayCounts) {
  const auto history = tagged(series("2026-01-05T06:00:00Z", 60, 6 * kHour), kGiB);
  const Decided all = decide_on("zerops: minWeekly=0 minMonthly=0 maxTotalGiB=1", history, kNow);
  EXPECT_EQ(all.kept().back(), "2026-01-18T06:00:00Z");
  const Decided daily = decide_on(
      "zerops: minWeekly=0 minMonthly=0 maxTotalGiB=1 --one-daily-per-day", history, kNow);
  EXPECT_EQ(daily.kept().size(), 7u);
  EXPECT_EQ(daily.kept().back(), "2026-01-14T18:00:00Z");
}

}  // namespace
}  // namespace backcast::policy
