#include "reports/parts/progress.h"

#include <fmt/format.h>

#include <cstdio>

#include "engine/base/bytes.h"
#include "engine/base/harmless.h"
#include "engine/base/instant.h"
#include "reports/parts/escape.h"

namespace backcast::reports {
namespace {

using Clock = std::chrono::steady_clock;

std::string whole_seconds(double seconds) {
  return format_duration(std::chrono::seconds(static_cast<std::int64_t>(seconds + 0.5)));
}

}  // namespace

std::string progress_text(ProgressForm form, const ProgressWork& work, const ProgressState& state,
                          double seconds) {
  const auto& [what, unit] = work;
  const bool has_end = state.total > 0 && state.done <= state.total;
  const bool has_eta = has_end && state.done > 0;
  const auto done = static_cast<double>(state.done), total = static_cast<double>(state.total);
  const double left = has_eta ? seconds * (total - done) / done : 0;
  if (form == ProgressForm::kJsonLines) {
    std::string line = fmt::format(
        "{{\"type\": \"progress\", \"version\": 2, \"what\": {}, \"seconds\": {:.1f}, \"done\": "
        "{}, "
        "\"unit\": {}",
        json_text(what), seconds, state.done, json_text(unit));
    if (has_end) line += fmt::format(", \"total\": {}", state.total);
    if (has_eta) line += fmt::format(", \"seconds_left\": {:.0f}", left);
    if (state.files) line += fmt::format(", \"files\": {}", *state.files);
    return line + "}";
  }
  const bool is_bytes = unit == "bytes";
  const auto amount = [&](std::uint64_t n) {
    return is_bytes ? format_bytes(n) : std::to_string(n);
  };
  std::string line = fmt::format("{}: {}", what, amount(state.done));
  if (has_end) line += " of " + amount(state.total);
  if (!is_bytes) line += ' ' + unit;
  if (has_end) line += fmt::format(" ({} %)", static_cast<int>(100 * done / total));
  line += has_eta ? fmt::format(", {} left", whole_seconds(left)) : ", " + whole_seconds(seconds);
  if (state.files) line += fmt::format(", {} files", *state.files);
  if (!state.detail.empty()) line += ", " + state.detail;
  return harmless(line);
}

Progress::Progress(ProgressForm form, ProgressWork work, std::function<ProgressState()> state,
                   ProgressDoor door)
    : form_(form), work_(std::move(work)), state_(std::move(state)), door_(std::move(door)) {
  if (!door_.write) {
    door_.write = [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stderr); };
  }
  if (form_ != ProgressForm::kNone) thread_ = std::thread([this] { run(); });
}

Progress::~Progress() {
  {
    const std::lock_guard lock(mutex_);
    end_ = true;
  }
  ended_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Progress::run() {
  const bool is_line = form_ == ProgressForm::kTerminal;
  const auto interval = is_line ? door_.terminal_interval : door_.json_interval;
  const auto began = Clock::now();
  std::unique_lock lock(mutex_);
  if (ended_.wait_for(lock, door_.quiet_start, [this] { return end_; })) return;
  do {
    const std::chrono::duration<double> elapsed = Clock::now() - began;
    const std::string text = progress_text(form_, work_, state_(), elapsed.count());
    door_.write(is_line ? "\r" + text + "\x1b[K" : text + "\n");
  } while (!ended_.wait_for(lock, interval, [this] { return end_; }));
  if (is_line) door_.write("\r\x1b[K");
}

}  // namespace backcast::reports
