// Lines over the time of a run. A chart keeps them beside its drawing, so that what the page lets
// people zoom is drawn from the same.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/charts/charts.h"

namespace backcast::reports {

// The worst of a line (its most; its least where the limit is a floor) in each of `columns` equal
// slices of time from `start`, `slice` long; NaN where it says nothing.
std::vector<double> worst_of_slices(const TimeLine& line, bool is_floor, Instant start,
                                    Duration slice, std::size_t columns);

// Draws chart.lines, with a mark where each is worst and the chart's limit, and fills in y_most.
void draw_lines(const sim::RunResult& run, const Canvas& canvas, Chart& chart);

// At most as many lines as there are colours, by name.
std::vector<TimeLine> listed(std::vector<TimeLine> lines);

// How values of that unit stand beside an axis.
Format format_of(TimeUnit unit);

}  // namespace backcast::reports
