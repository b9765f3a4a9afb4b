#include "study/history/forecast.h"

#include "tests/policy/retention_support.h"

namespace backcast::study {
namespace {

using namespace policy;
using namespace policy::testing;

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

TEST(Forecast, UnderAScheduleEachClassOfSanoidHoldsItsOwn) {
  const RetentionPolicy policy = parse_policy("sanoid: hourly=24 daily=7 monthly=2").value();
  const auto future =
      forecast(policy, made({"2026-01-01T00:00:00Z"}), parse_schedule("*/15 * * * *").value(),
               {at("2026-01-01T00:00:00Z"), Zone::utc()}, at("2026-03-15T12:00:00Z"))
          .value();
  std::vector<std::size_t> held(3);
  for (const Snapshot& s : future.left) {
    for (const std::string& tag : s.tags) {
      held[0] += tag == "autosnap_hourly";
      held[1] += tag == "autosnap_daily";
      held[2] += tag == "autosnap_monthly";
    }
  }
  // A daily one is due at 23:59 and made by the run at 00:00, together with the hourly one of that
  // hour, so the hourly ones of days that stay are there as well.
  EXPECT_EQ(held[2], 2u);  // 1 February and 1 March; the first of all is not one of sanoid's
  EXPECT_GE(held[1], 7u);
  EXPECT_LE(held[1], 10u);
  EXPECT_GE(held[0], 24u);
  EXPECT_LE(future.left.size(), 24u + 10u + 3u + 1u);
}

}  // namespace
}  // namespace backcast::study
