// How old the newest restore point of a service is: the one definition, for requirements, measures,
// fleets and reports.
//
// At an instant the age is the time since the moment that the newest restore point then restorable
// brings back. Where there is none, it counts from the moment the service came under protection:
// the start of the run, or the oldest restore point of the history it goes on from. It ends with
// the run, or when the service is deleted: from then on nothing new can be lost.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/model/result.h"
#include "sim/model/timeline.h"

namespace backcast::sim {

// From `from` until `until` the newest restore point brings back the moment `born`: the age grows
// from from - born to until - born.
struct AgeStep {
  Instant from{}, until{};
  Instant born{};
  std::uint32_t backup = kNone;  // kNone: there is nothing to restore
};

// The steps within `checked`, without gaps, by time. `since`: when protection began.
std::vector<AgeStep> age_steps(std::vector<PointInTime> points, Span checked, Instant since);

// The step whose age becomes the greatest, the earliest of them; nullptr if there is none.
const AgeStep* worst(const std::vector<AgeStep>& steps);

// Where the age is above a limit.
std::vector<Span> stale_spans(const std::vector<AgeStep>& steps, Duration limit);

// When each service of a run is under protection. `from` may lie before the run.
std::vector<Span> protected_spans(const RunResult& run);

struct AgeLine {
  std::uint32_t service = 0;
  std::string region;
  std::vector<AgeStep> steps;
};

// One line per service and region that ever had a restore point, by region, then service.
std::vector<AgeLine> ages_by_region(const RunResult& run);
// One line per service that was simulated by itself, wherever its restore points lie.
std::vector<AgeLine> ages_anywhere(const RunResult& run);

}  // namespace backcast::sim
