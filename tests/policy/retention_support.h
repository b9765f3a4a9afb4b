// Short ways to write a history down and to say what stays of it.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/policy/retention/retention.h"

namespace backcast::policy::testing {

inline Instant at(const std::string& text) {
  return parse_instant(text).value().instant;
}

// A restore point whose id is its time as written, with that offset.
inline Snapshot made(const std::string& time, std::vector<std::string> tags = {}) {
  const StampedInstant stamped = parse_instant(time).value();
  return {.id = time, .time = stamped.instant, .offset = stamped.offset, .tags = std::move(tags)};
}

inline std::vector<Snapshot> made(std::initializer_list<const char*> times) {
  std::vector<Snapshot> history;
  for (const char* time : times) history.push_back(made(time));
  return history;
}

// One a day (or another step) from `first` on; ids are the dates.
inline std::vector<Snapshot> series(const std::string& first, int count, Duration step = kDay) {
  std::vector<Snapshot> history;
  for (int i = 0; i < count; ++i) {
    const Instant t = at(first) + i * step;
    history.push_back({.id = format_instant(t), .time = t});
  }
  return history;
}

struct Decided {
  RetentionPolicy policy;
  std::vector<Snapshot> history;
  Plan plan;

  std::vector<std::string> ids(bool keep) const {
    std::vector<std::string> ids;
    for (const std::uint32_t i : plan.newest_first) {
      if (plan.verdicts[i].keep == keep) ids.push_back(history[i].id);
    }
    return ids;
  }
  std::vector<std::string> kept() const { return ids(true); }
  std::vector<std::string> deleted() const { return ids(false); }
  std::string why(const std::string& id) const {
    for (std::size_t i = 0; i < history.size(); ++i) {
      if (history[i].id != id) continue;
      std::string text;
      for (const Reason& reason : plan.reasons_of(i)) {
        text += (text.empty() ? "" : ", ") + to_text(policy, reason);
      }
      return text;
    }
    return "no such snapshot";
  }
};

inline Decided decide_on(const std::string& policy_text, std::vector<Snapshot> history,
                         const std::string& now, const std::string& zone = "UTC") {
  auto policy = parse_policy(policy_text);
  EXPECT_TRUE(policy.ok()) << policy_text << ": " << to_string(policy.error());
  Decided d{std::move(policy).value(), std::move(history), {}};
  d.plan = plan(d.policy, d.history, {at(now), Zone::find(zone).value()});
  return d;
}

inline std::string refusal(const std::string& policy_text) {
  const auto policy = parse_policy(policy_text);
  return policy.ok() ? "accepted" : to_string(policy.error());
}

}  // namespace backcast::policy::testing
