// What progress says of a state, and when it speaks at all.
#include "reports/parts/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <vector>

namespace backcast::reports {
namespace {

using std::chrono::milliseconds;
using ::testing::IsEmpty;

std::string told(ProgressForm form, const ProgressWork& work, const ProgressState& state,
                 double seconds) {
  return progress_text(form, work, state, seconds);
}

TEST(Progress, a_line_has_share_and_eta) {
  const ProgressWork runs{"simulating", "runs"};
  EXPECT_EQ(told(ProgressForm::kTerminal, runs, {50, 200}, 30),
            "simulating: 50 of 200 runs (25 %), 1m 30s left");
  EXPECT_EQ(told(ProgressForm::kTerminal, runs, {0, 200}, 3),
            "simulating: 0 of 200 runs (0 %), 3s");
  EXPECT_EQ(told(ProgressForm::kTerminal, {"reading", "files"}, {7}, 5), "reading: 7 files, 5s");
  EXPECT_EQ(told(ProgressForm::kTerminal, {"backing up", "bytes"},
                 {1'000'000'000, 4'000'000'000, 12, "30 \xff unmodified"}, 10),
            "backing up: 1.00 GB of 4.00 GB (25 %), 30s left, 12 files, 30 \\xff unmodified");
}

TEST(Progress, programs_get_one_shape) {
  EXPECT_EQ(told(ProgressForm::kJsonLines, {"sweep", "rows"}, {1, 4}, 3),
            "{\"type\": \"progress\", \"version\": 2, \"what\": \"sweep\", \"seconds\": 3.0, "
            "\"done\": 1, \"unit\": \"rows\", \"total\": 4, \"seconds_left\": 9}");
  EXPECT_EQ(told(ProgressForm::kJsonLines, {"sweep", "rows"}, {0, 4}, 3),
            "{\"type\": \"progress\", \"version\": 2, \"what\": \"sweep\", \"seconds\": 3.0, "
            "\"done\": 0, \"unit\": \"rows\", \"total\": 4}");
  EXPECT_EQ(told(ProgressForm::kJsonLines, {"restoring", "bytes"}, {70, 0, 2}, 1),
            "{\"type\": \"progress\", \"version\": 2, \"what\": \"restoring\", \"seconds\": 1.0, "
            "\"done\": 70, \"unit\": \"bytes\", \"files\": 2}");
}

TEST(Progress, more_than_was_expected_has_no_end) {
  EXPECT_EQ(told(ProgressForm::kTerminal, {"backing up", "bytes"}, {2000, 1000}, 5),
            "backing up: 2.00 kB, 5s");
}

// What is written while work of a second stands at 5 of 10 steps; quick enough to be seen.
std::string written(ProgressForm form, milliseconds quiet_start) {
  std::string all;
  std::atomic<int> asked{0};
  {
    const ProgressDoor door{[&](std::string_view text) { all += text; }, quiet_start,
                            milliseconds(1), milliseconds(1)};
    const Progress progress(
        form, {"simulating", "runs"},
        [&] {
          ++asked;
          return ProgressState{5, 10};
        },
        door);
    const bool speaks = form != ProgressForm::kNone && quiet_start < milliseconds(1000);
    while (speaks && asked < 3) std::this_thread::yield();
  }
  return all;
}

TEST(Progress, short_work_stays_silent) {
  EXPECT_THAT(written(ProgressForm::kTerminal, milliseconds(60'000)), IsEmpty());
  EXPECT_THAT(written(ProgressForm::kJsonLines, milliseconds(60'000)), IsEmpty());
  EXPECT_THAT(written(ProgressForm::kNone, milliseconds(0)), IsEmpty());
}

TEST(Progress, the_line_rewrites_itself_and_goes_away) {
  const std::string line = "\rsimulating: 5 of 10 runs (50 %), 0s left\x1b[K";
  const std::string all = written(ProgressForm::kTerminal, milliseconds(1));
  EXPECT_TRUE(all.starts_with(line + line)) << all;
  EXPECT_TRUE(all.ends_with("\r\x1b[K")) << all;
}

TEST(Progress, json_comes_line_by_line) {
  const std::string all = written(ProgressForm::kJsonLines, milliseconds(1));
  EXPECT_GE(std::count(all.begin(), all.end(), '\n'), 2) << all;
  EXPECT_TRUE(all.ends_with("}\n")) << all;
}

}  // namespace
}  // namespace backcast::reports
