#include "reports/charts/time_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/charts/chart_parts.h"

namespace backcast::reports {
namespace {

constexpr std::size_t kColumns = 430;  // two pixels each
constexpr double kHeight = 260;
constexpr double kAboveLimit = 1.08;  // so that a limit is not the edge of the drawing

double value_at(const TimeStep& step, Instant t) {
  if (step.first == step.last) return step.first;
  const auto length = static_cast<double>((step.until - step.from).count());
  return step.first +
         (step.last - step.first) * (static_cast<double>((t - step.from).count()) / length);
}

std::vector<double> ticks_of(TimeUnit unit, double most) {
  if (unit == TimeUnit::kSeconds) return duration_ticks(most, 5);
  auto ticks = round_ticks(most, unit == TimeUnit::kCount ? 4 : 5);
  if (unit == TimeUnit::kCount) {
    std::erase_if(ticks, [](double tick) { return tick != std::floor(tick); });
  }
  return ticks;
}

class Drawing {
 public:
  Drawing(const sim::RunResult& run, const Canvas& canvas, Chart& chart)
      : run_(run), chart_(chart), width_(canvas.width), format_(format_of(chart.unit)) {
    slice_ = std::max((run.end - run.start) / static_cast<std::int64_t>(kColumns), Duration(1));
    for (const TimeLine& line : chart.lines) {
      columns_.push_back(worst_of_slices(line, chart.is_floor, run.start, slice_, kColumns));
      for (const double value : columns_.back()) {
        if (value > chart.y_most) chart.y_most = value;  // false for NaN
      }
    }
    if (chart.limit) chart.y_most = std::max(chart.y_most, *chart.limit * kAboveLimit);
    const double most = std::max(chart.y_most, canvas.y_at_least);
    const bool is_percent = chart.unit == TimeUnit::kPercent;
    ticks_ = ticks_of(chart.unit, is_percent && most <= 100 * kAboveLimit ? 100 : most);
    y_ = {0, std::max(most, ticks_.back()), kHeight - frame_.bottom, frame_.top};
    x_ = {static_cast<double>(unix_seconds(run.start)), static_cast<double>(unix_seconds(run.end)),
          frame_.left, width_ - frame_.right};
  }

  void draw() {
    Svg svg(width_, kHeight, chart_.title, chart_.caption);
    draw_y_axis(svg, frame_, y_, ticks_, format_);
    draw_time_axis(svg, frame_, x_, run_.start, run_.end);
    if (chart_.limit) {
      const double y = y_(*chart_.limit);
      svg.line(frame_.left, y, width_ - frame_.right, y, "limit");
      svg.text(width_ - frame_.right, y - 5, chart_.limit_name, "end", "label limit-label");
      chart_.legend.push_back({"limit", chart_.limit_name});
    }
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      draw_line(svg, chart_.lines[i].name, palette_class(i), columns_[i]);
      chart_.legend.push_back({palette_class(i), chart_.lines[i].name});
    }
    chart_.marks = svg.marks();
    chart_.svg = std::move(svg).finish();
  }

 private:
  // A step per column, and a mark at the worst one, which is what the reader looks for.
  void draw_line(Svg& svg, const std::string& name, const std::string& css_class,
                 const std::vector<double>& values) {
    const double step = (x_.high - x_.low) / kColumns;
    std::vector<std::pair<double, double>> points;
    std::size_t worst = kColumns;
    for (std::size_t i = 0; i < kColumns; ++i) {
      if (std::isnan(values[i])) {
        svg.polyline(points, "line " + css_class);
        points.clear();
        continue;
      }
      const bool is_worse = worst == kColumns || (chart_.is_floor ? values[i] < values[worst]
                                                                  : values[i] > values[worst]);
      if (is_worse) worst = i;
      points.emplace_back(x_.low + step * static_cast<double>(i), y_(values[i]));
      points.emplace_back(x_.low + step * static_cast<double>(i + 1), y_(values[i]));
    }
    svg.polyline(points, "line " + css_class);
    if (worst == kColumns) return;
    const Instant at = run_.start + (run_.end - run_.start) / static_cast<std::int64_t>(kColumns) *
                                        static_cast<std::int64_t>(worst);
    svg.circle_mark(x_.low + step * (static_cast<double>(worst) + 0.5), y_(values[worst]), 4,
                    css_class,
                    fmt::format("{}: at {} {}, about {}", name, chart_.is_floor ? "least" : "most",
                                format_(values[worst]), short_moment(at)));
  }

  const sim::RunResult& run_;
  Chart& chart_;
  double width_;
  Format format_;
  Duration slice_{0};
  std::vector<std::vector<double>> columns_;  // by line
  std::vector<double> ticks_;
  Frame frame_;
  Scale x_, y_;
};

}  // namespace

std::vector<double> worst_of_slices(const TimeLine& line, bool is_floor, Instant start,
                                    Duration slice, std::size_t columns) {
  std::vector<double> worst(columns, std::nan(""));
  const auto column_of = [&](Instant t) {
    return static_cast<std::size_t>(
        std::clamp<std::int64_t>((t - start) / slice, 0, static_cast<std::int64_t>(columns) - 1));
  };
  for (const TimeStep& step : line.steps) {
    if (step.until <= step.from) continue;
    const std::size_t last = column_of(step.until - Duration(1));
    for (std::size_t c = column_of(step.from); c <= last; ++c) {
      const Instant begin = start + slice * static_cast<std::int64_t>(c);
      const double from = value_at(step, std::max(step.from, begin));
      const double until = value_at(step, c < last ? begin + slice : step.until);
      const double now = is_floor ? std::min(from, until) : std::max(from, until);
      const bool is_worse = std::isnan(worst[c]) || (is_floor ? now < worst[c] : now > worst[c]);
      if (is_worse) worst[c] = now;
    }
  }
  return worst;
}

void draw_lines(const sim::RunResult& run, const Canvas& canvas, Chart& chart) {
  Drawing(run, canvas, chart).draw();
}

std::vector<TimeLine> listed(std::vector<TimeLine> lines) {
  std::stable_sort(lines.begin(), lines.end(),
                   [](const TimeLine& a, const TimeLine& b) { return a.name < b.name; });
  if (lines.size() > kPaletteSize) lines.resize(kPaletteSize);  // the table has the rest
  return lines;
}

Format format_of(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSeconds:
      return axis_duration;
    case TimeUnit::kBytes:
      return axis_bytes;
    case TimeUnit::kPercent:
      return [](double v) { return axis_number(std::round(v * 10) / 10) + " %"; };
    case TimeUnit::kCount:
      break;
  }
  return axis_number;
}

}  // namespace backcast::reports
