// Progress with a clock of our own: when it speaks, and what it says.
#include "reports/parts/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace backcast::reports {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Recorder {
  std::chrono::steady_clock::time_point now{};
  std::vector<std::string> written;
  ProgressDoor door() {
    return {[this] { return now; }, [this](std::string_view text) { written.emplace_back(text); }};
  }
};

TEST(Progress, short_runs_stay_silent) {
  Recorder recorder;
  {
    Progress progress(ProgressForm::kTerminal, "simulating", 100, "runs", recorder.door());
    recorder.now += std::chrono::milliseconds(999);
    progress.advance(99);
  }
  EXPECT_THAT(recorder.written, IsEmpty());
}

TEST(Progress, terminal_line_has_share_and_eta_and_is_erased) {
  Recorder recorder;
  {
    Progress progress(ProgressForm::kTerminal, "simulating", 200, "runs", recorder.door());
    recorder.now += std::chrono::seconds(30);
    progress.advance(50);
    progress.advance(1);  // too soon to speak again
    recorder.now += std::chrono::milliseconds(200);
    progress.advance(49);
  }
  EXPECT_THAT(recorder.written,
              ElementsAre("\rsimulating: 50 of 200 runs (25 %), 1m 30s left\x1b[K",
                          "\rsimulating: 100 of 200 runs (50 %), 30s left\x1b[K", "\r\x1b[K"));
}

TEST(Progress, json_lines_for_programs) {
  Recorder recorder;
  {
    Progress progress(ProgressForm::kJsonLines, "sweep", 4, "rows", recorder.door());
    recorder.now += std::chrono::seconds(3);
    progress.advance(1);
  }
  EXPECT_THAT(recorder.written,
              ElementsAre("{\"type\": \"progress\", \"version\": 1, \"what\": \"sweep\", "
                          "\"seconds\": 3.0, \"done\": 1, \"unit\": \"rows\", \"total\": 4, "
                          "\"seconds_left\": 9}\n"));
}

TEST(Progress, unknown_end_has_no_eta) {
  Recorder recorder;
  {
    Progress progress(ProgressForm::kTerminal, "reading", 0, "files", recorder.door());
    recorder.now += std::chrono::seconds(5);
    progress.advance(7);
  }
  ASSERT_FALSE(recorder.written.empty());
  EXPECT_EQ(recorder.written[0], "\rreading: 7 files, 5s\x1b[K");
}

TEST(Progress, nothing_when_not_wanted) {
  Recorder recorder;
  {
    Progress progress(ProgressForm::kNone, "x", 2, "runs", recorder.door());
    recorder.now += std::chrono::hours(1);
    progress.advance(2);
  }
  EXPECT_THAT(recorder.written, IsEmpty());
}

TEST(Progress, threads_lose_no_count) {
  std::vector<std::string> written;
  std::atomic<int> ticks{0};
  {
    Progress progress(ProgressForm::kJsonLines, "x", 4000, "runs",
                      {[&] {
                         return std::chrono::steady_clock::time_point(
                             std::chrono::milliseconds(ticks.fetch_add(1) * 10));
                       },
                       [&](std::string_view text) { written.emplace_back(text); }});
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) progress.advance();
      });
    }
    for (auto& thread : threads) thread.join();
    ticks = 1'000'000;
    progress.advance(0);
  }
  ASSERT_FALSE(written.empty());
  EXPECT_THAT(written.back(), ::testing::HasSubstr("\"done\": 4000,"));
}

}  // namespace
}  // namespace backcast::reports
