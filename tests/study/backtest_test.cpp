// Forecasts of the past: what they are held against, and that they know nothing of what came.
#include "study/history/backtest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "sim/run/run.h"
#include "study/history/rate_book.h"

namespace backcast::study {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr const char* kPolicy = "restic: --keep-daily 4 --keep-weekly 2";

// Each generation adds bytes that live 1, 3, 9 or 40 generations; those that are alive at `known`
// live `longer` ones beyond it.
sim::PresenceTable table_of(std::uint32_t generations, std::uint32_t known = 0,
                            std::uint32_t longer = 0) {
  sim::PresenceTable table;
  table.generations = generations;
  for (std::uint32_t born = 0; born < generations; ++born) {
    for (const std::uint32_t life : {1U, 3U, 9U, 40U}) {
      std::uint32_t last = born + life - 1;
      if (last > known) last += longer;
      std::uint64_t bytes = 1000 + 37 * (born * life % 23);
      if (born > known) bytes *= 1 + longer;
      if (born == 0) bytes *= 40;
      table.rows.push_back({{{born, std::min(last, generations - 1)}}, bytes});
    }
  }
  return table;
}

sim::Observations seen_in(const sim::PresenceTable& table) {
  sim::Observations seen;
  seen.history = sim::observe(table, table.trace());
  seen.table = table;
  return seen;
}

Recorded recorded_of(sim::Observations seen, const char* rate = "") {
  RecordedTerms terms;
  terms.retention = policy::parse_policy(kPolicy).value();
  if (*rate != '\0') terms.book = rate_book(rate).value();
  return Recorded::of(std::move(seen), std::move(terms)).value();
}

TEST(Recorded, KeepsStoresAndFreesWhatThePolicySaysOfEveryBackup) {
  const sim::PresenceTable table = table_of(60);
  const Recorded recorded = recorded_of(seen_in(table));
  EXPECT_EQ(recorded.basis(), "exact, from the presence table");
  const auto policy = policy::parse_policy(kPolicy).value();
  std::vector<std::uint32_t> kept;
  double freed_bytes = 0;
  for (std::uint32_t g = 0; g < 60; ++g) {
    kept.push_back(g);
    const std::uint64_t before = table.stored_bytes(kept);
    std::vector<policy::Snapshot> history;
    for (const std::uint32_t k : kept) {
      history.emplace_back();
      history.back().time = recorded.time(k);
    }
    const policy::Plan plan = policy::plan(policy, history, {recorded.time(g), {}});
    std::vector<std::uint32_t> left;
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (plan.verdicts[i].keep) left.push_back(kept[i]);
    }
    kept = left;
    EXPECT_EQ(recorded.kept_after(g), kept) << g;
    EXPECT_EQ(recorded.stored_after(g), static_cast<double>(table.stored_bytes(kept))) << g;
    if (g > 20) freed_bytes += static_cast<double>(before - table.stored_bytes(kept));
  }
  EXPECT_EQ(recorded.between(20, 59).value().freed_bytes, freed_bytes);
}

TEST(Recorded, RunsGoOnFromWhatExistsToTheByteAndFreeItToTheByte) {
  const sim::PresenceTable table = table_of(60);
  const Recorded recorded = recorded_of(seen_in(table));
  constexpr std::uint32_t kNow = 45;
  sim::Service service;
  service.workload.size_bytes = static_cast<std::uint64_t>(recorded.stored_after(kNow));
  service.delta.kind = sim::DeltaModel::Kind::kLifetimes;
  service.delta.curve = {1, 0.05, 0, 0, 0};
  recorded.go_on_after(kNow, service);
  const Instant start = recorded.time(kNow);
  std::vector<Instant> backups;
  for (int day = 1; day <= 12; ++day) backups.push_back(start + std::chrono::hours(24 * day));
  const sim::RunResult run = sim::run(recorded.scenario(std::move(service), start, backups, 1));
  EXPECT_EQ(stored_at(run, start), recorded.stored_after(kNow));
  const std::vector<std::uint32_t> known = recorded.kept_after(kNow);
  std::map<Instant, std::uint32_t> gone;  // the newest shares with those to come, by the curve
  for (std::size_t i = 0; i + 1 < known.size(); ++i) gone[run.backups[i].deleted] = known[i];
  gone.erase(sim::kNever);
  EXPECT_GE(gone.size(), 2U);
  std::vector<std::uint32_t> kept = known;
  for (const auto& [at, backup] : gone) {
    const std::uint64_t before = table.stored_bytes(kept);
    const auto place = std::find(known.begin(), known.end(), backup) - known.begin();
    std::erase(kept, backup);
    EXPECT_EQ(run.backups[static_cast<std::size_t>(place)].freed_bytes,
              before - table.stored_bytes(kept))
        << backup;
  }
}

// What each backup of every third day holds is back three days later, and what of a day in between
// is there once in two weeks.
sim::PresenceTable coming_back(std::uint32_t generations) {
  sim::PresenceTable table = table_of(generations);
  for (const std::uint32_t step : {3U, 14U}) {
    for (std::uint32_t first = 0; first < step; ++first) {
      sim::PresenceRow row{{}, 100'000 + 1000 * first * step};
      for (std::uint32_t g = first; g < generations; g += step) row.runs.push_back({g, g});
      table.rows.push_back(row);
    }
  }
  return table;
}

TEST(Recorded, BytesThatComeBackAreStoredFreedAndBilledOnce) {
  const sim::PresenceTable table = coming_back(60);
  const Recorded recorded = recorded_of(seen_in(table), "1000000 USD");
  // From one backup to the next a GB costs a thirtieth of the rate.
  double bill = 0;
  for (std::uint32_t g = 20; g < 40; ++g) bill += recorded.stored_after(g) / 1e9 * 1e6 / 30;
  EXPECT_NEAR(recorded.between(20, 40).value().bill / bill, 1, 0.02);

  constexpr std::uint32_t kNow = 45;
  sim::Service service;
  service.workload.size_bytes = static_cast<std::uint64_t>(recorded.stored_after(kNow));
  service.delta.kind = sim::DeltaModel::Kind::kLifetimes;  // nothing changes any more
  recorded.go_on_after(kNow, service);
  const Instant start = recorded.time(kNow);
  std::vector<std::uint32_t> kept = recorded.kept_after(kNow);
  const std::vector<std::uint32_t> known = kept;
  std::vector<Instant> backups;
  for (int day = 1; day <= 4; ++day) backups.push_back(start + std::chrono::hours(24 * day));
  const sim::RunResult run = sim::run(recorded.scenario(std::move(service), start, backups, 1));
  EXPECT_EQ(stored_at(run, start), recorded.stored_after(kNow));
  std::map<Instant, std::size_t> gone;  // but the newest, which shares with those to come
  for (std::size_t i = 0; i + 1 < known.size(); ++i) gone[run.backups[i].deleted] = i;
  gone.erase(sim::kNever);
  EXPECT_GE(gone.size(), 3U);
  for (const auto& [at, i] : gone) {
    const std::uint64_t before = table.stored_bytes(kept);
    std::erase(kept, known[i]);
    EXPECT_EQ(run.backups[i].freed_bytes, before - table.stored_bytes(kept)) << known[i];
  }
}

TEST(Recorded, RunsKeepAtEveryBackupWhatWasKeptThenHoweverLargeTheData) {
  sim::PresenceTable table;
  table.generations = 60;
  table.rows.push_back({{{0, 59}}, 50'000'000'000'000});
  const Recorded recorded = recorded_of(seen_in(table));
  constexpr std::uint32_t kNow = 20, kAhead = 35;
  sim::Service service;
  service.workload.size_bytes = table.rows[0].bytes;
  service.delta.kind = sim::DeltaModel::Kind::kLifetimes;
  service.delta.curve = {1, 0.01, 0, 0, 0};
  recorded.go_on_after(kNow, service);
  std::vector<Instant> backups;
  for (std::uint32_t k = 1; k <= kAhead; ++k) backups.push_back(recorded.time(kNow + k));
  const std::vector<std::uint32_t> known = recorded.kept_after(kNow);
  const sim::RunResult run =
      sim::run(recorded.scenario(std::move(service), recorded.time(kNow), backups, 1));
  for (std::uint32_t k = 1; k <= kAhead; ++k) {
    const Instant at = recorded.time(kNow + k);
    std::vector<std::uint32_t> kept;
    for (std::uint32_t i = 0; i < run.backups.size(); ++i) {
      const auto known_count = static_cast<std::uint32_t>(known.size());
      if (run.backups[i].born > at || run.backups[i].deleted <= at) continue;
      kept.push_back(i < known_count ? known[i] : kNow + 1 + i - known_count);
    }
    EXPECT_EQ(kept, recorded.kept_after(kNow + k)) << k;
  }
}

TEST(Recorded, BillsWhatWasStoredBetweenTwoBackups) {
  // One byte pattern that never changes: 50 GB.
  sim::PresenceTable table;
  table.generations = 40;
  table.rows.push_back({{{0, 39}}, 50'000'000'000});
  const Recorded recorded = recorded_of(seen_in(table), "0.03 USD");
  // 30 days of it at 0.03 USD per GB and 30 days, billed by calendar month.
  EXPECT_NEAR(recorded.between(5, 35).value().bill, 1.5, 0.011);
  EXPECT_NEAR(recorded.between(5, 20).value().bill, 0.75, 0.011);
}

TEST(Backtest, ForecastsKnowNothingOfWhatCame) {
  constexpr std::uint32_t kKnown = 49;
  BacktestOptions options;
  options.ahead = {5, 20};
  options.first = 30;
  options.every = 4;
  options.replications = 24;
  const Backtest calm = backtest(recorded_of(seen_in(table_of(80)), "20000 USD"), options).value();
  const Backtest wild =
      backtest(recorded_of(seen_in(table_of(80, kKnown, 7)), "20000 USD"), options).value();
  ASSERT_EQ(calm.forecasts.size(), wild.forecasts.size());
  std::size_t told_apart = 0;
  for (std::size_t i = 0; i < calm.forecasts.size(); ++i) {
    const Forecasted &a = calm.forecasts[i], &b = wild.forecasts[i];
    if (a.made_at > kKnown) continue;
    for (std::size_t f = 0; f < kFigures.size(); ++f) {
      EXPECT_EQ(a.ours[f].low, b.ours[f].low) << a.made_at;
      EXPECT_EQ(a.ours[f].median, b.ours[f].median) << a.made_at;
      EXPECT_EQ(a.ours[f].high, b.ours[f].high) << a.made_at;
      for (std::size_t r = 0; r < kPlainRules.size(); ++r) {
        EXPECT_EQ(in(a.plain[r], kFigures[f]), in(b.plain[r], kFigures[f])) << a.made_at;
      }
    }
    told_apart += a.truth->stored_bytes != b.truth->stored_bytes ? 1 : 0;
  }
  EXPECT_GT(told_apart, 5U) << "what came must differ, or the test says nothing";
}

TEST(Backtest, DataThatHardlyChangesIsForecastCloselyAndHeld) {
  sim::PresenceTable table;
  table.generations = 80;
  table.rows.push_back({{{0, 79}}, 5'000'000});
  for (std::uint32_t g = 0; g < 80; ++g) table.rows.push_back({{{g, g}}, 100});
  BacktestOptions options;
  options.ahead = {7, 30};
  options.capacity_bytes = 1'000'000'000;
  options.replications = 20;
  const Backtest told = backtest(recorded_of(seen_in(table)), options).value();
  ASSERT_EQ(told.accuracy.size(), 4U);
  for (const Accuracy& one : told.accuracy) {
    if (one.figure == Figure::kStoredBytes) {
      EXPECT_LT(one.p95, 0.01);
      EXPECT_EQ(one.held, 1);
    }
  }
  ASSERT_TRUE(told.filled);
  EXPECT_EQ(told.filled->filled, 0U);
  EXPECT_FALSE(told.filled->p50);
}

TEST(Backtest, DataThatNeverChangesLivesAsItDid) {
  sim::PresenceTable table{90, {{{{0, 89}}, 10'000'000'000}}};
  BacktestOptions options;
  options.ahead = {7, 30};
  const auto told = backtest(recorded_of(seen_in(table)), options);
  ASSERT_TRUE(told.ok());
  EXPECT_TRUE(told->left_twice.empty());
  EXPECT_TRUE(told->notes.empty());
  ASSERT_EQ(told->accuracy.size(), 4U);
  for (const Accuracy& accuracy : told->accuracy) {
    EXPECT_EQ(accuracy.held, 1) << name(accuracy.figure) << ' ' << accuracy.ahead;
  }
}

// Steady, until every day adds an eighth more than the one before: no interval sees it come.
TEST(Backtest, NamesTheFiguresWhoseIntervalsHeldTooSeldom) {
  const auto notes = [](std::uint32_t from) {
    sim::PresenceTable table = table_of(150);
    for (sim::PresenceRow& row : table.rows) {
      for (std::uint32_t g = from; g < row.runs[0].first; ++g) row.bytes += row.bytes / 8;
    }
    BacktestOptions options;
    options.ahead = {3};
    options.every = 3;
    options.replications = 40;
    return backtest(recorded_of(seen_in(table)), options).value().notes;
  };
  EXPECT_THAT(notes(150), Not(Contains(HasSubstr("held too seldom"))));
  EXPECT_THAT(notes(60), Contains(HasSubstr("P5-P95 held too seldom for intervals of 90 %: stored "
                                            "bytes 3 backups ahead (")));
}

TEST(Backtest, ABillOfLessThanACentIsNotJudged) {
  BacktestOptions options;
  options.ahead = {5};
  options.first = 60;
  options.replications = 20;
  const auto judges_bills = [&](const char* rate) {
    const Backtest told = backtest(recorded_of(seen_in(table_of(80)), rate), options).value();
    EXPECT_EQ(told.notes.size(), *rate == '0' ? 1U : 0U) << rate;
    return std::any_of(told.accuracy.begin(), told.accuracy.end(),
                       [](const Accuracy& one) { return one.figure == Figure::kBill; });
  };
  EXPECT_TRUE(judges_bills("20000 USD"));
  EXPECT_FALSE(judges_bills("0.000000001 USD"));
}

TEST(Backtest, IsTheSameOnAnyNumberOfThreads) {
  const Recorded recorded = recorded_of(seen_in(table_of(70)));
  BacktestOptions options;
  options.ahead = {7};
  options.replications = 20;
  options.threads = 1;
  const Backtest one = backtest(recorded, options).value();
  options.threads = 3;
  const Backtest three = backtest(recorded, options).value();
  ASSERT_EQ(one.forecasts.size(), three.forecasts.size());
  for (std::size_t i = 0; i < one.forecasts.size(); ++i) {
    EXPECT_EQ(one.forecasts[i].ours[0].low, three.forecasts[i].ours[0].low);
    EXPECT_EQ(one.forecasts[i].ours[0].high, three.forecasts[i].ours[0].high);
  }
}

TEST(Backtest, StoppedWorkGivesBackTheForecastsThatWereMade) {
  const Recorded recorded = recorded_of(seen_in(table_of(90)));
  std::atomic<bool> stop{false};
  std::uint64_t seen = 0;
  BacktestOptions options;
  options.watch.stop = &stop;
  options.watch.on_work = [&](std::string_view, std::uint64_t, std::string_view) {
    return [&](std::uint64_t steps) { stop = (seen += steps) >= 3; };
  };
  const Backtest told = backtest(recorded, options).value();
  EXPECT_TRUE(told.partial);
  EXPECT_EQ(seen, 3U);
  EXPECT_THAT(told.next, IsEmpty());
}

TEST(Backtest, TooShortAHistoryIsRefused) {
  const auto told = backtest(recorded_of(seen_in(table_of(22))), {});
  ASSERT_FALSE(told.ok());
  EXPECT_THAT(told.error().front().message, HasSubstr("22 backups leave no forecast"));
  RecordedTerms terms;
  terms.retention = policy::parse_policy(kPolicy).value();
  EXPECT_FALSE(Recorded::of(seen_in(table_of(3)), std::move(terms)).ok());
}

TEST(RateBook, IsOnePriceAndRefusesWhatIsNone) {
  EXPECT_EQ(std::string(rate_book("0.02 EUR").value()->currency.code()), "EUR");
  for (const char* wrong : {"", "0.02", "USD", "-1 USD", "0.02 dollars", "1e3 USD"}) {
    EXPECT_FALSE(rate_book(wrong).ok()) << wrong;
  }
}

}  // namespace
}  // namespace backcast::study
