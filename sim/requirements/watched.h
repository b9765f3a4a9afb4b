// What a requirement looks at, over time: for charts, with the definitions that judge it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/model/result.h"
#include "sim/model/scenario.h"

namespace backcast::sim {

// From `from` until `until` the value goes evenly from `first` to `last`.
struct WatchedStep {
  Instant from{}, until{};
  std::int64_t first = 0, last = 0;
};

// Of one service in one region, or of a project. By time; steps of jobs that run beside each other
// overlap, and the worst of them counts.
struct WatchedLine {
  std::uint32_t service = kNone;
  std::string region;
  std::vector<WatchedStep> steps;
};

struct Watched {
  enum class Unit : std::uint8_t { kNanoseconds, kBytes, kCount } unit = Unit::kNanoseconds;
  std::string what;       // "age of the newest restore point"
  bool at_least = false;  // the limit is a floor
  std::optional<std::int64_t> limit;
  std::vector<WatchedLine> lines;  // none of a budget, which the bill tells of
};

// One per requirement of the scenario, in its order.
std::vector<Watched> watched(const Scenario& scenario, const RunResult& result);

}  // namespace backcast::sim
