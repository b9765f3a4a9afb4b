#include "engine/policy/forecast.h"

#include "tests/policy/retention_support.h"

namespace backcast::policy {
namespace {

using namespace testing;

Forecast look_ahead(const std::string& policy, const std::string& schedule,
                    std::vector<Snapshot> history, const std::string& now,
                    const std::string& until) {
  return forecast(parse_policy(policy).value(), std::move(history),
                  parse_schedule(schedule).value(), {at(now), Zone::utc()}, at(until))
      .value();
}

TEST(Forecast, EachRestorePointGoesAtTheRunThatReplacesIt) {
  const auto history = series("2026-01-01T02:00:00Z", 3);
  const Forecast f = look_ahead("restic: --keep-last 3", "0 2 * * *", history,
                                "2026-01-03T03:00:00Z", "2026-01-05T12:00:00Z");
  EXPECT_EQ(f.gone_at[0], at("2026-01-04T02:00:00Z"));
  EXPECT_EQ(f.gone_at[1], at("2026-01-05T02:00:00Z"));
  EXPECT_EQ(f.gone_at[2], std::nullopt);
  ASSERT_EQ(f.left.size(), 3u);
  EXPECT_EQ(f.left.back().id, "run 2026-01-05T02:00:00Z");
}

TEST(Forecast, WhatExpiresGoesAtItsMomentAndNotAtTheNextRun) {
  const auto history = series("2026-01-01T02:30:00Z", 1);
  const Forecast f = look_ahead("zilliz: retentionDays=2", "0 0 * * 1", history,
                                "2026-01-01T03:00:00Z", "2026-02-01");
  EXPECT_EQ(f.gone_at[0], at("2026-01-03T02:30:00Z"));
}

TEST(Forecast, EverySourceGoesOnByItself) {
  auto history = series("2026-01-01T02:00:00Z", 2);
  history[0].host = "a";
  history[1].host = "b";
  const Forecast f = look_ahead("restic: --keep-daily 2", "0 2 * * *", history,
                                "2026-01-02T03:00:00Z", "2026-01-10T00:00:00Z");
  EXPECT_EQ(f.left.size(), 4u);
}

TEST(Forecast, ZeropsBackupsGetTheirTimeTags) {
  const Forecast f = look_ahead("zerops:", "5 0 * * *", {}, "2026-01-01", "2026-06-01");
  EXPECT_EQ(f.left.size(), 50u);
  int monthly = 0;
  for (const Snapshot& s : f.left) monthly += s.tags.back() == "monthly";
  EXPECT_EQ(monthly, 3);
}

TEST(Forecast, ALookTooFarAheadIsRefused) {
  const auto history = series("2020-01-01", 50'000, kHour);
  const auto f = forecast(parse_policy("restic: --keep-last -1").value(), history,
                          parse_schedule("* * * * *").value(), {at("2026-01-01"), Zone::utc()},
                          at("2036-01-01"));
  EXPECT_FALSE(f.ok());
}

}  // namespace
}  // namespace backcast::policy
