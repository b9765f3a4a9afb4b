#include "sim/fit/calibrate.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "sim/fit/curve_fit.h"
#include "sim/fit/fidelity.h"
#include "sim/fit/observations.h"
#include "sim/model/draws.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

constexpr SurvivalCurve kTruth{0.05, 0.8, 0.25, 0.04, 0.002};
constexpr std::uint64_t kBlockBytes = 1000;

// A history whose blocks die by kTruth; quiet and busy days alternate by `busy`.
PresenceTable generated(std::uint32_t days, std::uint32_t blocks, double (*busy)(std::uint32_t)) {
  std::vector<double> tau{0};
  for (std::uint32_t d = 1; d < days; ++d) tau.push_back(tau.back() + busy(d));
  PresenceTable table;
  table.generations = days;
  const Draws draws(99, 0);
  const double weights[] = {kTruth.w1, kTruth.w2, 1 - kTruth.w1 - kTruth.w2};
  const double rates[] = {kTruth.rate1, kTruth.rate2, kTruth.rate3};
  std::uint64_t index = 0;
  for (int c = 0; c < 3; ++c) {
    for (std::uint32_t place = 0; place < std::lround(blocks * weights[c]); ++place) {
      double birth = 0;
      while (birth < tau.back()) {
        const double death =
            birth - portable_log(draws.uniform(0, Purpose::kTest, index++)) / rates[c];
        const auto first = std::lower_bound(tau.begin(), tau.end(), birth) - tau.begin();
        const auto last = std::lower_bound(tau.begin(), tau.end(), death) - tau.begin() - 1;
        if (first <= last) {
          table.rows.push_back(
              {{{static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last)}},
               kBlockBytes});
        }
        birth = death;
      }
    }
  }
  return table;
}
double steady(std::uint32_t) {
  return 1;
}
double restless(std::uint32_t day) {
  return day % 7 < 2 ? 0.2 : day % 31 == 0 ? 6 : 1.2;
}

// Counting the hard way what a presence table says.
RC_GTEST_PROP(PresenceTable, sums_equal_a_count_over_every_generation, ()) {
  PresenceTable table;
  table.generations = *rc::gen::inRange(1U, 40U);
  const auto rows =
      *rc::gen::container<std::vector<std::uint64_t>>(20, rc::gen::arbitrary<std::uint64_t>());
  std::vector<std::vector<bool>> present;
  for (const std::uint64_t bits : rows) {
    std::vector<bool> in(table.generations);
    PresenceRow row;
    for (std::uint32_t g = 0; g < table.generations; ++g) {
      in[g] = bits >> (g % 64) & 1;
      if (!in[g]) continue;
      if (g > 0 && in[g - 1]) {
        row.runs.back().last = g;
      } else {
        row.runs.push_back({g, g});
      }
    }
    if (row.runs.empty()) continue;
    row.bytes = 1 + bits % 1000;
    table.rows.push_back(row);
    present.push_back(in);
  }
  const Trace trace = table.trace();
  for (std::uint32_t b = 0; b < table.generations; ++b) {
    for (std::uint32_t a = 0; a <= b; ++a) {
      std::uint64_t both = 0, either = 0;
      for (std::size_t r = 0; r < present.size(); ++r) {
        both += present[r][a] && present[r][b] ? table.rows[r].bytes : 0;
        either += present[r][a] || present[r][b] ? table.rows[r].bytes : 0;
      }
      RC_ASSERT((a == b ? trace.size_bytes[b] : trace.shared(a, b)) == both);
      const std::vector<std::uint32_t> kept = a == b ? std::vector{a} : std::vector{a, b};
      RC_ASSERT(table.stored_bytes(kept) == either);
    }
  }
}

TEST(PresenceTable, bad_tables_are_refused_with_their_line) {
  const auto line_of = [](const char* text) {
    const auto result = parse_presence_table(text, "t.csv");
    return result.ok() ? 0 : result.error().where.line;
  };
  EXPECT_EQ(line_of("# generations=3\npresent,bytes\n0-1;2-2,5\n"), 3);  // runs touch
  EXPECT_EQ(line_of("# generations=3\n0-3,5\n"), 2);
  EXPECT_EQ(line_of("# generations=3\n2-1,5\n"), 2);
  EXPECT_EQ(line_of("# generations=3\n0-1,-5\n"), 2);
  EXPECT_EQ(line_of("# generations=3\n0-1,18446744073709551615\n"), 2);
  EXPECT_EQ(line_of("# generations=99999\n0-1,5\n"), 1);
  EXPECT_EQ(line_of("0-1,5\n"), 1);
  EXPECT_EQ(line_of("# generations=3\n"), 1);
  EXPECT_EQ(line_of("# generations=3 mean_chunk_kib=64\npresent,bytes\n0-0;2-2,5\n"), 0);
}

TEST(CurveFit, a_curve_is_found_again_from_its_own_points) {
  std::vector<SurvivalPoint> points;
  for (const std::uint32_t gap : kLossGaps) {
    points.push_back({static_cast<double>(gap), kTruth.alive(gap), 1});
  }
  const SurvivalCurve fitted = fit_survival_curve(points);
  for (double x = 0.5; x < 90; x *= 1.3) {
    EXPECT_NEAR((1 - fitted.alive(x)) / (1 - kTruth.alive(x)), 1, 0.02) << x;
  }
}

TEST(CurveFit, the_prior_is_the_stretched_exponential_it_says) {
  for (const double after_one : {0.5, 0.97, 0.9999}) {
    const SurvivalCurve prior = prior_survival_curve(after_one);
    for (const double x : {1.0, 5.0, 20.0, 100.0, 224.0}) {
      const double stretched = std::pow(after_one, std::pow(x, kPriorExponent));
      EXPECT_NEAR(prior.alive(x), stretched, 0.02) << after_one << " " << x;
    }
  }
}

TEST(Calibrate, the_law_of_generated_blocks_is_recovered) {
  const PresenceTable table = generated(80, 20'000, steady);
  const auto fit = calibrate(observe(table, table.trace()));
  ASSERT_TRUE(fit);
  EXPECT_FALSE(fit->shape_is_prior);
  for (const double x : {1.0, 7.0, 28.0, 56.0}) {
    EXPECT_NEAR((1 - fit->curve.alive(x)) / (1 - kTruth.alive(x)), 1, 0.05) << x;
  }
  EXPECT_LT(*fit->error_p95, 0.01);
  EXPECT_NEAR(fit->growth_bytes_per_backup / fit->size_bytes, 0, 1e-4);
  EXPECT_NEAR(fit->new_bytes_per_backup / fit->size_bytes, 1 - kTruth.alive(1), 0.005);
}

TEST(Calibrate, operational_time_follows_quiet_and_busy_days) {
  const PresenceTable table = generated(100, 20'000, restless);
  const Fidelity f = measure_fidelity(table);
  EXPECT_LT(f.overlaps.p95, 1e-9);  // every block lives once
  EXPECT_LT(f.frozen.p95, 0.03);
  EXPECT_LT(f.refitted.p95, 0.02);
  EXPECT_GT(f.linear.median, 5 * f.frozen.median);
}

TEST(Calibrate, from_sizes_and_new_bytes_alone_the_shape_is_a_labelled_prior) {
  const PresenceTable table = generated(60, 5'000, steady);
  ObservedHistory history = observe(table, table.trace());
  for (ObservedBackup& backup : history.backups) {
    for (auto& lost : backup.lost_bytes) lost.reset();
  }
  const auto fit = calibrate(history);
  ASSERT_TRUE(fit);
  EXPECT_TRUE(fit->shape_is_prior);
  EXPECT_FALSE(fit->error_median);
  ASSERT_FALSE(fit->warnings.empty());
  EXPECT_NE(fit->warnings[0].find("assumed"), std::string::npos);
  EXPECT_NEAR(fit->curve.alive(1), fit->gaps.at(0).observed_alive, 1e-3);
}

TEST(Calibrate, resurrections_and_bursts_are_warned_of) {
  PresenceTable table = generated(60, 2'000, steady);
  for (std::uint32_t g = 0; g < 50; g += 5) {
    table.rows.push_back({{{g, g + 2}, {g + 5, g + 8}}, 200 * kBlockBytes});
  }
  table.rows.push_back({{{40, 59}}, 4'000 * kBlockBytes});
  const auto fit = calibrate(observe(table, table.trace()));
  ASSERT_TRUE(fit);
  std::string all;
  for (const std::string& warning : fit->warnings) all += warning;
  EXPECT_NE(all.find("came back"), std::string::npos) << all;
  EXPECT_NE(all.find("five times"), std::string::npos) << all;
  EXPECT_NE(std::find(fit->bursts.begin(), fit->bursts.end(), 40u), fit->bursts.end());
}

TEST(Calibrate, two_points_more_new_than_all_and_disorder_are_refused) {
  ObservedHistory history;
  history.backups.resize(2, {std::nullopt, 1000, 10, {}});
  EXPECT_NE(calibrate(history).error().message.find("too few"), std::string::npos);
  history.backups.resize(30, {std::nullopt, 1000, 10, {}});
  EXPECT_TRUE(calibrate(history));
  history.backups[3].new_bytes = 2000;
  EXPECT_FALSE(calibrate(history));
  history.backups[3].new_bytes = 10;
  history.backups[4].time = from_unix_seconds(100);
  history.backups[5].time = from_unix_seconds(100);
  EXPECT_FALSE(calibrate(history));
}

// Two release branches by turns: every byte goes away and comes back, yet the closest relative of
// each generation knows them all.
TEST(Fidelity, interleaved_branches_are_exact_with_true_overlaps) {
  PresenceTable table;
  table.generations = 60;
  for (std::uint32_t branch = 0; branch < 2; ++branch) {
    for (std::uint32_t part = 0; part < 10; ++part) {
      PresenceRow row;
      // Ten parts per branch; each is replaced once, later and later.
      PresenceRow successor;
      for (std::uint32_t g = branch; g < table.generations; g += 2) {
        (g < 6 * part + 6 ? row : successor).runs.push_back({g, g});
      }
      row.bytes = successor.bytes = kBlockBytes;
      table.rows.push_back(row);
      if (!successor.runs.empty()) table.rows.push_back(successor);
    }
  }
  const Fidelity f = measure_fidelity(table);
  EXPECT_GT(f.resurrection_share, 0.9);
  EXPECT_LT(f.overlaps.p95, 1e-9);
}

TEST(Observations, three_forms_tell_the_same) {
  const auto csv = read_observations(
      "time,size_bytes,new_bytes,lost_1_bytes\n2026-01-01T00:00:00Z,100,100,\n"
      "2026-01-02T00:00:00Z,110,20,10\n",
      "a.csv");
  ASSERT_TRUE(csv) << to_string(csv.error());
  const auto document = read_observations(
      R"({"version": 1, "rows": [
          {"time": "2026-01-01T00:00:00Z", "size_bytes": 100, "new_bytes": 100},
          {"time": "2026-01-02T00:00:00Z", "size_bytes": 110, "new_bytes": 20,
           "lost_1_bytes": 10}]})",
      "a.json");
  ASSERT_TRUE(document) << to_string(document.error());
  const auto table = read_observations("# generations=2\n0-1,90\n0-0,10\n1-1,20\n", "a.txt");
  ASSERT_TRUE(table);
  for (const auto* seen : {&*csv, &*document, &*table}) {
    ASSERT_EQ(seen->history.backups.size(), 2u);
    EXPECT_EQ(seen->history.backups[1].size_bytes, 110u);
    EXPECT_EQ(seen->history.backups[1].new_bytes, 20u);
    EXPECT_EQ(seen->history.backups[1].lost_bytes[0], 10u);
    EXPECT_FALSE(seen->history.backups[1].lost_bytes[1]);
  }
  EXPECT_EQ(csv->history.backups[1].time, document->history.backups[1].time);
}

TEST(Observations, restic_counts_stand_in_its_summary) {
  const auto seen = read_observations(
      R"([{"time": "2026-01-02T03:04:05.123456789+01:00", "summary":
           {"total_bytes_processed": 500, "data_added": 40, "data_added_packed": 20}}])",
      "-");
  ASSERT_TRUE(seen) << to_string(seen.error());
  EXPECT_EQ(seen->history.backups[0].size_bytes, 500u);
  EXPECT_EQ(seen->history.backups[0].new_bytes, 40u);
  EXPECT_EQ(seen->notes.size(), 1u);
}

TEST(Observations, restic_says_how_new_bytes_and_the_whole_compress) {
  const auto read = [](const std::string& first_added) {
    return read_observations(R"([{"summary": {"total_bytes_processed": 500, "data_added": )" +
                                 first_added +
                                 R"(, "data_added_packed": 150}},
            {"summary": {"total_bytes_processed": 510, "data_added": 40, "data_added_packed": 30}},
            {"summary": {"total_bytes_processed": 510, "data_added": 60, "data_added_packed": 45}}])",
                             "-")
        .value();
  };
  const auto seen = read("500");
  EXPECT_EQ(seen.notes.at(0),
            "restic: sizes and new bytes are as stored; of new bytes 75 % are stored, of the whole "
            "30 %");
  const std::pair<std::uint64_t, std::uint64_t> expected[] = {{150, 150}, {171, 30}, {196, 45}};
  const auto pruned = read("300");
  EXPECT_NE(pruned.notes.at(0).find("no backup in the list adds all"), std::string::npos)
      << pruned.notes[0];
  const std::pair<std::uint64_t, std::uint64_t> raw[] = {{500, 300}, {510, 40}, {510, 60}};
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(seen.history.backups[i].size_bytes, expected[i].first) << i;
    EXPECT_EQ(seen.history.backups[i].new_bytes, expected[i].second) << i;
    EXPECT_EQ(pruned.history.backups[i].size_bytes, raw[i].first) << i;
    EXPECT_EQ(pruned.history.backups[i].new_bytes, raw[i].second) << i;
  }
  const auto old =
      read_observations(R"([{"summary": {"total_bytes_processed": 500, "data_added": 40}}])", "-");
  ASSERT_TRUE(old);
  EXPECT_NE(old->notes[0].find("not every backup says"), std::string::npos) << old->notes[0];
  EXPECT_FALSE(read_observations(R"([{"summary": {"total_bytes_processed": 5, "data_added": 5,
                                      "data_added_packed": -1}}])",
                                 "-")
                   .ok());
}

TEST(Observations, of_several_sources_are_one_history_each) {
  const char* const texts[] = {
      "host,paths,size_bytes,new_bytes\na,/x;/y,100,100\nb,/x,7,7\na,/y;/x,110,20\n",
      R"([{"hostname": "a", "paths": ["/x", "/y"], "size_bytes": 100, "new_bytes": 100},
          {"hostname": "b", "paths": ["/x"], "size_bytes": 7, "new_bytes": 7},
          {"hostname": "a", "paths": ["/y", "/x"], "size_bytes": 110, "new_bytes": 20}])"};
  for (const char* text : texts) {
    const auto mixed = read_observations(text, "mixed");
    ASSERT_FALSE(mixed.ok());
    EXPECT_NE(to_string(mixed.error()).find("2 sources"), std::string::npos);
    EXPECT_NE(to_string(mixed.error()).find("\"b\" \"/x\""), std::string::npos);
    for (const SourceChoice& choice : {SourceChoice{"a", {}}, SourceChoice{"", {"/y", "/x"}}}) {
      const auto one = read_observations(text, "mixed", choice);
      ASSERT_TRUE(one.ok()) << to_string(one.error());
      ASSERT_EQ(one->history.backups.size(), 2u);
      EXPECT_EQ(one->history.backups[1].size_bytes, 110u);
    }
    EXPECT_FALSE(read_observations(text, "mixed", {"c", {}}).ok());
    EXPECT_FALSE(read_observations(text, "mixed", {"a", {"/x"}}).ok());
  }
  // Rows that do not say are taken as one; they cannot be chosen from.
  const char* const silent = "size_bytes,new_bytes\n100,100\n";
  EXPECT_TRUE(read_observations(silent, "x").ok());
  EXPECT_FALSE(read_observations(silent, "x", {"a", {}}).ok());
  EXPECT_FALSE(read_observations("# generations=2\n0-1,90\n", "x", {"a", {}}).ok());
}

TEST(Observations, bad_input_is_refused_with_its_place) {
  const auto error = [](const char* text) {
    const auto result = read_observations(text, "x");
    return result.ok() ? std::string("accepted") : to_string(result.error());
  };
  EXPECT_NE(error("size_bytes\n5\n").find("new_bytes"), std::string::npos);
  EXPECT_NE(error("size_bytes,new_bytes\n5,1\n5,one\n").find("x:3"), std::string::npos);
  EXPECT_NE(error("size_bytes,new_bytes\n-5,1\n").find("-5"), std::string::npos);
  EXPECT_NE(error(R"({"rows": [{"size_bytes": 5}]})").find("/rows/0"), std::string::npos);
  EXPECT_NE(error(R"([{"size_bytes": -5, "new_bytes": 1}])").find("/0/size_bytes"),
            std::string::npos);
  EXPECT_NE(error("{").find("x:1"), std::string::npos);
  EXPECT_NE(error("\xff\xfe").find("UTF-8"), std::string::npos);
  EXPECT_NE(error("").find("x"), std::string::npos);
}

}  // namespace
}  // namespace backcast::sim
