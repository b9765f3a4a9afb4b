#include "cli/planning/watch.h"

#include <fmt/format.h>

#include <csignal>
#include <memory>

namespace backcast::cli {
namespace {

std::atomic<std::atomic<bool>*> g_stop{nullptr};
extern "C" void stop_trials(int) {
  if (auto* flag = g_stop.load()) flag->store(true);
}

}  // namespace

Interruptible::Interruptible() {
  g_stop = &stop;
  std::signal(SIGINT, stop_trials);
  std::signal(SIGTERM, stop_trials);
}
Interruptible::~Interruptible() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  g_stop = nullptr;
}

study::Watch watch_of(const Context& context, Interruptible& interruptible) {
  return {&interruptible.stop,
          [&context](std::string_view what, std::uint64_t total, std::string_view unit) {
            auto progress = std::make_shared<reports::Progress>(
                progress_form(context), std::string(what), total, std::string(unit));
            return [progress](std::uint64_t steps) { progress->advance(steps); };
          }};
}

void say_partial(Context& context, std::size_t done, std::size_t of, const std::string& what) {
  note(context, fmt::format("partial: interrupted after {} of {} {}", done, of, what));
  context.exit_code = exit_code(Errc::kInterrupted);
}

}  // namespace backcast::cli
