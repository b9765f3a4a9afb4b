// Rows of the vendors' feature table that show only in a running world: how jobs follow each other
// and what a failed copy leaves. Each test is named by the row it proves.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/run/run.h"
#include "sim/words/words.h"

namespace backcast::sim {
namespace {

constexpr std::uint64_t kGb = 1'000'000'000;

Instant at(std::string_view text) {
  return parse_instant(text)->instant;
}

// A Zilliz cluster of 7 GB: ten seconds to back up, and 700 s to copy to each of two regions.
Scenario cross_region() {
  const policy::RetentionPolicy week = *policy::parse_policy("zilliz: --retention-days 7");
  Scenario s;
  s.name = "rows";
  s.start = at("2025-06-02T00:00:00Z");
  s.end = s.start + 3 * kDay;
  Project project;
  project.name = "p";
  project.provider = "zilliz";
  project.rules = policy::service_rules("zilliz");
  s.projects.push_back(project);
  Service service;
  service.name = "vectors";
  service.provider = "zilliz";
  service.rules = policy::service_rules("zilliz");
  service.cloud = "gcp";
  service.region = "us-west1";
  service.workload.size_bytes = 7 * kGb;
  service.job.speed.rate_bytes_per_second = 700'000'000;
  service.job.copy_rate_bytes_per_second = 10'000'000;
  ServiceSchedule daily;
  daily.rule = *policy::parse_schedule("oncalendar: 02:00 UTC");
  daily.retention = week;
  daily.copies = {{"us-east4", week}, {"us-central1", week}};
  daily.from = s.start;
  service.schedules.push_back(daily);
  s.services.push_back(service);
  return s;
}

std::vector<BackupRecord> copies_of(const RunResult& result, std::size_t original) {
  std::vector<BackupRecord> copies;
  for (const BackupRecord& b : result.backups) {
    if (b.original == original) copies.push_back(b);
  }
  return copies;
}

// The instant of the first log line of a kind about a backup.
Instant logged(const RunResult& result, LogKind kind, std::string_view id) {
  for (const LogEvent& event : result.log) {
    if (event.kind == kind && event.backup != kNone && result.backups[event.backup].id == id) {
      return event.at;
    }
  }
  ADD_FAILURE() << "no " << name(kind) << " of " << id;
  return kNever;
}

TEST(VendorRows, Z_XR_02_OneJobPerTargetRegion) {
  const RunResult result = run(cross_region());
  int originals = 0;
  for (std::size_t i = 0; i < result.backups.size(); ++i) {
    const BackupRecord& original = result.backups[i];
    if (original.original != kNone) continue;
    ++originals;
    const auto copies = copies_of(result, i);
    ASSERT_EQ(copies.size(), 2u) << original.id;
    const std::set<std::string> regions = {copies[0].region, copies[1].region};
    EXPECT_EQ(regions, (std::set<std::string>{"us-central1", "us-east4"}));
    // Z-XR-01: a copy starts no sooner than the original is complete.
    for (const BackupRecord& copy : copies) {
      EXPECT_GE(logged(result, LogKind::kCopyStarted, copy.id), original.available);
      EXPECT_EQ(copy.state, BackupState::kAvailable);
    }
  }
  EXPECT_EQ(originals, 3);
}

TEST(VendorRows, Z_XR_10_AFailedCopyLeavesTheOriginalAndTheOtherCopy) {
  Scenario s = cross_region();
  ScheduledEvent outage;
  outage.kind = EventKind::kOutage;
  outage.at = at("2025-06-02T02:05:00Z");  // while the first copies are under way
  outage.lasts = kHour;
  outage.region = "us-east4";
  s.events.push_back(outage);
  const RunResult result = run(s);
  ASSERT_FALSE(result.backups.empty());
  EXPECT_EQ(result.backups[0].state, BackupState::kAvailable);
  const auto copies = copies_of(result, 0);
  ASSERT_EQ(copies.size(), 2u);
  for (const BackupRecord& copy : copies) {
    const bool hit = copy.region == "us-east4";
    EXPECT_EQ(copy.state, hit ? BackupState::kFailed : BackupState::kAvailable) << copy.id;
    EXPECT_EQ(reason_text(s, copy),
              hit ? "us-east4 went down while it was copied" : "expires in 7d")
        << copy.id;
  }
  // The next day's copy to the same region is made.
  EXPECT_TRUE(std::any_of(result.backups.begin(), result.backups.end(), [](const BackupRecord& b) {
    return b.region == "us-east4" && b.state == BackupState::kAvailable;
  }));
}

TEST(VendorRows, Q_INC_01_OnlyChangesAreStoredAndAnyBackupMayGo) {
  DeltaModel model;
  model.kind = DeltaModel::Kind::kIncremental;
  model.dependents = DeltaModel::Dependents::kMerge;
  model.curve = {.w1 = 1, .rate1 = 0.01};  // one byte in a hundred changes in a day
  DeltaChain chain(model);
  const auto day = [](std::uint32_t ordinal) {
    return Generation{ordinal, 100 * kGb, 0, double(ordinal)};
  };
  const auto first = chain.add(day(0));
  const auto second = chain.add(day(1));
  EXPECT_EQ(first.moved_bytes, 100 * kGb);
  EXPECT_LT(second.moved_bytes, kGb + 1);
  EXPECT_GT(second.moved_bytes, kGb / 2);
  // The first goes; the second is whole: what is left is a full backup of its size.
  chain.remove(first.handle);
  EXPECT_EQ(chain.held(), 1u);
  EXPECT_EQ(chain.stored_bytes(), 100 * kGb);
}

// CreateBackup: no schedule's id and no schedule's retention; running, then succeeded.
TEST(VendorRows, Q_SCH_04_BackupNowRunsAndBelongsToNoSchedule) {
  Scenario s = cross_region();
  s.projects[0].provider = "qdrant";
  s.projects[0].rules = policy::service_rules("qdrant");
  Service& service = s.services[0];
  service.provider = "qdrant";
  service.rules = policy::service_rules("qdrant");
  service.schedules[0].copies.clear();
  service.schedules[0].retention = *policy::parse_policy("qdrant: --retention-days 1");
  ScheduledEvent now;
  now.kind = EventKind::kManualBackup;
  now.at = s.start + 10 * kHour;
  now.services = {0};
  s.events.push_back(now);
  const auto manual = [](const RunResult& result) {
    const auto found = std::find_if(result.backups.begin(), result.backups.end(),
                                    [](const BackupRecord& b) { return b.kind == "manual"; });
    EXPECT_NE(found, result.backups.end());
    return *found;
  };
  Scenario stopped = s;
  stopped.end = now.at + 5 * kSecond;  // the job takes ten
  EXPECT_EQ(manual(run(stopped)).state, BackupState::kRunning);
  const BackupRecord done = manual(run(s));
  EXPECT_EQ(done.state, BackupState::kAvailable);
  EXPECT_EQ(done.available, now.at + 10 * kSecond);
  EXPECT_EQ(done.schedule, "");
  EXPECT_EQ(done.expires, kNever);
}

}  // namespace
}  // namespace backcast::sim
