// A calibration as the fields of a scenario's service: paste them into it, or merge the file.
#pragma once

#include <string>

#include "sim/fit/calibrate.h"

namespace backcast::sim {

// {"size", "growth", "change": {"mixture", "weekdays"}, "delta"}: what the scenario schema calls
// these. Shares per day follow from the rates and the distance between backups; where times are
// not known, one backup a day is taken.
std::string workload_json(const Calibration& calibration);

// {"change": {"csv", "mixture" or "by_age"}, "delta"}, for a service that replays recorded volumes:
// `csv` is the path of their file, columns time, size_bytes, new_bytes.
std::string recorded_workload_json(const Calibration& calibration, const std::string& csv);

}  // namespace backcast::sim
