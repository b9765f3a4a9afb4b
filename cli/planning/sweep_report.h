// The pages that sweep and optimize write: what the many runs say, drawn.
#pragma once

#include <string>
#include <vector>

#include "cli/planning/sweep_file.h"
#include "reports/charts/charts.h"
#include "reports/parts/table.h"

namespace backcast::cli {

// Of a whole sweep: the mean per value of each field, a heat map per pair of fields (grids only),
// then the effects and every row as tables.
std::string sweep_page(const SweepRows& rows, const std::string& measure,
                       const reports::Table& effects, const reports::Table& all_rows);

// One of the combinations that a search looked at.
struct Searched {
  std::uint32_t row = 0;
  double cost = 0, rpo_seconds = 0;
  bool is_feasible = false;
  bool is_on_front = false;  // a row of the table
};
std::string optimize_page(const SweepPlan& plan, const std::string& minimize,
                          const std::vector<Searched>& searched, const reports::Table& front);

}  // namespace backcast::cli
