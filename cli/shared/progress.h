// Progress of long work: a line with an estimate on a terminal, JSON lines with --json, silence
// otherwise. Ctrl-C asks the work to stop and leaves the repository as it was.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "cli/shared/context.h"

namespace backcast::cli {

struct ProgressState {
  std::uint64_t done_bytes = 0;
  std::uint64_t expected_bytes = 0;  // 0 = unknown
  std::uint64_t done_files = 0;
  std::string detail;  // what else to show
};

class ProgressLine {
 public:
  // `state` is asked a few times a second from a thread of its own; `stop` is set by SIGINT and
  // SIGTERM.
  ProgressLine(const Context& context, std::function<ProgressState()> state,
               std::atomic<bool>& stop);
  ~ProgressLine();  // wipes the line

 private:
  void run();
  void show(const ProgressState& state, double seconds);

  std::function<ProgressState()> state_;
  bool on_terminal_ = false, as_json_ = false;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool end_ = false;
  std::thread thread_;
};

}  // namespace backcast::cli
