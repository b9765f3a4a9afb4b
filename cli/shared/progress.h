// Long work on the command line: a line or JSON lines say how far it is, Ctrl-C asks it to stop.
#pragma once

#include <atomic>
#include <functional>
#include <string>

#include "cli/shared/context.h"
#include "engine/env/stop_on_signal.h"
#include "reports/parts/progress.h"

namespace backcast::cli {

// Work on a repository, in bytes. `state` is asked from a thread of its own.
class ProgressLine {
 public:
  ProgressLine(const Context& context, std::string what,
               std::function<reports::ProgressState()> state, std::atomic<bool>& stop)
      : signals_(stop),
        progress_(progress_form(context), {std::move(what), "bytes"}, std::move(state)) {}

 private:
  env::StopOnSignal signals_;
  reports::Progress progress_;
};

}  // namespace backcast::cli
