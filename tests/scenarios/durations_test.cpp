// How long backups, copies and restores take in whole runs: by their bytes and rates, and more or
// less than that where a spread is stated.
#include <fmt/format.h>

#include <cmath>
#include <map>

#include "tests/scenarios/run_text.h"

namespace backcast::scenario {
namespace {

std::vector<Duration> durations(const sim::RunResult& result) {
  std::vector<Duration> all;
  for (const auto& b : result.backups) {
    if (b.available != sim::kNever) all.push_back(b.available - b.born);
  }
  return all;
}

TEST(Durations, AreSpreadAroundWhatTheRateSays) {
  const auto loaded = load_text(R"({"name": "t", "start": "2026-01-01", "horizon": "5 years",
      "services": [{"name": "a", "region": "here", "size": "100 GB", "delta": "full",
        "schedules": [{"cron": "0 2 * * *", "retention_days": 3}],
        "job": {"rate": "100 MB/s", "duration_spread": 0.5, "overlap": "skip"}}]})");
  ASSERT_TRUE(loaded.ok()) << all_messages(loaded.error());
  EXPECT_TRUE(sim::is_drawn(loaded->scenario));
  const auto all = durations(sim::run(loaded->scenario));
  const auto n = static_cast<double>(all.size());
  double longer = 0, beyond = 0;
  for (const Duration d : all) {
    longer += d > 1000 * kSecond ? 1 : 0;
    beyond += d > 2718 * kSecond ? 1 : 0;  // e^1: two standard deviations
  }
  ASSERT_GT(n, 1800);
  EXPECT_NEAR(longer / n, 0.5, 3.3 * std::sqrt(0.25 / n));
  EXPECT_NEAR(beyond / n, 0.0228, 3.3 * std::sqrt(0.0222 / n));
}

// What reads only changes takes as long as there are any: nothing is new on Sundays.
TEST(Durations, FollowTheBytesThatChanged) {
  const auto loaded = load_text(R"({"name": "t", "start": "2026-01-05", "horizon": "28d",
      "services": [{"name": "a", "region": "here", "size": "100 GB",
        "change": {"per_day": "2%", "weekdays": [1, 2, 1, 1, 1, 1, 0]},
        "schedules": [{"cron": "0 0 * * *"}],
        "job": {"rate": "10 MB/s", "reads": "changes"}}]})");
  ASSERT_TRUE(loaded.ok()) << all_messages(loaded.error());
  const auto result = sim::run(loaded->scenario);
  const auto on = [&](const char* day) -> Duration {
    for (const auto& b : result.backups) {
      if (b.born == at(day)) return b.available - b.born;
    }
    return Duration{-1};
  };
  const auto near = [&](const char* day) { return (on(day) + kSecond / 2) / (2 * kSecond); };
  EXPECT_EQ(near("2026-01-20T00:00:00Z"), 100);        // Monday's 2 GB: 200 s, or a byte more
  EXPECT_EQ(near("2026-01-21T00:00:00Z"), 198);        // Tuesday's 1 - 0.98^2: 396 s
  EXPECT_EQ(on("2026-01-26T00:00:00Z"), Duration{0});  // Sunday's
}

// ------------------------------------------------------------------------------------------------

// A full backup of 100 GB every night for five years, 1,000 seconds at each of its rates.
std::string spread(const std::string& copies, const std::string& more = "",
                   const std::string& cron = "0 2 * * *", double spread = 0.5) {
  return fmt::format(R"({{"name": "t", "start": "2026-01-01", "horizon": "5 years",
      "services": [{{"name": "a", "region": "here", "size": "100 GB", "delta": "full",
        "schedules": [{{"cron": "{}", "retention_days": 3, "copies": [{}]}}],
        "job": {{"rate": "100 MB/s", "copy_rate": "100 MB/s", "restore_rate": "100 MB/s",
                "duration_spread": {}, "overlap": "beside"}}}}]{}}})",
                     cron, copies, spread, more);
}
constexpr const char* kThere = R"({"region": "there", "retention_days": 3})";
constexpr const char* kFar = R"({"region": "far", "retention_days": 3})";

using Taken = std::map<Instant, Duration>;  // by the birth of the backup

Taken backups_of(const Ran& ran) {
  Taken all;
  for (const auto& b : ran.result.backups) {
    if (b.kind != "copy" && b.available != sim::kNever) all[b.born] = b.available - b.born;
  }
  return all;
}

Taken copies_to(const Ran& ran, const std::string& region) {
  Taken all;
  for (const auto& b : ran.result.backups) {
    if (b.kind != "copy" || b.region != region || b.available == sim::kNever) continue;
    all[b.born] = b.available - ran.result.backups[b.original].available;
  }
  return all;
}

Taken restorable(const Ran& ran) {
  Taken all;
  for (const auto& b : ran.result.backups) {
    if (b.kind != "copy" && b.available != sim::kNever) all[b.born] = b.restore_time;
  }
  return all;
}

// Log-normal with the median of 1,000 seconds and the spread 0.5.
void expect_spread(const Taken& all) {
  const auto n = static_cast<double>(all.size());
  ASSERT_GT(n, 1800);
  double longer = 0, beyond = 0, sum = 0, squares = 0;
  for (const auto& [born, takes] : all) {
    ASSERT_EQ(takes % kSecond, Duration{0});
    const double log_factor = std::log(static_cast<double>(takes / kSecond) / 1000);
    longer += takes > 1000 * kSecond ? 1 : 0;
    beyond += takes > 2718 * kSecond ? 1 : 0;  // e^1: two standard deviations
    sum += log_factor;
    squares += log_factor * log_factor;
  }
  EXPECT_NEAR(longer / n, 0.5, 3.3 * std::sqrt(0.25 / n));
  EXPECT_NEAR(beyond / n, 0.0228, 3.3 * std::sqrt(0.0222 / n));
  EXPECT_NEAR(sum / n, 0.0005, 3.3 * 0.5 / std::sqrt(n));  // half a second of rounding up
  EXPECT_NEAR(std::sqrt(squares / n), 0.5, 3.3 * 0.5 / std::sqrt(2 * n));
}

double correlation(const Taken& a, const Taken& b) {
  double ab = 0, aa = 0, bb = 0;
  for (const auto& [born, takes] : a) {
    const double x = std::log(static_cast<double>(takes / kSecond) / 1000);
    const double y = std::log(static_cast<double>(b.at(born) / kSecond) / 1000);
    ab += x * y;
    aa += x * x;
    bb += y * y;
  }
  return ab / std::sqrt(aa * bb);
}

TEST(Durations, OfCopiesAndRestoresAreSpreadAndIndependent) {
  const Ran ran = run_text(spread(std::string(kThere) + ", " + kFar));
  const std::vector<Taken> kinds{backups_of(ran), copies_to(ran, "there"), copies_to(ran, "far"),
                                 restorable(ran)};
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    expect_spread(kinds[i]);
    for (std::size_t j = 0; j < i; ++j) {
      const double limit = 3.3 / std::sqrt(static_cast<double>(kinds[i].size()));
      EXPECT_NEAR(correlation(kinds[j], kinds[i]), 0, limit) << i << " and " << j;
    }
  }
}

TEST(Durations, ACopyMoreAndMoreStartsChangeNoOtherJob) {
  const Ran one = run_text(spread(kThere));
  const Ran more = run_text(spread(std::string(kFar) + ", " + kThere, "", "0 2,8,20 * * *"));
  ASSERT_GT(more.result.backups.size(), 3 * one.result.backups.size());
  const auto expect_same = [](const Taken& few, const Taken& many) {
    ASSERT_GT(few.size(), 1800u);
    for (const auto& [born, takes] : few) ASSERT_EQ(takes, many.at(born)) << format_instant(born);
  };
  expect_same(backups_of(one), backups_of(more));
  expect_same(copies_to(one, "there"), copies_to(more, "there"));
  expect_same(restorable(one), restorable(more));
}

TEST(Durations, WithoutASpreadCopiesAndRestoresTakeWhatTheirRatesSay) {
  const Ran ran = run_text(spread(kThere, "", "0 2 * * *", 0));
  for (const Taken& all : {copies_to(ran, "there"), restorable(ran)}) {
    ASSERT_GT(all.size(), 1800u);
    for (const auto& [born, takes] : all) ASSERT_EQ(takes, 1000 * kSecond);
  }
}

// On a link of the same rate that nobody else uses a copy takes as long, and moves what it has.
TEST(Durations, OnALinkFollowTheSameDraws) {
  const auto moved_bytes = [](const Ran& ran) {
    std::uint64_t bytes = 0;
    for (const auto& record : ran.result.usage) {
      if (record.kind == UsageKind::kTransfer) bytes += record.quantity;
    }
    return bytes;
  };
  const Ran alone = run_text(spread(kThere));
  const Ran linked = run_text(
      spread(kThere, R"(, "links": [{"from": "here", "to": "there", "rate": "100 MB/s"}])"));
  const Taken at_rate = copies_to(alone, "there"), on_link = copies_to(linked, "there");
  std::size_t compared = 0;
  for (const auto& [born, takes] : on_link) {
    ASSERT_LE(takes, at_rate.at(born));  // whole seconds, rounded up
    ASSERT_GT(takes, at_rate.at(born) - kSecond);
    ++compared;
  }
  EXPECT_GT(compared, 1800u);
  EXPECT_GT(moved_bytes(linked), 0u);
  EXPECT_EQ(moved_bytes(linked), moved_bytes(alone));
}

// Of a log-normal law with the spread 0.5, 35.8 % is beyond 1.2 times its median.
TEST(Durations, RequirementsOnRestoresAndCopiesAreJudgedWithThem) {
  const auto outcome = [](double spread_of_jobs, const std::string& requirement) {
    const Ran ran = run_text(
        spread(kThere, R"(, "requirements": [)" + requirement + "]", "0 2 * * *", spread_of_jobs));
    return ran.result.requirements.at(0);
  };
  const std::string restore = R"({"kind": "restore_time", "at_most": "20m")";
  EXPECT_EQ(outcome(0, restore + "}").verdict, sim::Verdict::kHolds);
  const auto all = outcome(0.5, restore + "}");
  EXPECT_EQ(all.verdict, sim::Verdict::kFails);
  const double n = 5 * 365, error = 3.3 * std::sqrt(0.358 * 0.642 / n);
  EXPECT_NEAR(static_cast<double>(all.nearness.broken) / static_cast<double>(all.nearness.judged),
              0.358, error);
  EXPECT_EQ(outcome(0.5, restore + R"(, "of_time": "59%"})").verdict, sim::Verdict::kHolds);
  EXPECT_EQ(outcome(0.5, restore + R"(, "of_time": "69%"})").verdict, sim::Verdict::kFails);
  const std::string copy = R"({"kind": "copy_within", "region": "there", "at_most": "40m")";
  EXPECT_EQ(outcome(0, copy + "}").verdict, sim::Verdict::kHolds);
  EXPECT_EQ(outcome(0.5, copy + "}").verdict, sim::Verdict::kFails);
}

// A restore is drawn for the second in which it is asked for and the region it goes into, whatever
// backup serves it: two policies meet the same.
TEST(Durations, OfARestoreFollowTheSecondAndTheRegionItGoesInto) {
  std::string events;
  for (int day = 1; day <= 1500; ++day) {
    events += fmt::format(R"({}{{"at": "+{}h", "kind": "restore", "service": "a"{}}})",
                          day == 1 ? "" : ", ", 24 * day + 12,
                          day % 2 == 0 ? "" : R"(, "to_region": "there")");
  }
  const auto taken = [&](const std::string& cron) {
    const Ran ran = run_text(spread("", R"(, "events": [)" + events + "]", cron));
    std::vector<Duration> all;
    for (const auto& r : ran.result.restores) all.push_back(r.completed - r.started);
    return all;
  };
  const std::vector<Duration> nightly = taken("0 2 * * *");
  ASSERT_EQ(nightly.size(), 1500u);
  EXPECT_EQ(nightly, taken("30 */5 * * *"));
  double at_home = 0, across = 0;
  for (std::size_t i = 0; i < nightly.size(); ++i) {
    if (i % 2 == 1) at_home += nightly[i] > 1000 * kSecond ? 1 : 0;
    if (i % 2 == 0) across += nightly[i] > 2001 * kSecond ? 1 : 0;  // moved, then read
  }
  EXPECT_NEAR(at_home / 750, 0.5, 3.3 * std::sqrt(0.25 / 750));
  EXPECT_NEAR(across / 750, 0.5, 3.3 * std::sqrt(0.25 / 750));
}

TEST(Durations, AreTheSameAtEveryNumberOfThreads) {
  const std::string text = R"({"name": "t", "start": "2026-01-01", "horizon": "200d",
      "fleets": [{"name": "f", "count": 40, "service": {"region": "here", "size": "100 GB",
        "schedules": [{"cron": "0 2 * * *", "retention_days": 9, "copies": [
          {"region": "there", "retention_days": 5}]}], "delta": "full", "growth": {"per_day": "1 GB"},
        "job": {"rate": "100 MB/s", "copy_rate": "10 MB/s", "restore_rate": "100 MB/s",
                "duration_spread": 0.4}}}]})";
  const Ran one = run_text(text, 1), three = run_text(text, 3);
  ASSERT_EQ(one.result.backups.size(), three.result.backups.size());
  for (std::size_t i = 0; i < one.result.backups.size(); ++i) {
    ASSERT_EQ(one.result.backups[i].available, three.result.backups[i].available);
    ASSERT_EQ(one.result.backups[i].restore_time, three.result.backups[i].restore_time);
  }
}

}  // namespace
}  // namespace backcast::scenario
