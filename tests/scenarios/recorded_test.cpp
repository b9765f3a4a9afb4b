// Workloads from records: sizes and new bytes of real backups, and presence tables.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/base/instant.h"
#include "sim/fit/calibrate.h"
#include "sim/fit/workload_document.h"
#include "tests/scenarios/run_text.h"
#include "tests/sim/compacted.h"

namespace backcast::scenario {
namespace {

std::string written(const std::string& name, const std::string& text) {
  const std::string path = testing::TempDir() + name;
  std::ofstream(path) << text;
  return path;
}

std::string document(const std::string& fields) {
  return R"({"name": "t", "start": "2026-01-01", "horizon": "4d", "services": [{"name": "a",
    "region": "here", "schedules": [{"cron": "0 0 * * *"}], )" +
         fields + "}]}";
}

std::vector<std::uint64_t> added(const Ran& ran) {
  std::vector<std::uint64_t> bytes;
  for (const auto& b : ran.result.backups) bytes.push_back(b.added_bytes);
  return bytes;
}

// Four generations: 100 bytes that stay, 50 that live for two, 30 that come with the third.
TEST(Recorded, APresenceTableGivesWhatEachBackupAddsToTheByte) {
  const std::string table =
      written("table.csv", "# generations=4\npresent,bytes\n0-3,100\n0-1,50\n2-3,30\n3-3,7\n");
  const Ran ran = run_text(document(R"("delta": "trace", "trace": ")" + table + "\""));
  EXPECT_EQ(added(ran), (std::vector<std::uint64_t>{150, 0, 30, 7}));
}

TEST(Recorded, ATraceThatEndsBeforeTheRunStaysAsItIs) {
  const std::string table =
      written("short.csv", "# generations=2\npresent,bytes\n0-1,100\n1-1,9\n");
  const Ran ran = run_text(document(R"("delta": "trace", "trace": ")" + table + "\""));
  EXPECT_EQ(added(ran), (std::vector<std::uint64_t>{100, 9, 0, 0}));
}

TEST(Forecasts, AShapeThatIsNotKnownSpreadsWhatIsStoredAndFreedAndLeavesTheFirstRunAsItIs) {
  const auto ran = [](const std::string& shape, std::uint32_t replication) {
    auto loaded = load_text(R"({"name": "t", "start": "2026-01-01", "horizon": "60d", "seed": 7,
      "services": [{"name": "a", "region": "here", "size": "10 GB",
        "schedules": [{"cron": "0 0 * * *"}], "retention": "restic: --keep-daily 7 --keep-weekly 4",
        "change": {"mixture": [{"share": "10%", "per_day": "30%"}, {"share": "90%", "per_day": "1%"}]},
        "outlook": {)" + shape +
                            R"("points": [{"after": "30d", "size": 0, "change": 0}]}}]})");
    EXPECT_TRUE(loaded.ok()) << (loaded.ok() ? "" : all_messages(loaded.error()));
    return sim::run(loaded->scenario, {.replication = replication, .threads = 1});
  };
  const auto stored = [](const sim::RunResult& result) {
    for (const auto& series : result.series) {
      if (series.kind == sim::SeriesKind::kStoredBytes) {
        return static_cast<double>(series.points.back().value);
      }
    }
    return 0.0;
  };
  const double path = stored(ran("", 0));
  EXPECT_EQ(stored(ran(R"("shape": 0.3, )", 0)), path);
  EXPECT_EQ(stored(ran("", 1)), path);
  std::vector<double> logs;
  for (std::uint32_t r = 1; r <= 200; ++r) {
    const sim::RunResult result = ran(R"("shape": 0.3, )", r);
    logs.push_back(std::log(stored(result) / path));
    // A day loses what it lost: the newest two points differ as on the path, to a thousandth.
    const auto& backups = result.backups;
    EXPECT_NEAR(static_cast<double>(backups[1].added_bytes), 0.039e10, 0.0005e10);
  }
  std::sort(logs.begin(), logs.end());
  EXPECT_LT(logs[10], -0.02);
  EXPECT_GT(logs[189], 0.02);
  EXPECT_NEAR(logs[100], 0, 0.01);
}

TEST(Forecasts, TheShapeThatCalibrationDoubtsIsWrittenAndRead) {
  sim::ObservedHistory history;
  for (std::uint32_t i = 0; i < 60; ++i) {
    sim::ObservedBackup backup;
    backup.size_bytes = 1'000'000'000;
    backup.new_bytes = i == 0 ? backup.size_bytes : 10'000'000;
    // In the second half more of what is old dies, in as many new bytes.
    if (i >= 1) backup.lost_bytes[0] = 10'000'000;
    if (i >= 14) backup.lost_bytes[4] = i < 30 ? 50'000'000 : 120'000'000;
    history.backups.push_back(backup);
  }
  const auto spread_of = [](const sim::ObservedHistory& seen) {
    return sim::calibrate(seen)->shape_spread;
  };
  const auto read = load_workload(
      nlohmann::json::parse(sim::workload_json(*sim::calibrate(history))), "workload");
  ASSERT_TRUE(read.ok());
  EXPECT_NEAR(read->workload.outlook.shape, spread_of(history), 1e-6);
  // Sizes and new bytes alone say least.
  sim::ObservedHistory silent = history;
  for (sim::ObservedBackup& backup : silent.backups) {
    std::fill(std::begin(backup.lost_bytes), std::end(backup.lost_bytes), std::nullopt);
  }
  EXPECT_GT(spread_of(silent), spread_of(history));
  // Halves that agree say most.
  sim::ObservedHistory even = history;
  for (std::uint32_t i = 14; i < 60; ++i) even.backups[i].lost_bytes[4] = 50'000'000;
  EXPECT_LT(spread_of(even), 0.2);
}

// Restore points that exist, with a presence table: after every deletion the run stores what the
// table says of those that are left, to the byte; brute force is the sum of the rows that meet
// them.
TEST(Recorded, WhatExistingRestorePointsShareAndFreeIsKnownExactly) {
  std::string rows, csv = "id,time,size_bytes,new_bytes\n";
  constexpr std::uint32_t kPoints = 12;
  sim::PresenceTable table{kPoints, {}};
  for (std::uint32_t first = 0; first < kPoints; ++first) {
    for (std::uint32_t last = first; last < kPoints; ++last) {
      const std::uint64_t bytes = 1000 + 7919 * (first * 31 + last * 17) % 5003;
      table.rows.push_back({{{first, last}}, bytes});
      rows += fmt::format("{}-{},{}\n", first, last, bytes);
    }
    csv += fmt::format("p{0},2026-01-{0:02}T00:00:00Z,1 B,1 B\n", first + 1);
  }
  const std::string presence =
      written("known.csv", fmt::format("# generations={}\npresent,bytes\n{}", kPoints, rows));
  const std::string points = written("points.csv", csv);
  const Ran ran = run_text(
      R"({"name": "t", "start": "2026-01-12T00:00:00Z", "horizon": "20d", "services": [{"name": "a",
    "region": "here", "change": {"per_day": "0%"}, "retention": "restic: --keep-within 6d",
    "schedules": [{"cron": "0 0 1 1 *"}, {"cron": "0 1 13-16 1 *", "name": "more"}],
    "history": {"file": ")" +
      points + R"(", "presence": ")" + presence + "\"}}]}");
  const auto stored_at = [&](Instant at) {
    double stored_bytes = -1;
    for (const sim::Series& series : ran.result.series) {
      if (series.kind != sim::SeriesKind::kStoredBytes) continue;
      for (const sim::SeriesPoint& p : series.points) {
        if (p.at <= at) stored_bytes = static_cast<double>(p.value);
      }
    }
    return stored_bytes;
  };
  std::size_t looked = 0;
  for (int day = 12; day < 16; ++day) {
    const Instant at = parse_instant(fmt::format("2026-01-{}T02:00:00Z", day))->instant;
    std::vector<std::uint32_t> left;
    bool more = false;
    for (std::uint32_t i = 0; i < ran.result.backups.size(); ++i) {
      const auto& backup = ran.result.backups[i];
      if (backup.born > at || backup.deleted <= at) continue;
      if (i < kPoints) left.push_back(i);
      more = more || i >= kPoints;
    }
    // New ones hold what the newest of the table holds, since nothing changes.
    if (more && (left.empty() || left.back() != kPoints - 1)) left.push_back(kPoints - 1);
    EXPECT_EQ(stored_at(at), static_cast<double>(table.stored_bytes(left))) << day;
    looked += left.size() < kPoints ? 1 : 0;
  }
  EXPECT_EQ(looked, 4u);
}

// What a replication draws of the size enters what is stored, read and restored.
TEST(Recorded, AForecastEntersSizesAndTheTimesThatFollowThem) {
  const auto loaded = load_text(document(
      R"("size": "864 MB", "change": {"per_day": "1%"}, "job": {"rate": "1 MB/s", "restore_rate": "1 MB/s"},
         "outlook": {"points": [{"after": "1d", "size": 0.5, "change": 0.1}]})"));
  ASSERT_TRUE(loaded.ok()) << all_messages(loaded.error());
  for (std::uint32_t r = 0; r < 8; ++r) {
    const auto run = sim::run(loaded->scenario, {.replication = r, .threads = 1});
    ASSERT_GE(run.backups.size(), 2u);
    const sim::BackupRecord& second = run.backups[1];
    EXPECT_NEAR(std::chrono::duration<double>(second.restore_time).count(),
                static_cast<double>(second.size_bytes) / 1e6, 2);
    EXPECT_EQ(second.size_bytes == 864'000'000u, r == 0);
  }
}

TEST(Recorded, APresenceTableOfOtherRestorePointsIsRefused) {
  const std::string presence = written("other.csv", "# generations=3\npresent,bytes\n0-2,100\n");
  const std::string points =
      written("two.csv",
              "id,time,size_bytes,new_bytes\na,2025-12-30T00:00:00Z,5 B,5 B\n"
              "b,2025-12-31T00:00:00Z,5 B,1 B\n");
  EXPECT_NE(errors_of(document(R"("change": {"per_day": "1%"}, "history": {"file": ")" + points +
                               R"(", "presence": ")" + presence + "\"}"))
                .find("speaks of 3 restore points, the history of 2"),
            std::string::npos);
  const std::string larger =
      written("larger.csv", "# generations=2\npresent,bytes\n0-1,5\n1-1,9000000\n");
  EXPECT_NE(errors_of(document(R"("change": {"per_day": "1%"}, "history": {"file": ")" + points +
                               R"(", "presence": ")" + larger + "\"}"))
                .find("b holds 5 B in the history, 9.00 MB in the presence table"),
            std::string::npos);
}

// Each backup shares with the one before exactly what the record says, for any curve.
TEST(Recorded, NewBytesOfRealBackupsComeAgain) {
  const std::string csv =
      written("history.csv",
              "time,size_bytes,new_bytes\n2026-01-01T00:00:00Z,1000000,1000000\n"
              "2026-01-02T00:00:00Z,1000000,50000\n2026-01-03T00:00:00Z,1100000,150000\n"
              "2026-01-04T00:00:00Z,1100000,2000\n");
  const Ran ran = run_text(document(
      R"("change": {"mixture": [{"share": "30%", "per_day": "40%"}, {"share": "70%", "per_day": "1%"}],
                    "csv": ")" +
      csv + "\"}"));
  const auto bytes = added(ran);
  ASSERT_EQ(bytes.size(), 4u);
  EXPECT_EQ(bytes[0], 1'000'000u);
  EXPECT_NEAR(static_cast<double>(bytes[1]), 50'000, 1);
  EXPECT_NEAR(static_cast<double>(bytes[2]), 150'000, 1);
  EXPECT_NEAR(static_cast<double>(bytes[3]), 2'000, 1);
}

TEST(Recorded, ABadRecordIsRefusedWithItsLine) {
  const std::string csv = written("bad.csv",
                                  "time,size_bytes,new_bytes\n2026-01-01T00:00:00Z,10,10\n"
                                  "2026-01-02T00:00:00Z,10,11\n");
  const auto refused = load_text(document(R"("change": {"per_day": "1%", "csv": ")" + csv + "\"}"));
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(all_messages(refused.error()).find("bad.csv:3: "), std::string::npos)
      << all_messages(refused.error());
  EXPECT_FALSE(load_text(document(R"("delta": "trace")")).ok());
  EXPECT_FALSE(load_text(document(R"("size": "1 GB", "delta": "full", "trace": "x.csv")")).ok());
}

// A compacted store, its volumes replayed with the law that calibration found, against the truth of
// its presence table: the same backups under the same policy.
TEST(Recorded, ACompactedStoreReplayedByAgeStoresWhatItReallyDoes) {
  constexpr std::uint32_t kDays = 90;
  const sim::PresenceTable table = sim::compacted_store(kDays);
  const sim::ObservedHistory history = sim::observe(table, table.trace());
  std::string volumes = "time,size_bytes,new_bytes\n", rows = "# generations=90\npresent,bytes\n";
  for (std::uint32_t g = 0; g < kDays; ++g) {
    const auto& b = history.backups[g];
    volumes += format_instant(at("2026-01-01T00:00:00Z") + g * kDay) + "," +
               std::to_string(b.size_bytes) + "," + std::to_string(b.new_bytes) + "\n";
  }
  for (const auto& row : table.rows) {
    rows += std::to_string(row.runs[0].first) + "-" + std::to_string(row.runs[0].last) + "," +
            std::to_string(row.bytes) + "\n";
  }
  const std::string csv = written("volumes.csv", volumes), truth = written("truth.csv", rows);
  const auto fit = sim::calibrate(history);
  ASSERT_TRUE(fit);
  ASSERT_TRUE(fit->busy_days.by_age);
  const auto stored = [](const std::string& data) {
    const Ran ran = run_text(R"({"name": "t", "start": "2026-01-01", "horizon": "89d", "services": [
      {"name": "a", "region": "here", "schedules": [{"cron": "0 0 * * *"}],
       "retention": "restic: --keep-daily 7 --keep-weekly 4 --keep-monthly 3", )" +
                             data + "}]}");
    double sum = 0;  // byte days
    for (const sim::Series& series : ran.result.series) {
      if (series.kind != sim::SeriesKind::kStoredBytes) continue;
      for (std::size_t i = 0; i < series.points.size(); ++i) {
        const Instant until =
            i + 1 < series.points.size() ? series.points[i + 1].at : ran.scenario.end;
        sum += static_cast<double>(series.points[i].value) *
               static_cast<double>((until - series.points[i].at) / kDay);
      }
    }
    return sum;
  };
  std::string replayed = sim::recorded_workload_json(*fit, csv);
  replayed = replayed.substr(replayed.find('{') + 1, replayed.rfind('}') - replayed.find('{') - 1);
  const double real = stored(R"("delta": "trace", "trace": ")" + truth + "\"");
  EXPECT_NEAR(stored(replayed) / real, 1, 0.01);
  // One rate, told the same volumes, is far off.
  EXPECT_GT(std::fabs(stored(R"("change": {"per_day": "5%", "csv": ")" + csv + "\"}") / real - 1),
            0.05);
}

TEST(Recorded, ByAgeIsRefusedWhereTheRecordDoesNotReach) {
  const std::string csv =
      written("two_days.csv",
              "time,size_bytes,new_bytes\n2026-01-01T00:00:00Z,10,10\n2026-01-02T00:00:00Z,10,1\n");
  const auto message = [&](const std::string& change) {
    const auto refused = load_text(document("\"change\": {" + change + "}"));
    return refused.ok() ? std::string("accepted") : all_messages(refused.error());
  };
  const std::string law = R"("by_age": {"exponent": 4, "first_age": 9})";
  const std::string both = R"("csv": ")" + csv + "\", " + law;
  EXPECT_NE(message(both).find("the record ends before the run"), std::string::npos);
  EXPECT_NE(message(both + R"(, "per_day": "1%")").find("contradict"), std::string::npos);
  EXPECT_NE(message(law).find("no record to take volumes from"), std::string::npos);
  EXPECT_NE(message(R"("by_age": {"exponent": -4, "first_age": 9})").find("exponent"),
            std::string::npos);
}

TEST(Recorded, NoiseKeepsTheMeanAndIsTheSameEveryTime) {
  const auto operational_days = [](std::uint64_t seed) {
    sim::Workload workload;
    workload.size_bytes = 1000;
    workload.noise.spread = 0.8;
    sim::Life life;
    const Instant start = at("2026-01-01T06:00:00Z");
    life.begin(workload, {}, start, sim::Draws(seed, 0), 3);
    const double late =
        life.at(sim::moment_at(workload, start, start + 2000 * kDay)).operational_time;
    const double early =
        life.at(sim::moment_at(workload, start, start + 20 * kDay)).operational_time;
    EXPECT_GT(early, 0);
    EXPECT_LT(early, late);
    return late;
  };
  EXPECT_EQ(operational_days(1), operational_days(1));
  EXPECT_NE(operational_days(1), operational_days(2));
  double sum = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) sum += operational_days(seed);
  // The mean of 100,000 days of mean 1 and standard deviation 0.95.
  EXPECT_NEAR(sum / 100'000, 1, 0.015);
}

TEST(Recorded, ABurstThatRewritesIsRefusedWhereBytesDieByAgeOfAFleetToo) {
  const std::string csv = written("a_week.csv",
                                  "time,size_bytes,new_bytes\n2026-01-01T00:00:00Z,10,10\n"
                                  "2026-01-08T00:00:00Z,10,1\n");
  const std::string fields = R"("region": "here", "schedules": [{"cron": "0 0 * * *"}], "change":
    {"by_age": {"exponent": 4, "first_age": 9}, "csv": ")" +
                             csv + "\"}";
  for (const std::string& kind :
       {R"("services": [{"name": "a", )" + fields + "}]",
        R"("fleets": [{"name": "a", "count": 2, "service": {)" + fields + "}}]"}) {
    const auto with = [&](const std::string& event) {
      const auto loaded = load_text(
          R"({"name": "t", "start": "2026-01-01", "horizon": "4d", )" + kind +
          R"(, "events": [{"at": "+1d", "kind": "burst", "service": "a", )" + event + "}]}");
      return loaded.ok() ? std::string("accepted") : all_messages(loaded.error());
    };
    EXPECT_EQ(with(R"("rewrites": "0%", "adds": "1 GB")"), "accepted");
    EXPECT_NE(with(R"("rewrites": "50%")").find("die by age"), std::string::npos) << kind;
  }
}

TEST(Recorded, DataThatShrinksSaysSoInWordsAsInNumbers) {
  const auto last = [](const std::string& per_year) {
    return added(run_text(document(R"("size": "100 GB", "delta": "full", "growth": {"per_year": )" +
                                   per_year + "}")))
        .back();
  };
  EXPECT_EQ(last("\"-50%\""), last("-0.5"));
  EXPECT_LT(last("-0.5"), last("\"0%\""));
}

TEST(Recorded, NewBytesMayCompressUnlikeTheWhole) {
  // 1 GB stored as 140 MB; 1 % a day is rewritten and stored at 28 %: 2.8 MB a day.
  const Ran ran = run_text(document(
      R"("size": "1 GB", "stored_share": "14%", "change": {"per_day": "1%", "new_stored_share": "28%"})"));
  const auto bytes = added(ran);
  EXPECT_EQ(bytes[0], 140'000'000u);
  EXPECT_NEAR(static_cast<double>(bytes[1]), 2'800'000, 1);
}

// The newest restore point was made in its season: the next goes on from there.
TEST(Recorded, ASeasonGoesOnFromTheNewestRestorePoint) {
  const Ran ran = run_text(document(R"("delta": "full",
    "growth": {"season": {"amplitude": "20%", "period": "365d6h", "peak": "2025-12-20"}},
    "history": {"points": [{"id": "a", "time": "2025-12-31T00:00:00Z", "size_bytes": 1000000000}]})"));
  const auto& backups = ran.result.backups;
  ASSERT_EQ(backups.size(), 5u);
  for (std::size_t i = 1; i < backups.size(); ++i) {
    const auto before = static_cast<double>(backups[i - 1].size_bytes);
    EXPECT_LT(backups[i].size_bytes, backups[i - 1].size_bytes);
    EXPECT_GT(static_cast<double>(backups[i].size_bytes), 0.998 * before) << i;
  }
}

}  // namespace
}  // namespace backcast::scenario
