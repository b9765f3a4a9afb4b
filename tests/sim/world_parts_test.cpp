// Parts of a world, each alone on a stage of its own.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/words/words.h"
#include "sim/world/lifecycle.h"
#include "sim/world/restores.h"
#include "tests/sim/world_stage.h"

namespace backcast::sim {
namespace {

TEST(WorldParts, MembersAreFoundWhetherOrNotTheyFollowEachOther) {
  const Members near({3, 4, 5}), far({1, 4, 9});
  for (const Members* members : {&near, &far}) {
    std::size_t place = 0;
    for (const std::uint32_t service : *members) EXPECT_EQ(members->place_of(service), place++);
    for (const std::uint32_t stranger : {0U, 2U, 6U, 10U}) EXPECT_FALSE(members->has(stranger));
  }
}

TEST(WorldParts, WhatIsDownSuspendedOrDeletedCannotRun) {
  const Scenario scenario = two_services();
  Stage stage(scenario, {0, 1}, Draws(1, 0));
  Availability availability(stage);
  availability.take_down("here");
  availability.take_down("here");
  availability.bring_back("here");
  EXPECT_EQ(availability.why_not(0), Why::kRegionDown);
  EXPECT_EQ(availability.why_not(1), Why::kNothing);
  availability.bring_back("here");
  EXPECT_EQ(availability.why_not(0), Why::kNothing);
  ++availability.of(1).suspended;
  EXPECT_EQ(availability.why_not(1), Why::kSuspended);
  availability.of(1).deleted = true;
  EXPECT_EQ(availability.why_not(1), Why::kServiceDeleted);
}

TEST(WorldParts, ALimitIsFullUntilAJobLeaves) {
  const Scenario scenario = two_services();
  const Stage stage(scenario, {0, 1}, Draws(1, 0));
  JobLimits limits(stage);
  EXPECT_EQ(limits.full_for(0), nullptr);
  limits.enter(0);
  EXPECT_EQ(limits.full_for(1), &scenario.limits[0]);
  limits.leave(0);
  EXPECT_EQ(limits.full_for(1), nullptr);
}

TEST(WorldParts, AClockThatJumpsForwardMissesWhatItPassesOver) {
  const Scenario scenario = two_services();
  Stage stage(scenario, {0}, Draws(1, 0));
  Schedules schedules(stage);
  schedules.start(0, std::nullopt);
  EXPECT_EQ(schedules.slots()[0].timetable.due, at("2026-01-01T02:00:00Z"));
  EXPECT_FALSE(schedules.fires(0));  // not yet
  stage.agenda.pop();
  EXPECT_TRUE(schedules.fires(0));
  schedules.jump_clock(0, 25 * kHour);
  EXPECT_TRUE(schedules.slots()[0].timetable.missed);
  EXPECT_EQ(schedules.slots()[0].timetable.due,
            at("2026-01-02T01:00:00Z"));  // 02:00 by its own clock
  EXPECT_EQ(stage.journal.result().log.back().kind, LogKind::kStartSkipped);
}

TEST(WorldParts, ALinkTellsWhichTransferHasEnded) {
  const Scenario scenario = two_services();
  Stage stage(scenario, {0}, Draws(1, 0));
  std::vector<std::uint64_t> ended;
  Links links(stage, [&](std::uint64_t id) { ended.push_back(id); });
  links.start(0, 7, 5'000'000'000);
  links.start(0, 8, 500'000'000);
  while (!stage.agenda.empty()) links.settle(stage.agenda.pop().entity);
  EXPECT_EQ(ended, (std::vector<std::uint64_t>{8, 7}));
  EXPECT_EQ(stage.now(), scenario.start + 6 * kSecond);  // 5.5 s, in whole seconds
  EXPECT_TRUE(links.obey_littles_law());
}

// A restore point of the service as large as all its data, which no job made.
std::uint32_t store(Stage& stage, Vaults& vaults, std::uint32_t service, std::uint32_t ordinal,
                    const PolicyPlace& birth = {}) {
  BackupRecord record;
  record.id = fmt::format("{}-{}", stage.service(service).name, ordinal);
  record.service = service;
  record.region = stage.service(service).region;
  record.kind = "automatic";
  record.born = stage.now();
  record.size_bytes = 1'000'000'000;
  const std::uint32_t backup = stage.journal.add(std::move(record));
  vaults.store(backup, {ordinal, 1'000'000'000, 0, 0}, true, birth);
  return backup;
}

std::vector<UsageRecord> usage_of(Stage& stage, UsageKind kind) {
  std::vector<UsageRecord> found;
  for (const UsageRecord& record : stage.journal.result().usage) {
    if (record.kind == kind) found.push_back(record);
  }
  return found;
}

LogKind last_logged(Stage& stage) {
  return stage.journal.result().log.back().kind;
}

TEST(WorldParts, VaultsLetGoWhatTheRetentionOfTheServiceDoesNotKeep) {
  Scenario scenario = two_services();
  scenario.services[0].retention = *policy::parse_policy("restic: --keep-last 1");
  Stage stage(scenario, {0}, Draws(1, 0));
  Vaults vaults(stage, nullptr);
  const std::uint32_t older = store(stage, vaults, 0, 0);
  move_to(stage, scenario.start + kDay);
  const std::uint32_t newer = store(stage, vaults, 0, 1);
  vaults.prune(vaults.find(0, "here"));
  EXPECT_EQ(stage.journal.backup(older).state, BackupState::kDeleted);
  EXPECT_EQ(stage.journal.backup(older).deleted, stage.now());
  EXPECT_EQ(stage.journal.backup(newer).state, BackupState::kAvailable);
  EXPECT_EQ(last_logged(stage), LogKind::kDeleted);
  const auto held = usage_of(stage, UsageKind::kStorage);
  ASSERT_EQ(held.size(), 1u);
  EXPECT_EQ(held[0].backup, "a-0");
  EXPECT_EQ(held[0].quantity, 1'000'000'000u);
  EXPECT_EQ(held[0].end - held[0].start, kDay);
}

TEST(WorldParts, VaultsExpireWhatItsScheduleGaveAnEnd) {
  Scenario scenario = two_services();
  scenario.services[0].schedules[0].retention = *policy::parse_policy("native: --ttl 2d");
  Stage stage(scenario, {0}, Draws(1, 0));
  Vaults vaults(stage, nullptr);
  const std::uint32_t backup = store(stage, vaults, 0, 0, {PolicyPlace::In::kSchedule});
  EXPECT_EQ(stage.journal.backup(backup).expires, scenario.start + 2 * kDay);
  const Event due = stage.agenda.pop();
  EXPECT_EQ(static_cast<Due>(due.kind), Due::kExpires);
  vaults.expire(due.entity);
  EXPECT_EQ(stage.journal.backup(backup).deleted, scenario.start + 2 * kDay);
  EXPECT_EQ(reason_text(scenario, stage.journal.backup(backup)), "expired 0s ago");
}

TEST(WorldParts, AVaultThatIsFullRefusesAndKeepsWhatItHas) {
  Scenario scenario = two_services();
  scenario.projects[0].quota_bytes = 1'500'000'000;
  Stage stage(scenario, {0, 1}, Draws(1, 0));
  Vaults vaults(stage, nullptr);
  const std::uint32_t first = store(stage, vaults, 0, 0), second = store(stage, vaults, 1, 0);
  EXPECT_EQ(stage.journal.backup(first).state, BackupState::kAvailable);
  EXPECT_EQ(stage.journal.backup(second).state, BackupState::kRefused);
  EXPECT_EQ(vaults[vaults.find(1, "there")].stored_bytes(), 0u);
}

// What lies behind jobs and restores, alone.
struct Ground {
  Stage stage;
  Availability availability{stage};
  Schedules schedules{stage};
  std::vector<std::uint64_t> ended;
  Links links{stage, [this](std::uint64_t id) { ended.push_back(id); }};
  Vaults vaults{stage, nullptr};

  explicit Ground(const Scenario& scenario) : stage(scenario, {0, 1}, Draws(1, 0)) {}
};

TEST(WorldParts, ACopyIsThereWhenItsLinkHasCarriedIt) {
  Scenario scenario = two_services();
  scenario.services[0].schedules[0].copies.push_back({"there", std::nullopt});
  Ground ground(scenario);
  Copies copies(ground.stage, ground.availability, ground.schedules, ground.links, ground.vaults);
  const std::uint32_t original = store(ground.stage, ground.vaults, 0, 0);
  const PolicyPlace made{PolicyPlace::In::kSchedule, 0, 0};
  const Generation generation{0, 1'000'000'000, 0, 0};
  const CopyRule& rule = scenario.services[0].schedules[0].copies[0];
  copies.start(original, generation, rule, made);
  const BackupRecord& copy = ground.stage.journal.backup(1);
  EXPECT_EQ(copy.state, BackupState::kRunning);
  ground.links.settle(ground.stage.agenda.pop().entity);
  ASSERT_EQ(ground.ended, std::vector<std::uint64_t>{0});
  copies.end(0);
  EXPECT_EQ(copy.state, BackupState::kAvailable);
  EXPECT_EQ(copy.available, scenario.start + kSecond);
  EXPECT_EQ(copy.id, "a-0@there");
  EXPECT_EQ(usage_of(ground.stage, UsageKind::kTransfer).at(0).quantity, 1'000'000'000u);

  ground.availability.take_down("there");
  copies.start(original, generation, rule, made);
  EXPECT_EQ(ground.stage.journal.backup(2).state, BackupState::kFailed);
  EXPECT_EQ(reason_text(scenario, ground.stage.journal.backup(2)), "there is down");
}

TEST(WorldParts, AJobWaitsForTheOneThatRunsAndTakesAsLongAsItsBytes) {
  const Scenario scenario = two_services();
  Ground ground(scenario);
  Copies copies(ground.stage, ground.availability, ground.schedules, ground.links, ground.vaults);
  Jobs jobs(ground.stage, ground.availability, ground.schedules, ground.vaults, copies);
  jobs.start_scheduled(0);
  jobs.start_scheduled(1);
  EXPECT_EQ(last_logged(ground.stage), LogKind::kBackupWaits);
  for (const std::uint32_t job : {0U, 1U}) {
    const Event due = ground.stage.agenda.pop();
    EXPECT_EQ(static_cast<Due>(due.kind), Due::kJobEnds);
    EXPECT_EQ(due.entity, job);
    EXPECT_EQ(ground.stage.now(), scenario.start + (job + 1) * 100 * kSecond);
    jobs.end(due.entity);
    EXPECT_EQ(ground.stage.journal.backup(job).state, BackupState::kAvailable);
  }
  ++ground.availability.of(0).suspended;
  jobs.start_scheduled(0);
  const LogEvent& missed = ground.stage.journal.result().log.back();
  EXPECT_EQ(log_text(scenario, ground.stage.journal.result(), missed),
            "a/auto-000002 was due but did not start: a is suspended");
}

TEST(WorldParts, ARestoreTakesTheNewestThatCanBeRead) {
  Scenario scenario = two_services();
  scenario.services[0].job.restore_rate_bytes_per_second = 10'000'000;
  ScheduledEvent event;
  event.kind = EventKind::kRestore;
  scenario.events = {event};
  Ground ground(scenario);
  Copies copies(ground.stage, ground.availability, ground.schedules, ground.links, ground.vaults);
  Jobs jobs(ground.stage, ground.availability, ground.schedules, ground.vaults, copies);
  Restores restores(ground.stage, ground.availability, ground.schedules, ground.links,
                    ground.vaults, jobs);
  restores.start(0, 0);
  const auto& records = ground.stage.journal.result().restores;
  EXPECT_EQ(outcome_text(scenario, records.at(0)), "there is no restore point to restore from");
  store(ground.stage, ground.vaults, 0, 0);
  move_to(ground.stage, scenario.start + kHour);
  const std::uint32_t newer = store(ground.stage, ground.vaults, 0, 1);
  move_to(ground.stage, scenario.start + 2 * kHour);
  restores.start(0, 0);
  EXPECT_EQ(records.at(1).backup, newer);
  EXPECT_EQ(records.at(1).lost, kHour);
  const Event due = ground.stage.agenda.pop();
  EXPECT_EQ(static_cast<Due>(due.kind), Due::kRestoreEnds);
  restores.end(due.entity);
  EXPECT_EQ(outcome_text(scenario, records.at(1)), "done after 1m 40s");
}

TEST(WorldParts, WhatADeletedServiceHadGoesWhenTheRulesSaySo) {
  Scenario scenario = two_services();
  scenario.services[0].rules = policy::service_rules("zilliz");
  Ground ground(scenario);
  Copies copies(ground.stage, ground.availability, ground.schedules, ground.links, ground.vaults);
  Jobs jobs(ground.stage, ground.availability, ground.schedules, ground.vaults, copies);
  Lifecycle lifecycle(ground.stage, ground.availability, ground.schedules, ground.vaults, copies,
                      jobs);
  const std::uint32_t automatic = store(ground.stage, ground.vaults, 0, 0);
  const std::uint32_t others = store(ground.stage, ground.vaults, 1, 0);
  ScheduledEvent event;
  event.kind = EventKind::kDeleteService;
  lifecycle.delete_service(0, event);
  EXPECT_TRUE(ground.availability.of(0).deleted);
  EXPECT_EQ(ground.stage.journal.backup(automatic).state, BackupState::kDeleted);
  EXPECT_EQ(reason_text(scenario, ground.stage.journal.backup(automatic)),
            "deleted: automatic backups go with the service");
  EXPECT_EQ(ground.stage.journal.backup(others).state, BackupState::kAvailable);
  lifecycle.switch_off(1);
  EXPECT_FALSE(ground.schedules.are_on(1));
}

}  // namespace
}  // namespace backcast::sim
