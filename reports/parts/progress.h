// How far a long run is and when it will be done. People see one line that rewrites itself on a
// terminal; programs get JSON lines; a log file gets nothing. Everything on standard error.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace backcast::reports {

enum class ProgressForm : std::uint8_t { kNone, kTerminal, kJsonLines };

// For tests: where the time comes from and where output goes.
struct ProgressDoor {
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  std::function<void(std::string_view)> write;  // default: standard error
};

// Safe to advance from several threads. The first output comes after a second, so that short runs
// stay silent; the terminal line is erased at the end.
//
//   Progress progress(progress_form(context), "simulating", replications, "replications");
//   … progress.advance();
class Progress {
 public:
  // `total` 0: the end is not known, so no share and no ETA.
  Progress(ProgressForm form, std::string what, std::uint64_t total, std::string unit,
           ProgressDoor door = {});
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::uint64_t count = 1);

 private:
  void show(std::chrono::steady_clock::time_point now);

  ProgressForm form_;
  std::string what_, unit_;
  std::uint64_t total_;
  ProgressDoor door_;
  std::chrono::steady_clock::time_point started_;
  std::atomic<std::uint64_t> done_{0};
  std::atomic<std::chrono::steady_clock::rep> next_;  // when output is due again
  std::mutex writing_;
  bool is_line_open_ = false;
};

}  // namespace backcast::reports
