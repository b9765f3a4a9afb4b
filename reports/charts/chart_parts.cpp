#include "reports/charts/chart_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace backcast::reports {
namespace {

constexpr double kDaySeconds = 86400;

struct Extent {
  double low = 0, high = 0;
};

Extent extent_of(const StackedBars& bars) {
  Extent extent;
  for (std::size_t i = 0; i < bars.column_ticks.size(); ++i) {
    double above = 0, below = 0;
    for (const auto& part : bars.parts) (part.values[i] < 0 ? below : above) += part.values[i];
    extent.high = std::max(extent.high, above);
    extent.low = std::min(extent.low, below);
  }
  for (const auto& [low, high] : bars.whiskers) {
    extent.high = std::max(extent.high, high);
    extent.low = std::min(extent.low, low);
  }
  if (bars.limit) extent.high = std::max(extent.high, *bars.limit * 1.08);
  return extent;
}

}  // namespace

std::string palette_class(std::size_t index) {
  return fmt::format("c{}", std::min<std::size_t>(index, kPaletteSize - 1));
}

std::string axis_bytes(double size_bytes) {
  constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  std::size_t unit = 0;
  while (std::abs(size_bytes) >= 1000 && unit + 1 < kUnits.size()) {
    size_bytes /= 1000;
    ++unit;
  }
  return fmt::format("{:g} {}", size_bytes, kUnits[unit]);
}

std::string axis_number(double value) {
  std::string text = fmt::format("{:.4f}", value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  const std::size_t first_digit = text.starts_with('-') ? 1 : 0;
  for (auto at = static_cast<std::ptrdiff_t>(std::min(text.find('.'), text.size())) - 3;
       at > static_cast<std::ptrdiff_t>(first_digit); at -= 3) {
    text.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return text == "-0" ? "0" : text;
}

std::string axis_duration(double seconds) {
  const auto whole = static_cast<std::int64_t>(std::llround(seconds));
  if (whole == 0) return "0";
  if (seconds >= 365 * kDaySeconds && whole % (365 * 86400) == 0) {
    return fmt::format("{}y", whole / (365 * 86400));
  }
  return format_duration(std::chrono::seconds(whole));
}

std::string short_moment(Instant t) {
  if (t == sim::kNever) return "never";
  std::string text = format_instant(t);
  text[10] = ' ';
  return text.substr(0, 16);
}

void draw_stacked_bars(const StackedBars& bars, Chart& chart) {
  const Frame frame;
  Svg svg(bars.canvas.width, bars.height, bars.title, bars.description);
  Extent extent = extent_of(bars);
  chart.y_most = extent.high;
  extent.high = std::max(extent.high, bars.canvas.y_at_least);
  auto ticks = round_ticks(std::max(extent.high, -extent.low), 5);
  const double top_value = extent.high > 0 ? ticks.back() : 0;
  // A rounding of fractions of a cent needs room below the axis, but no tick of its own.
  if (-extent.low > 0.04 * extent.high) {
    const auto below = round_ticks(-extent.low, 3);
    if (extent.high <= 0) ticks.assign(1, 0);
    for (std::size_t i = 1; i < below.size(); ++i) ticks.push_back(-below[i]);
  }
  const double bottom_value =
      std::min({0.0, extent.low, *std::min_element(ticks.begin(), ticks.end())});
  const Scale y{bottom_value, top_value, bars.height - frame.bottom, frame.top};
  draw_y_axis(svg, frame, y, ticks, bars.format);
  const std::size_t count = bars.column_ticks.size();
  const double step = (bars.canvas.width - frame.left - frame.right) /
                      static_cast<double>(std::max<std::size_t>(count, 1));
  const double bar_width = std::min(step * (count > 60 ? 0.94 : 0.76), 72.0);
  for (std::size_t i = 0; i < count; ++i) {
    const double center = frame.left + (static_cast<double>(i) + 0.5) * step;
    double above = 0, below = 0;
    for (std::size_t p = 0; p < bars.parts.size(); ++p) {
      const double value = bars.parts[p].values[i];
      if (value == 0) continue;
      double& base = value < 0 ? below : above;
      const double from = y(base), to = y(base + value);
      svg.rect_mark(center - bar_width / 2, std::min(from, to), bar_width, std::abs(to - from),
                    palette_class(p), bars.hints[p][i]);
      base += value;
    }
    if (i < bars.whiskers.size()) {
      const auto [low, high] = bars.whiskers[i];
      svg.line(center, y(low), center, y(high), "band");
      svg.line(center - 4, y(low), center + 4, y(low), "band");
      svg.line(center - 4, y(high), center + 4, y(high), "band");
    }
    svg.text(center, bars.height - frame.bottom + 18, bars.column_ticks[i], "middle");
  }
  const double right = bars.canvas.width - frame.right;
  svg.line(frame.left, y(0), right, y(0), "axis");
  if (bars.limit) {
    svg.line(frame.left, y(*bars.limit), right, y(*bars.limit), "limit");
    svg.text(right, y(*bars.limit) - 5, bars.limit_name, "end", "label limit-label");
  }
  chart.marks = svg.marks();
  chart.svg = std::move(svg).finish();
}

std::vector<std::string> month_ticks(const std::vector<std::chrono::year_month>& months,
                                     double width) {
  constexpr std::array kNames = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto room = static_cast<std::size_t>(width / 50);
  const std::size_t every = months.size() <= room       ? 1
                            : months.size() <= 3 * room ? 3
                            : months.size() <= 6 * room ? 6
                                                        : 12;
  std::vector<std::string> ticks;
  for (const auto month : months) {
    const auto index = static_cast<unsigned>(month.month()) - 1;
    const bool is_first = ticks.empty();
    if (index % every != 0) {
      ticks.emplace_back();
    } else if (index == 0 || (is_first && every == 1)) {
      ticks.push_back(index == 0 && months.size() > room / 2
                          ? fmt::format("{}", static_cast<int>(month.year()))
                          : fmt::format("{} {}", kNames[index], static_cast<int>(month.year())));
    } else {
      ticks.emplace_back(kNames[index]);
    }
  }
  return ticks;
}

}  // namespace backcast::reports
