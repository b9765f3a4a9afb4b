// Long planning work on the command line: Ctrl-C stops it, and a line says how far it is.
#pragma once

#include <atomic>
#include <string>

#include "cli/shared/context.h"
#include "engine/env/stop_on_signal.h"
#include "study/run/watch.h"

namespace backcast::cli {

// Ctrl-C while this lives sets stop; the verb then prints what is known and exits with 130.
struct Interruptible {
  std::atomic<bool> stop{false};
  env::StopOnSignal signals{stop};
};

// Tells progress in the form that the context asks for. Both must outlive what is watched.
study::Watch watch_of(const Context& context, Interruptible& interruptible);

// Marks an interrupted result on standard error and sets the exit code.
void say_partial(Context& context, std::size_t done, std::size_t of, const std::string& what);

}  // namespace backcast::cli
