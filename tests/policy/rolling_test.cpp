// A plan that is kept up to date lets go what a whole plan lets go, with the same reasons, at every
// step of a random life.
#include "engine/policy/rolling.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

namespace backcast::policy {
namespace {

std::string some_policy() {
  std::string text = "restic:";
  const auto flag = [&](const char* name, int most) {
    if (*rc::gen::inRange(0, 3) > 0) return;
    text += std::string(" --keep-") + name + " " + std::to_string(*rc::gen::inRange(1, most));
  };
  flag("last", 30);
  flag("hourly", 40);
  flag("daily", 20);
  flag("weekly", 6);
  flag("monthly", 4);
  flag("yearly", 3);
  const auto window = [&](const char* name, const char* unit, int most) {
    if (*rc::gen::inRange(0, 4) > 0) return;
    text += std::string(" --keep-within") + name + " " +
            std::to_string(*rc::gen::inRange(1, most)) + unit;
  };
  window("", "d", 10);
  window("-hourly", "d", 10);
  window("-daily", "m", 3);
  window("-monthly", "y", 2);
  if (*rc::gen::inRange(0, 4) == 0) text += " --keep-tag x";
  if (text == "restic:") text += " --keep-last 5";
  return text;
}

RC_GTEST_PROP(RollingPlan, LetsGoWhatAWholePlanLetsGo, ()) {
  const RetentionPolicy policy = *parse_policy(some_policy());
  const Zone zone = *Zone::find("Europe/Berlin");
  const auto rolling = RollingPlan::of(policy);
  RC_ASSERT(rolling != nullptr);
  std::map<std::uint32_t, Point> held;  // by id, which rises with time
  Instant now = from_unix_seconds(1'774'000'000 + *rc::gen::inRange(0, 40'000'000));
  const int step_seconds = *rc::gen::element(60, 900, 3600, 21'600, 86'400, 900'000);
  bool is_first = true;
  for (std::uint32_t id = 0; id < 300; ++id) {
    now += std::chrono::seconds(*rc::gen::inRange(1, 2 * step_seconds));
    Point point;
    point.time = point.end = now;
    point.offset_seconds = static_cast<std::int32_t>(zone.offset_at(now).count());
    point.tag_lists = *rc::gen::inRange(0, 12) == 0 ? 1 : 0;
    held[id] = point;
    rolling->add(id, point);
    if (*rc::gen::inRange(0, 15) == 0) {  // somebody deletes one
      const auto gone = std::next(held.begin(), *rc::gen::inRange<int>(0, int(held.size())));
      rolling->remove(gone->first);
      held.erase(gone);
    }
    if (held.empty()) continue;
    const PlanContext context{now + kSecond * *rc::gen::inRange(0, 2), zone};
    const auto dropped = rolling->dropped(context);
    std::vector<Point> points;
    std::vector<std::uint32_t> ids;
    for (const auto& [number, p] : held) points.push_back(p), ids.push_back(number);
    Plan whole;
    plan(policy, points, context, whole);
    std::vector<std::pair<std::uint32_t, Reason>> expected;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (whole.verdicts[i].keep) continue;
      RC_ASSERT(whole.reasons_of(i).size() == 1U);
      expected.emplace_back(ids[i], whole.reasons_of(i).front());
    }
    if (dropped) {
      RC_ASSERT(dropped->size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        RC_ASSERT((*dropped)[i].id == expected[i].first);
        RC_ASSERT((*dropped)[i].reason == expected[i].second);
      }
    } else {
      // Only the first plan, or one that keeps nothing of what is newest, asks for a whole one.
      RC_ASSERT(is_first || !whole.verdicts.back().keep);
      rolling->settle();
    }
    is_first = false;
    for (const auto& [gone, reason] : expected) {
      rolling->remove(gone);
      held.erase(gone);
    }
  }
}

TEST(RollingPlan, AsksForAWholePlanOutOfOrder) {
  const RetentionPolicy policy = *parse_policy("restic: --keep-last 2");
  const auto rolling = RollingPlan::of(policy);
  Point point;
  point.time = from_unix_seconds(1000);
  rolling->add(0, point);
  rolling->settle();
  point.time = from_unix_seconds(500);
  rolling->add(1, point);
  EXPECT_FALSE(rolling->dropped({from_unix_seconds(2000), Zone::utc()}));
}

TEST(RollingPlan, KnowsOnlyWhatItCanFollow) {
  EXPECT_EQ(RollingPlan::of(*parse_policy("borg: --keep-daily 7")), nullptr);
}

}  // namespace
}  // namespace backcast::policy
