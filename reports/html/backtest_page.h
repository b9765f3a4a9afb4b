// The page of a backtest: its fans drawn, how far forecasts were off, and every one of them.
#pragma once

#include <string>

#include "study/history/backtest.h"

namespace backcast::reports {

// `history`: the name of its file.
std::string backtest_page(const study::Backtest& backtest, const std::string& history,
                          const std::string& currency);

}  // namespace backcast::reports
