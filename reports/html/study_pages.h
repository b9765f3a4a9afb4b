// The pages of sweeps and searches: what the many runs say, drawn.
#pragma once

#include <string>
#include <vector>

#include "reports/charts/charts.h"
#include "reports/parts/table.h"
#include "study/vary/optimize.h"

namespace backcast::reports {

// Of a whole sweep: the mean per value of each field, a heat map per pair of fields (grids only),
// then the effects and every row as tables.
std::string sweep_page(const study::SweepRows& rows, const std::string& measure,
                       const Table& effects, const Table& all_rows);

// Of all combinations that a search tried, with its front as a table.
std::string optimize_page(const study::SweepPlan& plan, const std::string& minimize,
                          const std::vector<study::Candidate>& tried, const Table& front);

}  // namespace backcast::reports
