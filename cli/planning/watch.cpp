#include "cli/planning/watch.h"

#include <fmt/format.h>

#include <memory>

#include "reports/parts/progress.h"

namespace backcast::cli {
namespace {

// Steps are counted where they are done and told from elsewhere.
class Counter {
 public:
  Counter(reports::ProgressForm form, reports::ProgressWork work, std::uint64_t total)
      : progress_(form, std::move(work), [this, total] {
          return reports::ProgressState{done_.load(), total};
        }) {}
  void advance(std::uint64_t steps) { done_ += steps; }

 private:
  std::atomic<std::uint64_t> done_{0};
  reports::Progress progress_;
};

}  // namespace

study::Watch watch_of(const Context& context, Interruptible& interruptible) {
  return {&interruptible.stop,
          [&context](std::string_view what, std::uint64_t total, std::string_view unit) {
            const auto counter = std::make_shared<Counter>(
                progress_form(context), reports::ProgressWork{std::string(what), std::string(unit)},
                total);
            return [counter](std::uint64_t steps) { counter->advance(steps); };
          }};
}

void say_partial(Context& context, std::size_t done, std::size_t of, const std::string& what) {
  note(context, fmt::format("partial: interrupted after {} of {} {}", done, of, what));
  context.exit_code = exit_code(Errc::kInterrupted);
}

}  // namespace backcast::cli
