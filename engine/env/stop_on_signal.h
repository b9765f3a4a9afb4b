// Ctrl-C and a polite kill as a flag that work looks at.
#pragma once

#include <atomic>

namespace backcast::env {

// SIGINT and SIGTERM set `stop` while this lives; afterwards they end the program again. One lives
// at a time.
class StopOnSignal {
 public:
  explicit StopOnSignal(std::atomic<bool>& stop);
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
};

}  // namespace backcast::env
