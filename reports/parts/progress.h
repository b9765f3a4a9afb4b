// How far long work is and when it will be done. People see one line that rewrites itself on a
// terminal; programs get JSON lines; a log file gets nothing. Everything on standard error.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace backcast::reports {

enum class ProgressForm : std::uint8_t { kNone, kTerminal, kJsonLines };

struct ProgressState {
  std::uint64_t done = 0;
  std::uint64_t total = 0;  // 0, or less than is done: the end is not known
  std::optional<std::uint64_t> files = {};
  std::string detail = {};  // what else people see
};

// What is being done, in which unit: "simulating" "replications", "backing up" "bytes".
struct ProgressWork {
  std::string what, unit;
};

// One line, without what wipes it or ends it. JSON: {"type": "progress", "version": 2, "what",
// "seconds", "done", "unit"}, with "total" where the end is known, "seconds_left" once something is
// done, and "files" where they are counted beside.
std::string progress_text(ProgressForm form, const ProgressWork& work, const ProgressState& state,
                          double seconds);

// For tests: where output goes, and when.
struct ProgressDoor {
  std::function<void(std::string_view)> write = {};  // default: standard error
  std::chrono::milliseconds quiet_start{1000};       // so that short work stays silent
  std::chrono::milliseconds terminal_interval{200}, json_interval{1000};
};

// Asks how far the work is, from a thread of its own, while this lives; then wipes the line.
class Progress {
 public:
  Progress(ProgressForm form, ProgressWork work, std::function<ProgressState()> state,
           ProgressDoor door = {});
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void run();

  ProgressForm form_;
  ProgressWork work_;
  std::function<ProgressState()> state_;
  ProgressDoor door_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;
  std::thread thread_;
};

}  // namespace backcast::reports
