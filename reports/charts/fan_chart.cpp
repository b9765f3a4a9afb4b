#include "reports/charts/fan_chart.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/charts/chart_parts.h"
#include "reports/run/backtest_report.h"

namespace backcast::reports {
namespace {

using study::Forecasted;

constexpr double kHeight = 320;

// Forecasts made at one backup, the nearest first.
using Fan = std::vector<const Forecasted*>;

std::vector<Fan> fans_of(const std::vector<Forecasted>& forecasts) {
  std::vector<Fan> fans;
  for (const Forecasted& forecast : forecasts) {
    const bool is_new = fans.empty() || fans.back().front()->made_at != forecast.made_at;
    if (is_new) fans.emplace_back();
    fans.back().push_back(&forecast);
  }
  return fans;
}

// Those of the past that do not overlap, and the one that looks ahead.
std::vector<Fan> shown_fans(const study::Backtest& backtest) {
  std::vector<Fan> shown;
  for (Fan& fan : fans_of(backtest.forecasts)) {
    const bool overlaps = !shown.empty() && fan.front()->made < shown.back().back()->due;
    if (!overlaps) shown.push_back(std::move(fan));
  }
  for (Fan& fan : fans_of(backtest.next)) shown.push_back(std::move(fan));
  return shown;
}

}  // namespace

std::optional<Chart> fan_chart(const study::Backtest& backtest) {
  if (backtest.stored.size() < 2) return std::nullopt;
  const std::vector<Fan> fans = shown_fans(backtest);
  const Instant start = backtest.stored.front().first;
  Instant end = backtest.stored.back().first;
  double most = 0;
  for (const auto& [at, bytes] : backtest.stored) most = std::max(most, bytes);
  for (const Fan& fan : fans) {
    end = std::max(end, fan.back()->due);
    for (const Forecasted* one : fan) most = std::max(most, one->ours[0].high);
  }
  if (backtest.filled) most = std::max(most, static_cast<double>(backtest.filled->capacity_bytes));
  Chart chart{.id = "fan",
              .title = "Stored bytes: what came, and what was forecast",
              .caption =
                  "The line is what the policy left stored. Each fan is a forecast from what "
                  "was known where it begins: P5 to P95, and the median.",
              .svg = {},
              .marks = 0,
              .legend = {{"c0", "stored"}, {"c1", "forecast: median, P5 to P95"}},
              .table = forecast_table(backtest, "")};
  std::erase_if(chart.table.rows, [](const auto& row) {
    return row[0].value != study::name(study::Figure::kStoredBytes);
  });
  const std::vector<double> ticks = round_ticks(most, 5);
  const Frame frame;
  const Scale y{0, ticks.back(), kHeight - frame.bottom, frame.top};
  const Scale x{static_cast<double>(unix_seconds(start)), static_cast<double>(unix_seconds(end)),
                frame.left, kFullWidth - frame.right};
  const auto at = [&](Instant t) { return x(static_cast<double>(unix_seconds(t))); };
  Svg svg(kFullWidth, kHeight, chart.title, chart.caption);
  draw_y_axis(svg, frame, y, ticks, axis_bytes);
  draw_time_axis(svg, frame, x, start, end);
  for (const Fan& fan : fans) {
    const double known = backtest.stored[fan.front()->made_at].second;
    std::vector<std::pair<double, double>> edge{{at(fan.front()->made), y(known)}}, middle = edge;
    for (const Forecasted* one : fan) {
      edge.emplace_back(at(one->due), y(one->ours[0].high));
      middle.emplace_back(at(one->due), y(one->ours[0].median));
    }
    for (auto one = fan.rbegin(); one != fan.rend(); ++one) {
      edge.emplace_back(at((*one)->due), y((*one)->ours[0].low));
    }
    svg.polygon(edge, "fan");
    svg.polyline(middle, "line c1");
    for (const Forecasted* one : fan) {
      const study::Interval& ours = one->ours[0];
      svg.circle_mark(
          at(one->due), y(ours.median), 3, "c1",
          fmt::format("{}: {} ({} to {}){}", short_moment(one->due), axis_bytes(ours.median),
                      axis_bytes(ours.low), axis_bytes(ours.high),
                      one->truth ? ", came " + axis_bytes(one->truth->stored_bytes) : ""));
    }
  }
  std::vector<std::pair<double, double>> line;
  for (const auto& [when, bytes] : backtest.stored) line.emplace_back(at(when), y(bytes));
  svg.polyline(line, "line c0");
  if (backtest.filled) {
    const double limit = y(static_cast<double>(backtest.filled->capacity_bytes));
    svg.line(frame.left, limit, kFullWidth - frame.right, limit, "limit");
    chart.legend.push_back({"limit", "capacity"});
  }
  chart.marks = svg.marks();
  chart.svg = std::move(svg).finish();
  return chart;
}

}  // namespace backcast::reports
