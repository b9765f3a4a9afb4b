// Parts of a world, each alone on a stage of its own.
#include <gtest/gtest.h>

#include "sim/world/availability.h"
#include "sim/world/job_limits.h"
#include "sim/world/links.h"
#include "sim/world/schedules.h"

namespace backcast::sim {
namespace {

Instant at(std::string_view text) {
  return parse_instant(text)->instant;
}

// Two services of one project that run daily at 02:00; no more than one job at once.
Scenario two_services() {
  Scenario s;
  s.start = at("2026-01-01");
  s.end = s.start + 10 * kDay;
  s.projects.emplace_back();
  for (const char* name : {"a", "b"}) {
    Service service;
    service.name = name;
    service.region = name == std::string_view("a") ? "here" : "there";
    ServiceSchedule daily;
    daily.rule = *policy::parse_schedule("0 2 * * *");
    daily.from = s.start;
    service.schedules.push_back(daily);
    s.services.push_back(service);
  }
  s.links.push_back({"here", "there", 1'000'000'000, 0});
  s.limits.emplace_back();
  return s;
}

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
  EXPECT_EQ(availability.why_not(0), "here is down");
  EXPECT_EQ(availability.why_not(1), "");
  availability.bring_back("here");
  EXPECT_EQ(availability.why_not(0), "");
  ++availability.of(1).suspended;
  EXPECT_EQ(availability.why_not(1), "b is suspended");
  availability.of(1).deleted = true;
  EXPECT_EQ(availability.why_not(1), "b is deleted");
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
  EXPECT_EQ(schedules.slots()[0].due, at("2026-01-01T02:00:00Z"));
  EXPECT_FALSE(schedules.fires(0));  // not yet
  stage.agenda.pop();
  EXPECT_TRUE(schedules.fires(0));
  schedules.jump_clock(0, 25 * kHour);
  EXPECT_TRUE(schedules.slots()[0].missed);
  EXPECT_EQ(schedules.slots()[0].due, at("2026-01-02T01:00:00Z"));  // 02:00 by its own clock
  EXPECT_EQ(stage.journal.result().log.back().kind, LogKind::kWindowMissed);
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

}  // namespace
}  // namespace backcast::sim
