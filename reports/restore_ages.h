// How old the newest restore point of each service is, at every instant and in every region.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/result.h"

namespace backcast::reports {

// From `from` until `until` the newest backup that could be restored brings back the state of
// `born`; its age therefore grows from from - born to until - born.
struct AgeStep {
  Instant from{}, until{};
  Instant born{};
};

// In order of time; where steps leave a gap there was nothing to restore.
struct AgeLine {
  std::uint32_t service = 0;
  std::string region;
  std::vector<AgeStep> steps;
};

// One line per service and region that ever had a restore point, by region, then service. A line
// ends with the run, or when its service is deleted: from then on nothing new can be lost.
std::vector<AgeLine> restore_ages(const sim::RunResult& run);

}  // namespace backcast::reports
