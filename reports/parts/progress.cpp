#include "reports/parts/progress.h"

#include <fmt/format.h>

#include <cstdio>

#include "engine/base/harmless.h"
#include "engine/base/instant.h"
#include "reports/parts/escape.h"

namespace backcast::reports {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Clock::duration kQuietStart = std::chrono::seconds(1);
constexpr Clock::duration kTerminalInterval = std::chrono::milliseconds(200);
constexpr Clock::duration kJsonInterval = std::chrono::seconds(1);

void write_stderr(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
}

std::string whole_seconds(double seconds) {
  return format_duration(std::chrono::seconds(static_cast<std::int64_t>(seconds + 0.5)));
}

}  // namespace

Progress::Progress(ProgressForm form, std::string what, std::uint64_t total, std::string unit,
                   ProgressDoor door)
    : form_(form),
      what_(harmless(what)),
      unit_(std::move(unit)),
      total_(total),
      door_(std::move(door)),
      started_(door_.now()),
      next_((started_ + kQuietStart).time_since_epoch().count()) {
  if (!door_.write) door_.write = write_stderr;
}

Progress::~Progress() {
  if (is_line_open_) door_.write("\r\x1b[K");
}

void Progress::advance(std::uint64_t count) {
  done_.fetch_add(count, std::memory_order_relaxed);
  if (form_ == ProgressForm::kNone) return;
  const auto now = door_.now();
  if (now.time_since_epoch().count() < next_.load(std::memory_order_relaxed)) return;
  const std::unique_lock lock(writing_, std::try_to_lock);
  if (lock.owns_lock()) show(now);
}

void Progress::show(Clock::time_point now) {
  const auto interval = form_ == ProgressForm::kTerminal ? kTerminalInterval : kJsonInterval;
  next_ = (now + interval).time_since_epoch().count();
  const std::uint64_t done = done_.load(std::memory_order_relaxed);
  const double elapsed = std::chrono::duration<double>(now - started_).count();
  const bool has_end = total_ > 0 && done > 0 && done <= total_;
  const double left =
      has_end ? elapsed * static_cast<double>(total_ - done) / static_cast<double>(done) : 0;
  if (form_ == ProgressForm::kJsonLines) {
    std::string line = fmt::format(
        "{{\"type\": \"progress\", \"version\": 1, \"what\": {}, \"seconds\": {:.1f}, \"done\": "
        "{}, "
        "\"unit\": {}",
        json_text(what_), elapsed, done, json_text(unit_));
    if (has_end) line += fmt::format(", \"total\": {}, \"seconds_left\": {:.0f}", total_, left);
    door_.write(line + "}\n");
    return;
  }
  is_line_open_ = true;
  const std::string share = has_end
                                ? fmt::format(" of {} {} ({} %), {} left", total_, unit_,
                                              static_cast<int>(100.0 * static_cast<double>(done) /
                                                               static_cast<double>(total_)),
                                              whole_seconds(left))
                                : fmt::format(" {}, {}", unit_, whole_seconds(elapsed));
  door_.write(fmt::format("\r{}: {}{}\x1b[K", what_, done, share));
}

}  // namespace backcast::reports
