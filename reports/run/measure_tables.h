// Measures as numbers for programs and as text for people.
#pragma once

#include <string>
#include <vector>

#include "reports/parts/table.h"
#include "sim/run/replicate.h"

namespace backcast::reports {

// Twelve significant digits: more than any estimate knows, the same on every machine.
std::string exact(double value);
// How a value of this measure is shown to people.
std::string shown(const std::string& measure, double value);
Cell measure_cell(const std::string& measure, double value);

// One row per measure: mean with its interval, median, 5th and 95th percentile with theirs.
Table summary_table(const std::vector<sim::Summary>& summaries, const std::string& name);

}  // namespace backcast::reports
