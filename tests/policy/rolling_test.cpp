// A plan that is kept up to date lets go what a whole plan lets go, with the same reasons, at every
// step of a random life.
#include "engine/policy/retention/rolling.h"

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

// Rules of the other dialects that keep rows long enough to be left out of a plan.
std::string some_long_policy(const std::string& dialect) {
  std::string text = dialect + ":";
  const auto flag = [&](const char* name, int odds, int most) {
    if (*rc::gen::inRange(0, odds) > 0) return;
    text += std::string(" --keep-") + name + " " + std::to_string(*rc::gen::inRange(1, most));
  };
  if (*rc::gen::inRange(0, 3) == 0) flag(dialect == "kopia" ? "latest" : "last", 1, 90);
  if (dialect == "borg" || dialect == "borg2") flag("minutely", 4, 60);
  flag("hourly", 2, 70);
  flag("daily", 2, 60);
  flag("weekly", 2, 40);
  flag("monthly", 2, 30);
  flag(dialect == "kopia" ? "annual" : "yearly", 3, 4);
  if (text == dialect + ":") text += " --keep-daily 40";
  const int more = *rc::gen::inRange(0, 4);
  if (dialect == "borg" && more == 0) text += " --keep-within 5d";
  if (dialect == "borg" && more == 1) text += " --keep-3monthly 5";
  if (dialect == "native" && more == 0) text += " --keep-within 40d";
  if (dialect == "native" && more == 1) text += " --ttl 30d --max-count 50";
  if (dialect == "native" && more == 2) text += " --min-count 5 --keep-quarterly 3 --keep-tag x";
  return text;
}

// A life of restore points: what a whole plan lets go is removed, now and then another one.
class Life {
 public:
  Life(const RetentionPolicy& policy, const Zone& zone)
      : policy_(policy), zone_(zone), rolling_(RollingPlan::of(policy)) {
    RC_ASSERT(rolling_ != nullptr);
  }

  void add(std::uint32_t id, Instant now, std::uint16_t marks) {
    Point point;
    point.time = point.end = now;
    point.offset_seconds = static_cast<std::int32_t>(zone_.offset_at(now).count());
    point.tag_lists = *rc::gen::inRange(0, 12) == 0 ? 1 : 0;
    point.marks = marks;
    held_[id] = point;
    rolling_->add(id, point);
  }

  void lose_one() {
    const auto gone = std::next(held_.begin(), *rc::gen::inRange<int>(0, int(held_.size())));
    rolling_->remove(gone->first);
    held_.erase(gone);
  }

  // What goes now; checks what the rolling plan says, if it can tell. Whether it could.
  bool prune(Instant now) {
    const PlanContext context{now, zone_};
    const auto dropped = rolling_->dropped(context);
    std::vector<Point> points;
    std::vector<std::uint32_t> ids;
    for (const auto& [number, p] : held_) points.push_back(p), ids.push_back(number);
    Plan whole;
    plan(policy_, points, context, whole);
    std::vector<std::pair<std::uint32_t, Reason>> expected;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (whole.verdicts[i].keep) continue;
      RC_ASSERT(whole.reasons_of(i).size() == 1U);
      expected.emplace_back(ids[i], whole.reasons_of(i).front());
    }
    had_refused = has_refused;
    has_refused = std::any_of(whole.reasons.begin(), whole.reasons.end(),
                              [](const Reason& r) { return r.rule == Rule::kNewest; });
    selects_newest = whole.verdicts.back().keep &&
                     whole.reasons_of(ids.size() - 1).front().rule != Rule::kNewest;
    if (dropped) {
      RC_ASSERT(dropped->size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        RC_ASSERT((*dropped)[i].id == expected[i].first);
        RC_ASSERT((*dropped)[i].reason == expected[i].second);
      }
    } else {
      rolling_->settle(ids, points, whole);
    }
    for (const auto& [gone, reason] : expected) {
      rolling_->remove(gone);
      held_.erase(gone);
    }
    return dropped.has_value();
  }

  bool is_empty() const { return held_.empty(); }
  bool selects_newest = false;
  bool has_refused = false, had_refused = false;  // to leave nothing: now, the time before

 private:
  const RetentionPolicy& policy_;
  const Zone zone_;
  std::unique_ptr<RollingPlan> rolling_;
  std::map<std::uint32_t, Point> held_;  // by id, which rises with time
};

RC_GTEST_PROP(RollingPlan, LetsGoWhatAWholePlanLetsGo, ()) {
  const RetentionPolicy policy = *parse_policy(some_policy());
  Life life(policy, *Zone::find("Europe/Berlin"));
  Instant now = from_unix_seconds(1'774'000'000 + *rc::gen::inRange(0, 40'000'000));
  const int step_seconds = *rc::gen::element(60, 900, 3600, 21'600, 86'400, 900'000);
  bool is_first = true;
  for (std::uint32_t id = 0; id < 300; ++id) {
    now += std::chrono::seconds(*rc::gen::inRange(1, 2 * step_seconds));
    life.add(id, now, 0);
    if (*rc::gen::inRange(0, 15) == 0) life.lose_one();
    if (life.is_empty()) {
      is_first = true;
      continue;
    }
    const bool could_tell = life.prune(now + kSecond * *rc::gen::inRange(0, 2));
    // Only the first plan, one that has no rule for the newest, and the one after it ask for a
    // whole one.
    RC_ASSERT(could_tell || is_first || !life.selects_newest || life.had_refused);
    is_first = false;
  }
}

RC_GTEST_PROP(RollingPlan, LetsGoWhatAWholePlanLetsGoInOtherDialects, ()) {
  const auto dialect = *rc::gen::element<std::string>("borg", "borg2", "pbs", "kopia", "native");
  const std::string text = some_long_policy(dialect);
  const auto parsed = parse_policy(text);
  RC_PRE(parsed.ok());  // borg 2 refuses rules that others make useless
  const RetentionPolicy& policy = *parsed;
  Life life(policy, *Zone::find(*rc::gen::element<std::string>("Europe/Berlin", "UTC")));
  Instant now = from_unix_seconds(1'774'000'000 + *rc::gen::inRange(0, 40'000'000));
  const int step_seconds = *rc::gen::element(30, 900, 3600, 21'600, 86'400, 900'000);
  const bool is_even = *rc::gen::inRange(0, 2) == 0;
  const bool has_odd_ones = *rc::gen::inRange(0, 3) == 0;
  int told = 0, asked = 0;
  for (std::uint32_t id = 0; id < 400; ++id) {
    now += std::chrono::seconds(is_even ? step_seconds : *rc::gen::inRange(1, 2 * step_seconds));
    std::uint16_t marks = 0;
    if (has_odd_ones && *rc::gen::inRange(0, 15) == 0) {
      marks = *rc::gen::element<std::uint16_t>(kMarkProtected, kMarkPinned, kMarkIncomplete,
                                               kMarkHeld, kMarkManual);
    }
    life.add(id, now, marks);
    if (has_odd_ones && *rc::gen::inRange(0, 40) == 0) life.lose_one();
    if (life.is_empty()) continue;
    ++asked;
    if (life.prune(now + kSecond * *rc::gen::inRange(0, 2))) ++told;
  }
  RC_LOG() << text << ", every " << step_seconds << " s" << (is_even ? "" : " or so");
  // Else what is left out would save nothing.
  RC_ASSERT(has_odd_ones || told * 20 > asked * 19);
}

// Of very many, which whole plans after each would take hours for.
TEST(RollingPlan, FollowsVeryMany) {
  for (const char* text :
       {"borg: --keep-last 20000 --keep-daily 30", "borg: --keep-within 14d --keep-weekly 9",
        "borg2: --keep-hourly 30 --keep-minutely 20000", "pbs: --keep-last 20000 --keep-daily 20",
        "kopia: --keep-latest 20000 --keep-monthly 2", "native: --keep-last 20000 --keep-daily 20",
        "native: --ttl 14d", "native: --keep-within 14d --keep-hourly 3"}) {
    const RetentionPolicy policy = *parse_policy(text);
    const auto rolling = RollingPlan::of(policy);
    std::map<std::uint32_t, Point> held;
    int whole_plans = 0;
    for (std::uint32_t id = 0; id < 40'000; ++id) {
      Point point;
      point.time = point.end = from_unix_seconds(1'774'000'000 + 60 * std::int64_t{id});
      held[id] = point;
      rolling->add(id, point);
      const PlanContext context{point.time, Zone::utc()};
      auto dropped = rolling->dropped(context);
      if (!dropped) {
        ++whole_plans;
        std::vector<Point> points;
        std::vector<std::uint32_t> ids;
        for (const auto& [number, p] : held) points.push_back(p), ids.push_back(number);
        Plan whole;
        plan(policy, points, context, whole);
        rolling->settle(ids, points, whole);
        dropped.emplace();
        for (std::size_t i = 0; i < ids.size(); ++i) {
          if (!whole.verdicts[i].keep) dropped->push_back({ids[i], {}});
        }
      }
      for (const auto& gone : *dropped) rolling->remove(gone.id), held.erase(gone.id);
    }
    EXPECT_LE(whole_plans, 40) << text;
    EXPECT_LE(held.size(), 21'000U) << text;
    EXPECT_GE(held.size(), 19'000U) << text;
  }
}

TEST(RollingPlan, AsksForAWholePlanOutOfOrder) {
  const RetentionPolicy policy = *parse_policy("restic: --keep-last 2");
  const auto rolling = RollingPlan::of(policy);
  Point point;
  point.time = from_unix_seconds(1000);
  rolling->add(0, point);
  Plan whole;
  plan(policy, {&point, 1}, {point.time, Zone::utc()}, whole);
  const std::uint32_t id = 0;
  rolling->settle({&id, 1}, {&point, 1}, whole);
  point.time = from_unix_seconds(500);
  rolling->add(1, point);
  EXPECT_FALSE(rolling->dropped({from_unix_seconds(2000), Zone::utc()}));
}

TEST(RollingPlan, WhatStaysForWantOfAnotherGoesWhenThereIsOne) {
  const RetentionPolicy policy = *parse_policy("restic: --keep-tag x");
  const auto rolling = RollingPlan::of(policy);
  std::vector<Point> points;
  std::vector<std::uint32_t> ids;
  std::size_t dropped = 0;
  for (std::uint32_t id = 0; id < 6; ++id) {
    Point point;
    point.time = from_unix_seconds(1000 * (id + 1));
    point.tag_lists = id == 5 ? 1 : 0;
    points.push_back(point), ids.push_back(id);
    rolling->add(id, point);
    const PlanContext context{point.time, Zone::utc()};
    const auto known = rolling->dropped(context);
    Plan whole;
    plan(policy, points, context, whole);
    if (!known) rolling->settle(ids, points, whole);
    dropped = known ? known->size() : 0;
    for (const Verdict& v : whole.verdicts) dropped += !known && !v.keep ? 1 : 0;
  }
  EXPECT_EQ(dropped, 5U);
}

TEST(RollingPlan, KnowsOnlyWhatItCanFollow) {
  EXPECT_EQ(RollingPlan::of(*parse_policy("sanoid: daily=7")), nullptr);
  EXPECT_EQ(RollingPlan::of(*parse_policy("native: --keep-daily 7 --max-size 1GiB")), nullptr);
  EXPECT_EQ(RollingPlan::of(*parse_policy("kopia: --keep-daily 7 --week-month-collision")),
            nullptr);
}

}  // namespace
}  // namespace backcast::policy
