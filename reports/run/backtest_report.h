// What forecasts of the past would have been, as tables, as text and as JSON.
#pragma once

#include <string>

#include "reports/parts/table.h"
#include "study/history/backtest.h"

namespace backcast::reports {

// A figure as people read it: "20.00 GB", "12.30 USD".
std::string figure_text(study::Figure figure, double value, const std::string& currency);
std::string figure_title(study::Figure figure);  // "Stored bytes"

// One row per figure and distance: how far off, how often the interval held, and the plain rules.
Table accuracy_table(const study::Backtest& backtest);
// One row per forecast, figure and distance, those from the newest backup on without an actual.
Table forecast_table(const study::Backtest& backtest, const std::string& currency);
// Those from the newest backup on alone.
Table next_table(const study::Backtest& backtest, const std::string& currency);

// "24 forecasts …": what was done, in sentences that end with a line each.
std::string backtest_words(const study::Backtest& backtest);
// "Told nothing of the days to come, forecasts of stored bytes 30 backups ahead …"; "" where there
// is none.
std::string backtest_sentence(const study::Backtest& backtest);
// When a store is full; "" where that was not asked.
std::string filled_sentence(const study::Backtest& backtest);
// "the newest two actuals 7 and 30 backups ahead left the interval"; "" where none did.
std::string left_sentence(const study::Backtest& backtest);

// Version 1: docs/fidelity.md says what the keys mean.
std::string backtest_json(const study::Backtest& backtest, const std::string& currency);

}  // namespace backcast::reports
