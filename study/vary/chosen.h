// What `backcast new` chose in place of whoever asks, and how much depends on it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "study/run/scenario_run.h"
#include "study/run/watch.h"

namespace backcast::study {

// Twice a number with its unit: "1%" is "2%", "26h" is "52h", 7 is 14. `value` and the answer are
// JSON text. None for what is no number: a schedule, a region, a date.
std::optional<std::string> doubled(std::string_view value);

struct VerdictChange {
  std::string requirement, before, after;  // names of verdicts
};

// What the scenario would answer with the value doubled, in one run under the same luck.
struct Doubling {
  std::string total_before, total_after;  // of the bill, "12.34 USD"; "" without one
  std::vector<VerdictChange> verdicts;    // that are others
  std::string refused;                    // why there is no such scenario; "" if there is
};

struct ChosenValue {
  std::string pointer, value, because;  // the value as JSON text
  std::string twice;                    // the same doubled; "" where it is no number
  std::optional<Doubling> doubling;     // none: not run
};

// In the order of their pointers, without an answer.
std::vector<ChosenValue> chosen_values(const PreparedScenario& prepared);

// More restore points than this in all are simulated for it only where that is asked for.
inline constexpr std::uint64_t kMostDoubledPoints = 100'000;

// Fills in what doubling each of them does, one run after the other, or none where that would take
// more than `most_points`; `watch` stops it. `run` is the run of `prepared` as study::run gave it.
void double_each(const PreparedScenario& prepared, const ScenarioRun& run,
                 std::uint64_t most_points, const sim::RunOptions& how, const Watch& watch,
                 std::vector<ChosenValue>& chosen);

}  // namespace backcast::study
