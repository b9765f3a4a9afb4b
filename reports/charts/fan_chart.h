// The chart of a backtest.
#pragma once

#include <optional>

#include "reports/charts/charts.h"
#include "study/history/backtest.h"

namespace backcast::reports {

// What a policy left stored, and what forecasts of the past and the newest one said.
std::optional<Chart> fan_chart(const study::Backtest& backtest);

}  // namespace backcast::reports
