// Published measurements of deduplicated backups beside what a scenario of them gives. Only what a
// publication states is asked; docs/fidelity.md says what could not be had or not be expressed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "sim/run/measures.h"
#include "study/run/scenario_run.h"

namespace backcast::study {
namespace {

// Backups of data that does not grow, at equal distances; every one of them is kept.
struct Backups {
  double bytes = 0;  // of each, as the source holds it
  int count = 0;
  int every_days = 7;
  double stored_share = 1;                        // of a backup that shares with no other
  double change = 0;                              // share of it that is new at the next
  std::string delta = R"("delta": "lifetimes")";  // what a backup adds
  int services = 1;                               // so many of them, alike
  std::string repositories = "[]";

  double all_bytes() const { return bytes * count * services; }
};

// What is stored after the last of them.
double stored_bytes(const Backups& b) {
  const std::string text = fmt::format(
      R"({{"name": "published", "start": "2026-01-01", "horizon": "{}d", "provider": "plain",
          "repositories": {}, "fleets": [{{"name": "data", "count": {}, "service": {{
            "region": "home", "size": "{:.0f} B", "stored_share": {}, "change": {{"per_day": "{:.6f}%"}},
            {}, "job": {{"rate": "1 TB/s"}}, "retention": "restic: --keep-last 1000",
            "schedules": [{{"every": "{}d", "initial_backup": true}}]}}}}]}})",
      b.every_days * (b.count - 1) + 1, b.repositories, b.services, b.bytes, b.stored_share,
      100 * (1 - std::pow(1 - b.change, 1.0 / b.every_days)), b.delta, b.every_days);
  const auto loaded = scenario::load(Document::parse(text, "published.json").value()).value();
  const auto run = study::run(prepare(loaded).value()).value();
  EXPECT_EQ(run.result.backups.size(), static_cast<std::size_t>(b.count * b.services));
  for (const sim::Measure& m : sim::measures_of(run.result)) {
    if (m.name == "stored_bytes_last") return m.value;
  }
  return 0;
}

// What is saved of the bytes that were backed up.
double saving(const Backups& b) {
  return 1 - stored_bytes(b) / b.all_bytes();
}

// Li, Xu, Ng, Lee, "Efficient Hybrid Inline and Out-of-line Deduplication for Backup Storage",
// 2014 (arXiv:1405.5661): 96 to 98 % saved. The images are those of 160 students over 12 weeks (Ng,
// Lee, "RevDedup", APSys 2013).
constexpr double kImageBytes = 10e9;
const Backups kImages = {.bytes = kImageBytes * 160, .count = 12};

TEST(Published, ImagesThatShareNothingCannotSaveWhatWasMeasured) {
  // Each image by itself: twelve backups of data that never changes are one.
  EXPECT_NEAR(saving(kImages), 1 - 1.0 / kImages.count, 1e-9);
  EXPECT_LT(saving(kImages), 0.96);
}

TEST(Published, ImagesOfOneBaseSaveWhatWasMeasured) {
  // A quarter to two fifths of the bytes are unique, and one or two in a hundred change in a week:
  // assumed, neither is published there.
  for (const double unique : {0.25, 0.4}) {
    for (const double change : {0.01, 0.02}) {
      Backups images = kImages;
      images.stored_share = unique;
      images.change = change;
      const double ours = saving(images);
      EXPECT_NEAR(ours, 1 - unique * (1 + (images.count - 1) * change) / images.count, 0.002);
      EXPECT_GE(ours, 0.955) << unique << " " << change;
      EXPECT_LE(ours, 0.985) << unique << " " << change;
    }
  }
}

TEST(Published, ImagesOfOneRepositorySaveWhatWasMeasured) {
  // The same, each image a service of its own, which has 60 to 75 % in common with all others. What
  // changes is new to all of them.
  for (const double common : {0.6, 0.75}) {
    for (const double change : {0.01, 0.02}) {
      Backups images = {.bytes = kImageBytes, .count = 12, .change = change, .services = 160};
      images.repositories = fmt::format(
          R"([{{"name": "images", "service": "data",
               "shared": {{"share": "{}%", "drift_per_day": "0.1%"}}}}])",
          100 * common);
      const double ours = saving(images);
      EXPECT_NEAR(ours, 1 - (common / 160 + 1 - common + 11 * change) / 12, 0.002);
      EXPECT_GE(ours, 0.945) << common << " " << change;
      EXPECT_LE(ours, 0.975) << common << " " << change;
    }
  }
}

// Meister, "Advanced Data Deduplication Techniques and their Application", dissertation, Mainz
// 2013, section 2.4 with table 1 (p. 36 f.): weekly backups of the home directories of two
// universities. Of both, 98 % or more is known from the week before in most weeks (p. 80).
TEST(Published, HomeDirectoriesOfPaderbornStoreWhatWasMeasured) {
  // UPB: 15 backups of around 440 GB, stored as 369.0 GB. Of the same directories Meister and
  // Brinkmann (SYSTOR 2009, last of the slides) say that about 35 % repeats itself within one
  // backup, and over 98.5 % from week to week. New bytes are taken to repeat themselves as others
  // do.
  const double published_bytes = 369.0e9;
  Backups upb = {.bytes = 440e9, .count = 15, .stored_share = 1 - 0.35};
  upb.change = 0.015;
  EXPECT_NEAR(stored_bytes(upb), 346e9, 0.5e9);
  EXPECT_NEAR(stored_bytes(upb) / published_bytes - 1, -0.062, 0.001);
  upb.change = 0.02;
  EXPECT_NEAR(stored_bytes(upb), 366e9, 0.5e9);
  EXPECT_NEAR(stored_bytes(upb) / published_bytes - 1, -0.008, 0.001);
}

TEST(Published, HomeDirectoriesOfMainzStoreWhatOnePercentAWeekDoes) {
  // JGU: 13 backups, 16.1 TB together, stored as 1.4 TB. What repeats itself within one backup is
  // not published, and nothing is assumed to.
  const double published_bytes = 1.4e12;
  Backups jgu = {.bytes = 16.1e12 / 13, .count = 13};
  EXPECT_LT(stored_bytes(jgu), published_bytes);
  jgu.change = 0.02;
  EXPECT_NEAR(stored_bytes(jgu) / published_bytes - 1, 0.097, 0.001);
  jgu.change = 0.011;
  EXPECT_NEAR(stored_bytes(jgu) / published_bytes - 1, 0.001, 0.001);
}

// Sun, Kuenning, Mandal, Shilane, Tarasov, Xiao, Zadok, "A Long-Term User-Centric Analysis of
// Deduplication Patterns", MSST 2016, table II: bytes backed up per byte stored, by chunk size, for
// a full backup every day, for increments of new and modified files, and for a full backup every
// Saturday with increments between. All three store the same, so that their ratios are those of the
// bytes that are backed up: two of them fix what a day changes, and the third is asked.
struct Homes {
  const char* chunks;
  double full, incremental, weekly_full;
};

TEST(Published, WeeklyFullsOfHomesBackUpWhatWasMeasured) {
  const Homes published[] = {
      {"2 KB", 218.5, 13.6, 42.8},  {"4 KB", 197.0, 12.6, 39.4}, {"8 KB", 181.9, 11.7, 36.5},
      {"16 KB", 167.4, 10.7, 33.6}, {"32 KB", 153.3, 9.8, 30.8}, {"64 KB", 139.1, 8.9, 27.9},
      {"128 KB", 128.0, 8.2, 25.7},
  };
  // 4,181 snapshots of 33 users: 127 of each in the mean. Over all 21 months it is the same.
  for (const int days : {127, 626}) {
    for (const Homes& theirs : published) {
      const double share = theirs.incremental / theirs.full;
      Backups homes = {.bytes = 1e12, .count = days, .every_days = 1};
      homes.change = (days * share - 1) / (days - 1);
      homes.delta = R"("delta": "incremental")";
      EXPECT_NEAR(stored_bytes(homes) / homes.all_bytes(), share, 1e-6) << theirs.chunks;
      homes.delta = R"("delta": "incremental", "chain": {"full_every": 7})";
      const double ours = theirs.full * stored_bytes(homes) / homes.all_bytes();
      EXPECT_NEAR(ours / theirs.weekly_full, 0.99, 0.012) << theirs.chunks << " " << days;
    }
  }
}

}  // namespace
}  // namespace backcast::study
