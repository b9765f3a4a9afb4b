// A calibration as the fields of a scenario's service: paste them into it, or merge the file.
#pragma once

#include <string>

#include "sim/calibrate.h"

namespace backcast::sim {

// {"size", "growth", "change": {"mixture", "weekdays"}, "delta"}: what the scenario schema calls
// these. Shares per day follow from the rates and the distance between backups; where times are
// not known, one backup a day is taken.
std::string workload_json(const Calibration& calibration);

}  // namespace backcast::sim
