#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "reports/charts/chart_parts.h"

namespace backcast::reports {
namespace {

constexpr int kShades = 9;  // h0 … h8, light to dark

int shade(double value, double low, double high) {
  if (high <= low) return 0;
  return std::clamp(static_cast<int>((value - low) / (high - low) * kShades), 0, kShades - 1);
}

}  // namespace

Chart heat_map_chart(const HeatMap& map, std::string id) {
  Chart chart{.id = std::move(id),
              .title = map.title,
              .caption = fmt::format("{} for every combination; darker is more.", map.value_name),
              .svg = {},
              .marks = 0,
              .legend = {},
              .table = {"heat_map", {{"row", map.y_name + " ↓ " + map.x_name + " →"}}, {}}};
  const Frame frame{.left = 150, .right = 12, .top = 26, .bottom = 46};
  const std::size_t columns = map.x_labels.size(), rows = map.y_labels.size();
  const double cell_width = (kFullWidth - frame.left - frame.right) /
                            static_cast<double>(std::max<std::size_t>(columns, 1));
  const double cell_height = rows <= 12 ? 34 : 22;
  Svg svg(kFullWidth, frame.top + frame.bottom + cell_height * static_cast<double>(rows), map.title,
          chart.caption);
  double low = INFINITY, high = -INFINITY;
  for (const double value : map.values) {
    if (std::isnan(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  for (std::size_t c = 0; c < columns; ++c) {
    chart.table.columns.push_back({fmt::format("column_{}", c), map.x_labels[c], true});
    svg.text(frame.left + cell_width * (static_cast<double>(c) + 0.5),
             svg.height() - frame.bottom + 18, map.x_labels[c], "middle");
  }
  svg.text(frame.left, svg.height() - 8, map.x_name);
  svg.text(8, 16, map.y_name);
  for (std::size_t r = 0; r < rows; ++r) {
    const double top = frame.top + cell_height * static_cast<double>(r);
    svg.text(frame.left - 8, top + cell_height / 2 + 4, map.y_labels[r], "end");
    auto& row = chart.table.rows.emplace_back();
    row.push_back({map.y_labels[r], {}});
    for (std::size_t c = 0; c < columns; ++c) {
      const double value = map.values[r * columns + c];
      const double left = frame.left + cell_width * static_cast<double>(c);
      const bool is_known = !std::isnan(value);
      const std::string shown = is_known ? map.format(value) : "none";
      const int level = is_known ? shade(value, low, high) : 0;
      svg.rect_mark(left + 1, top + 1, cell_width - 2, cell_height - 2,
                    is_known ? fmt::format("h{}", level) : "missing",
                    fmt::format("{} {}, {} {}: {}", map.y_name, map.y_labels[r], map.x_name,
                                map.x_labels[c], shown));
      if (cell_width >= 44) {
        svg.text(left + cell_width / 2, top + cell_height / 2 + 4, shown, "middle",
                 level >= 5 ? "label on-dark" : "label on-light");
      }
      row.push_back({is_known ? fmt::format("{}", value) : "", shown});
    }
  }
  chart.marks = svg.marks();
  chart.svg = std::move(svg).finish();
  return chart;
}

Chart effect_chart(const Effect& effect, const std::string& measure, const Format& format,
                   std::string id) {
  Chart chart{.id = std::move(id),
              .title = fmt::format("{} by {}", measure, effect.name),
              .caption = "The mean over every other setting that was varied.",
              .svg = {},
              .marks = 0,
              .legend = {},
              .table = {"effect", {{"value", effect.name}, {"mean", measure, true}}, {}}};
  StackedBars bars;
  bars.title = chart.title;
  bars.description = chart.caption;
  bars.height = 220;
  bars.format = format;
  bars.parts.push_back({measure, effect.means});
  auto& hints = bars.hints.emplace_back();
  for (std::size_t i = 0; i < effect.values.size(); ++i) {
    const std::string shown = format(effect.means[i]);
    bars.column_ticks.push_back(effect.values[i]);
    hints.push_back(fmt::format("{} {}: {}", effect.name, effect.values[i], shown));
    chart.table.rows.push_back(
        {{effect.values[i], {}}, {fmt::format("{}", effect.means[i]), shown}});
  }
  draw_stacked_bars(bars, chart);
  return chart;
}

Chart pareto_chart(const std::vector<Candidate>& candidates, const std::string& x_name,
                   const std::string& y_name, const Format& x_format, const Format& y_format,
                   std::string id) {
  Chart chart{
      .id = std::move(id),
      .title = fmt::format("{} against {}", y_name, x_name),
      .caption =
          "Lower and further left is better; no other beats a marked one in all that counts.",
      .svg = {},
      .marks = 0,
      .legend = {{"c0", "on the front"}, {"faint", "beaten by another"}},
      .table = {"candidates",
                {{"name", "Candidate"},
                 {"x", x_name, true},
                 {"y", y_name, true},
                 {"on_front", "On the front"}},
                {}}};
  const Frame frame{.left = 84, .right = 24, .top = 14, .bottom = 46};
  constexpr double kHeight = 340;
  Svg svg(kFullWidth, kHeight, chart.title, chart.caption);
  double x_most = 0, y_most = 0;
  for (const auto& candidate : candidates) {
    x_most = std::max(x_most, candidate.x);
    y_most = std::max(y_most, candidate.y);
  }
  const auto x_ticks = round_ticks(x_most, 8), y_ticks = round_ticks(y_most, 5);
  const Scale x{0, x_ticks.back(), frame.left, kFullWidth - frame.right};
  const Scale y{0, y_ticks.back(), kHeight - frame.bottom, frame.top};
  draw_y_axis(svg, frame, y, y_ticks, y_format);
  svg.line(frame.left, y(0), kFullWidth - frame.right, y(0), "axis");
  for (const double tick : x_ticks) {
    svg.text(x(tick), y(0) + 18, x_format(tick), tick == x_ticks.back() ? "end" : "middle");
  }
  svg.text(kFullWidth - frame.right, kHeight - 8, x_name + " →", "end");
  std::vector<std::pair<double, double>> front;
  for (const auto& candidate : candidates) {
    if (candidate.is_on_front) front.emplace_back(candidate.x, candidate.y);
  }
  std::sort(front.begin(), front.end());
  // Some are there for what this chart does not show: the line goes through the others.
  double least = std::numeric_limits<double>::infinity();
  std::erase_if(front, [&](const auto& point) {
    const bool is_beaten = point.second >= least;
    least = std::min(least, point.second);
    return is_beaten;
  });
  for (auto& [px, py] : front) {
    px = x(px);
    py = y(py);
  }
  svg.polyline(front, "line c0");
  for (const auto& candidate : candidates) {
    svg.circle_mark(
        x(candidate.x), y(candidate.y), candidate.is_on_front ? 6 : 4,
        candidate.is_on_front ? "c0" : "faint",
        fmt::format("{}: {}, {}", candidate.name, x_format(candidate.x), y_format(candidate.y)));
    chart.table.rows.push_back({{candidate.name, {}},
                                {fmt::format("{}", candidate.x), x_format(candidate.x)},
                                {fmt::format("{}", candidate.y), y_format(candidate.y)},
                                {candidate.is_on_front ? "yes" : "no", {}}});
  }
  chart.marks = svg.marks();
  chart.svg = std::move(svg).finish();
  return chart;
}

}  // namespace backcast::reports
