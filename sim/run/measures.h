// The numbers a run is judged by, for replications, comparisons, sweeps and searches.
#pragma once

#include "sim/model/result.h"
#include "sim/run/replicate.h"

namespace backcast::sim {

// stored_bytes_mean, _peak, _last: over all services and regions, by time
// moved_bytes: between regions and to the internet
// backups_made: whole, without copies and what was there before
// backups_failed (refused ones and copies too), restore_points_last (copies too)
// rpo_seconds_worst: the greatest age of any service's newest restore point, anywhere
// coverage_days_mean: age of the oldest restore point when the run ends, over services
// requirements_hold: 1 if every one HOLDS, else 0
// requirements_failing_seconds: summed over requirements
Measures measures_of(const RunResult& run);

}  // namespace backcast::sim
