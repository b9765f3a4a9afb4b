// Published measurements of deduplicated backups beside what a scenario of them gives. Only what a
// publication states is asked; docs/fidelity.md says what could not be had or not be expressed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/run/measures.h"
#include "study/run/scenario_run.h"

namespace backcast::study {
namespace {

constexpr double kImageBytes = 10e9;
constexpr int kImages = 160, kWeeks = 12;

// Twelve weekly backups of so many images, of which a weekly share is rewritten; of all bytes of
// one backup the share `unique` is stored. What is saved of the bytes that were backed up.
double saving(double unique, double weekly_change) {
  const std::string text = fmt::format(
      R"({{"name": "images", "start": "2026-01-01", "horizon": "83d", "provider": "plain",
          "services": [{{"name": "images", "region": "home", "size": "{:.0f} B",
            "stored_share": {}, "change": {{"per_day": "{:.6f}%"}}, "delta": "lifetimes",
            "job": {{"rate": "1 GB/s"}}, "retention": "restic: --keep-last 100",
            "schedules": [{{"every": "7d", "initial_backup": true}}]}}]}})",
      kImageBytes * kImages, unique, 100 * (1 - std::pow(1 - weekly_change, 1.0 / 7)));
  const auto loaded = scenario::load(Document::parse(text, "images.json").value()).value();
  const auto run = study::run(prepare(loaded).value()).value();
  EXPECT_EQ(run.result.backups.size(), static_cast<std::size_t>(kWeeks));
  for (const sim::Measure& m : sim::measures_of(run.result)) {
    if (m.name == "stored_bytes_last") return 1 - m.value / (kImageBytes * kImages * kWeeks);
  }
  return 0;
}

// Li, Xu, Ng, Lee, "Efficient Hybrid Inline and Out-of-line Deduplication for Backup Storage",
// 2014 (arXiv:1405.5661): 96 to 98 % saved. The images are those of 160 students over 12 weeks (Ng,
// Lee, "RevDedup", APSys 2013).
TEST(Published, ImagesThatShareNothingCannotSaveWhatWasMeasured) {
  // Each image by itself: twelve backups of data that never changes are one.
  EXPECT_NEAR(saving(1, 0), 1 - 1.0 / kWeeks, 1e-9);
  EXPECT_LT(saving(1, 0), 0.96);
}

TEST(Published, ImagesOfOneBaseSaveWhatWasMeasured) {
  // A quarter to two fifths of the bytes are unique, and one or two in a hundred change in a week:
  // assumed, neither is published there.
  for (const double unique : {0.25, 0.4}) {
    for (const double change : {0.01, 0.02}) {
      const double ours = saving(unique, change);
      EXPECT_NEAR(ours, 1 - unique * (1 + (kWeeks - 1) * change) / kWeeks, 0.002);
      EXPECT_GE(ours, 0.955) << unique << " " << change;
      EXPECT_LE(ours, 0.985) << unique << " " << change;
    }
  }
}

}  // namespace
}  // namespace backcast::study
