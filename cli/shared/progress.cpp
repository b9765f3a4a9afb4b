#include "cli/shared/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>

#include "engine/base/bytes.h"
#include "engine/base/harmless.h"
#include "engine/base/instant.h"

namespace backcast::cli {
namespace {

constexpr auto kInterval = std::chrono::milliseconds(200);

std::atomic<std::atomic<bool>*> stop_flag{nullptr};

extern "C" void ask_to_stop(int) {
  if (auto* flag = stop_flag.load()) flag->store(true);
}

}  // namespace

ProgressLine::ProgressLine(const Context& context, std::function<ProgressState()> state,
                           std::atomic<bool>& stop)
    : state_(std::move(state)) {
  stop_flag = &stop;
  std::signal(SIGINT, ask_to_stop);
  std::signal(SIGTERM, ask_to_stop);
  as_json_ = context.format == Format::kJson;
  on_terminal_ = !context.quiet && ::isatty(STDERR_FILENO) == 1 && !as_json_;
  as_json_ = as_json_ && !context.quiet;
  if (on_terminal_ || as_json_) thread_ = std::thread([this] { run(); });
}

ProgressLine::~ProgressLine() {
  {
    std::lock_guard lock(mutex_);
    end_ = true;
  }
  ended_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (on_terminal_) std::fputs("\r\033[K", stderr);
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  stop_flag = nullptr;
}

void ProgressLine::run() {
  const auto began = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, as_json_ ? 5 * kInterval : kInterval, [this] { return end_; })) {
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - began;
    show(state_(), elapsed.count());
  }
}

void ProgressLine::show(const ProgressState& state, double seconds) {
  const bool known = state.expected_bytes > state.done_bytes && state.done_bytes > 0;
  const double left = known
                          ? seconds * static_cast<double>(state.expected_bytes - state.done_bytes) /
                                static_cast<double>(state.done_bytes)
                          : 0;
  if (as_json_) {
    std::string line = fmt::format(
        "{{\"type\": \"progress\", \"version\": 1, \"seconds\": {:.1f}, \"files\": {}, \"bytes\": "
        "{}",
        seconds, state.done_files, state.done_bytes);
    if (known) {
      line += fmt::format(", \"expected_bytes\": {}, \"seconds_left\": {:.0f}",
                          state.expected_bytes, left);
    }
    std::fprintf(stderr, "%s}\n", line.c_str());
    return;
  }
  std::string line = fmt::format("{} files, {}", state.done_files, format_bytes(state.done_bytes));
  if (known) {
    line += fmt::format(" of about {} ({}%), {} left", format_bytes(state.expected_bytes),
                        state.done_bytes * 100 / state.expected_bytes,
                        format_duration(std::chrono::seconds(static_cast<std::int64_t>(left))));
  }
  if (!state.detail.empty()) line += ", " + harmless(state.detail);
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
}

}  // namespace backcast::cli
