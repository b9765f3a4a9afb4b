#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "reports/charts/time_chart.h"
#include "reports/html/html_parts.h"
#include "reports/parts/escape.h"

namespace backcast::reports {
namespace {

constexpr std::int64_t kMaxPoints = 2000;

const char* name_of(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::kSeconds:
      return "seconds";
    case TimeUnit::kBytes:
      return "bytes";
    case TimeUnit::kPercent:
      return "percent";
    case TimeUnit::kCount:
      break;
  }
  return "count";
}

}  // namespace

ZoomSeries zoom_series(const sim::RunResult& run, const Chart& chart, std::string_view id_prefix) {
  // Whole minutes, so that short runs have exact times.
  const std::int64_t span = (run.end - run.start).count(), minute = kMinute.count();
  const std::int64_t slice = std::max((span / kMaxPoints / minute + 1) * minute, minute);
  ZoomSeries zoom;
  zoom.id = fmt::format("{}{}", id_prefix, chart.id);
  zoom.unit = name_of(chart.unit);
  zoom.first_seconds = unix_seconds(run.start);
  zoom.step_seconds = slice / 1'000'000'000;
  zoom.limit = chart.limit;
  zoom.limit_name = chart.limit_name;
  for (const TimeLine& line : chart.lines) {
    zoom.names.push_back(line.name);
    zoom.values.push_back(worst_of_slices(line, chart.is_floor, run.start, Duration(slice),
                                          static_cast<std::size_t>((span + slice - 1) / slice)));
  }
  if (chart.limit) zoom.y_most = *chart.limit * 1.02;
  return zoom;
}

double ZoomSeries::highest() const {
  double most = y_most;
  for (const std::vector<double>& line : values) {
    for (const double value : line) {
      if (value > most) most = value;  // false for NaN
    }
  }
  return most;
}

std::string to_json(const std::vector<ZoomSeries>& series) {
  std::string out = "{";
  const auto join = [&](const auto& items, const auto& add) {
    out += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out += ',';
      add(items[i]);
    }
    out += ']';
  };
  for (const ZoomSeries& one : series) {
    if (out.size() > 1) out += ',';
    out +=
        fmt::format("{}:{{\"unit\":{},\"most\":{:.0f},\"first\":{},\"step\":{},", json_text(one.id),
                    json_text(one.unit), one.y_most, one.first_seconds, one.step_seconds);
    if (one.limit) {
      out +=
          fmt::format("\"limit\":{:.0f},\"limitName\":{},", *one.limit, json_text(one.limit_name));
    }
    out += "\"names\":";
    join(one.names, [&](const std::string& name) { out += json_text(name); });
    out += ",\"values\":";
    join(one.values, [&](const std::vector<double>& values) {
      join(values, [&](double v) { out += std::isnan(v) ? "null" : fmt::format("{:.0f}", v); });
    });
    out += '}';
  }
  return out + '}';
}

}  // namespace backcast::reports
