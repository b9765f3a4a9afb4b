// What several charts share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reports/charts/charts.h"

namespace backcast::reports {

// "c0" … "c7" by index; the ninth and later share the last.
std::string palette_class(std::size_t index);

// "20 GB", "1.5 TB": for axes.
std::string axis_bytes(double size_bytes);
// "12", "0.05", "12,000": for axes.
std::string axis_number(double value);
// "26h", "3d": for axes.
std::string axis_duration(double seconds);
// "2026-01-31 06:00", for hints
std::string short_moment(Instant t);

// Columns of stacked parts. Hints are given per part and column; whiskers are drawn where given.
struct StackedBars {
  std::string title, description;
  std::vector<std::string> column_ticks;  // text below a column; "" = none
  std::vector<Part<double>> parts;
  std::vector<std::vector<std::string>> hints;      // [part][column]
  std::vector<std::pair<double, double>> whiskers;  // empty, or low and high per column
  std::optional<double> limit;                      // a line across, with its name
  std::string limit_name;
  Format format;
  Canvas canvas;
  double height = 300;
};
// Adds svg and marks to the chart.
void draw_stacked_bars(const StackedBars& bars, Chart& chart);

// Tick texts for a row of months: every year, and months between where there is room.
std::vector<std::string> month_ticks(const std::vector<std::chrono::year_month>& months,
                                     double width);

}  // namespace backcast::reports
