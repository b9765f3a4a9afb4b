// Zilliz's rules; each test is named by the row of the feature table it proves.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/policy/retention/retention.h"
#include "engine/policy/schedule/schedule.h"
#include "engine/policy/service/service_rules.h"

namespace backcast::policy {
namespace {

using testing::HasSubstr;

const ServiceRules& zilliz() {
  return *service_rules("zilliz");
}

Instant at(std::string_view text) {
  return parse_instant(text)->instant;
}

template <typename T>
std::string error_of(const Result<T>& result) {
  return result.ok() ? "accepted" : to_string(result.error());
}

// When a backup made at `born` expires under Zilliz's retention.
std::optional<Instant> expiry(std::string_view policy, Instant born, bool manual) {
  Point point;
  point.time = born;
  if (manual) point.marks = kMarkManual;
  return birth(*parse_policy(policy), point, {}, {born, Zone::utc()}).expires;
}

TEST(ZillizRules, Z_POL_02_SwitchingOnMakesOneBackupAtOnce) {
  EXPECT_TRUE(zilliz().backs_up_when_switched_on);
  EXPECT_FALSE(service_rules("qdrant")->backs_up_when_switched_on);
}

TEST(ZillizRules, Z_POL_03_RunsOnListedWeekdaysOnly) {
  const Schedule schedule = *parse_schedule("zilliz: 1,2,3,5 02:00-04:00");
  const Instant start = at("2025-06-02T00:00:00Z"), end = start + 28 * kDay;  // a Monday
  int runs = 0;
  for (auto t = next(schedule, start, Zone::utc()); *t < end; t = next(schedule, *t, Zone::utc())) {
    const int weekday = weekday_monday1(to_civil(*t, Zone::utc()).date);
    EXPECT_THAT(weekday, testing::AnyOf(1, 2, 3, 5));
    ++runs;
  }
  EXPECT_EQ(runs, 16);
}

TEST(ZillizRules, Z_POL_04_StartsInsideTheTwoHourWindow) {
  WindowSchedule window = *parse_window_schedule("3 23:00-01:00");
  for (const int slot : {0, 1, 3599, 3600, 7199}) {
    window.slot_seconds = slot;
    const Instant t = next(window, at("2025-06-02"));
    // Wednesday's window crosses midnight and belongs to Wednesday.
    EXPECT_EQ(t, at("2025-06-04T23:00:00Z") + slot * kSecond);
    EXPECT_EQ(next(window, t), t + 7 * kDay);
    EXPECT_EQ(next(window, t - Duration(1)), t);
  }
  for (const char* text : {"02:00-03:00", "02:00-02:00", "02:00-05:00", "2:00-4:00", "24:00-02:00",
                           "02:00", "02:00-04:60", "", "02:00 - 04:00"}) {
    EXPECT_THAT(error_of(parse_window_hours(text)), HasSubstr("96033")) << text;
  }
  for (const char* text : {"", "0", "8", "1,,2", "1;2", "mon", "1,2,", "-1", "17"}) {
    EXPECT_THAT(error_of(parse_window_weekdays(text)), HasSubstr("96032")) << text;
  }
}

TEST(ZillizRules, Z_POL_07_AutomaticBackupsExpireAfterTheirDays) {
  const Instant born = at("2025-06-02T02:10:00Z");
  EXPECT_EQ(expiry("zilliz: --retention-days 7", born, false), born + 7 * kDay);
}

TEST(ZillizRules, Z_MAN_03_ManualIsRefusedWhileAutomaticRuns) {
  const AdmissionRules rules = zilliz().admission;
  const Admission refused = admit(rules, {.automatic = 1, .manual = 0}, Origin::kManual);
  EXPECT_FALSE(refused.admitted);
  EXPECT_EQ(refused.reason, AdmissionReason::kAutomaticRuns);
  EXPECT_EQ(explain(refused, rules), "an automatic backup is running (96038)");
  EXPECT_TRUE(admit(rules, {}, Origin::kManual).admitted);
}

TEST(ZillizRules, Z_MAN_04_AutomaticRunsBesideManual) {
  EXPECT_TRUE(
      admit(zilliz().admission, {.automatic = 0, .manual = 1}, Origin::kAutomatic).admitted);
}

TEST(ZillizRules, Z_MAN_05_OneManualJobAtATime) {
  const AdmissionRules rules = zilliz().admission;
  const Admission refused = admit(rules, {.automatic = 0, .manual = 1}, Origin::kManual);
  EXPECT_EQ(refused.reason, AdmissionReason::kTooManyManual);
  EXPECT_THAT(explain(refused, rules), HasSubstr("96038"));
}

TEST(ZillizRules, Z_MAN_06_ManualBackupsNeverExpire) {
  EXPECT_EQ(expiry("zilliz: --retention-days 7", at("2025-06-02"), true), std::nullopt);
}

TEST(ZillizRules, Z_MAN_07_DroppingTheClusterTakesAutomaticBackupsOnly) {
  const DeletionRules rules = zilliz().deletion;
  const Instant dropped = at("2025-06-10T12:00:00Z");
  const Fate automatic = after_deletion(rules, Origin::kAutomatic, dropped, dropped + 3 * kDay);
  EXPECT_EQ(automatic.gone_at, dropped);
  EXPECT_EQ(automatic.reason, FateReason::kGoesWithOwner);
  const Fate manual = after_deletion(rules, Origin::kManual, dropped);
  EXPECT_EQ(manual.gone_at, std::nullopt);
  EXPECT_EQ(explain(manual, OwnerKind::kService, Origin::kManual),
            "kept: made by hand backups outlive the deleted service");
}

TEST(ZillizRules, Z_MAN_08_WhoMayManageBackups) {
  for (const CallerRole role :
       {CallerRole::kOrganizationOwner, CallerRole::kProjectAdmin, CallerRole::kCustomWithBackup}) {
    EXPECT_TRUE(check_role(zilliz(), role).ok());
  }
  EXPECT_THAT(error_of(check_role(zilliz(), CallerRole::kCustomWithoutBackup)), HasSubstr("96013"));
  EXPECT_THAT(error_of(check_role(zilliz(), CallerRole::kOther)), HasSubstr("96013"));
}

TEST(ZillizRules, Z_MAN_11_DurationAtSevenHundredMegabytesASecond) {
  const JobSpeed speed;
  EXPECT_EQ(job_duration(speed, {70'000'000'000, 0}, 10), 100 * kSecond);
  EXPECT_EQ(job_duration(speed, {70'000'000'000, 0}, 1000), 100 * kSecond);
  EXPECT_EQ(job_duration(speed, {70'000'000'000, 0}, 1001), 100 * kSecond + kSecond / 100);
  EXPECT_EQ(job_duration(speed, {1, 0}, 0), kSecond);
  EXPECT_EQ(job_duration(speed, {0, 0}, 0), Duration(0));
}

CopyRequest gcp_copy() {
  CopyRequest request;
  request.source_cloud = request.target_cloud = "gcp";
  request.retention_days = 7;
  return request;
}

TEST(ZillizRules, Z_XR_03_ManualCopiesArePermanent) {
  CopyRequest request = gcp_copy();
  request.made_by = Origin::kManual;
  EXPECT_EQ(check_copy(request, zilliz().copies), CopyFault::kRetentionOfManual);
  request.retention_days.reset();
  EXPECT_EQ(check_copy(request, zilliz().copies), CopyFault::kNone);
  EXPECT_EQ(after_deletion(zilliz().deletion, Origin::kManual, at("2025-07-01")).gone_at,
            std::nullopt);
}

TEST(ZillizRules, Z_XR_04_ScheduledCopiesNeedRetentionPerRegion) {
  CopyRequest request = gcp_copy();
  EXPECT_EQ(check_copy(request, zilliz().copies), CopyFault::kNone);
  request.retention_days.reset();
  EXPECT_EQ(check_copy(request, zilliz().copies), CopyFault::kNoRetention);
  EXPECT_THAT(explain(check_copy(request, zilliz().copies)), HasSubstr("96034"));
  for (const int days : {0, 31, -1}) {
    request.retention_days = days;
    EXPECT_EQ(check_copy(request, zilliz().copies), CopyFault::kRetentionRange) << days;
  }
}

TEST(ZillizRules, Z_XR_05_SameProviderOnly) {
  CopyRequest request = gcp_copy();
  request.source_cloud = "aws";
  EXPECT_EQ(check_copy(request, zilliz().copies), CopyFault::kOtherProvider);
  EXPECT_THAT(explain(CopyFault::kOtherProvider), HasSubstr("96001"));
  request = gcp_copy();
  request.same_region = true;
  EXPECT_EQ(check_copy(request, zilliz().copies), CopyFault::kSameRegion);
  // Two clouds that nobody knows are not one.
  request = gcp_copy();
  request.source_cloud = request.target_cloud = "";
  EXPECT_EQ(check_copy(request, zilliz().copies), CopyFault::kOtherProvider);
}

TEST(ZillizRules, Z_XR_06_NoAzure) {
  CopyRequest request = gcp_copy();
  request.source_cloud = "azure";
  request.cloud_has_copies = false;
  for (const char* target : {"azure", "aws"}) {
    request.target_cloud = target;
    EXPECT_EQ(check_copy(request, zilliz().copies), CopyFault::kCloudWithout);
  }
}

TEST(ZillizRules, Z_RES_06_VersionChoiceWithinThirtyDays) {
  const Instant born = at("2025-06-01");
  const Version original{2, 5, 9}, latest{2, 6, 0};
  for (const Duration age : {Duration(0), 30 * kDay}) {
    const VersionChoice choice = version_choice(born, born + age, original, latest);
    EXPECT_TRUE(choice.original);
    EXPECT_THAT(explain(choice), HasSubstr("original version or the latest"));
  }
}

TEST(ZillizRules, Z_RES_07_VersionIsFixedAfterThirtyDaysOrOnTheLatestMinor) {
  const Instant born = at("2025-06-01");
  EXPECT_EQ(version_choice(born, born + 30 * kDay + Duration(1), {2, 5, 9}, {2, 6, 0}).reason,
            VersionReason::kTooOld);
  EXPECT_EQ(version_choice(born, born + kDay, {2, 6, 0}, {2, 6, 4}).reason,
            VersionReason::kSameMinor);
  EXPECT_TRUE(version_choice(born, born + kDay, {1, 9, 0}, {2, 0, 0}).original);
}

TEST(ZillizRules, Z_RES_15_KeysOfClustersAreOfBusinessCritical) {
  const ServiceRules& zilliz = *service_rules("zilliz");
  EXPECT_TRUE(check_key(zilliz, ServicePlan::kBusinessCritical).ok());
  EXPECT_THAT(check_key(zilliz, ServicePlan::kDedicated).error().message, HasSubstr("96028"));
  EXPECT_TRUE(check_key(*service_rules("plain"), ServicePlan::kFree).ok());
  EXPECT_FALSE(check_key(*service_rules("qdrant"), ServicePlan::kBusinessCritical).ok());
  EXPECT_TRUE(check_key_count(zilliz, 19).ok());
  EXPECT_FALSE(check_key_count(zilliz, 20).ok());
  EXPECT_TRUE(check_key_count(*service_rules("plain"), 1000).ok());
}

}  // namespace
}  // namespace backcast::policy
