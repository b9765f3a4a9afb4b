#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "reports/html/html_parts.h"
#include "reports/parts/escape.h"

namespace backcast::reports {
namespace {

constexpr std::int64_t kMaxPoints = 2000;
constexpr std::size_t kMaxNames = 8;

// Even slices of the run: the most of each is what people look for.
struct Slices {
  Instant start;
  std::int64_t width;  // nanoseconds
  std::size_t count;

  explicit Slices(const sim::RunResult& run) : start(run.start) {
    const std::int64_t span = (run.end - run.start).count();
    const std::int64_t minute = kMinute.count();
    // Whole minutes, so that short runs have exact times.
    width = std::max((span / kMaxPoints / minute + 1) * minute, minute);
    count = static_cast<std::size_t>((span + width - 1) / width);
  }
  std::size_t of(Instant t) const {
    const auto index = std::max<std::int64_t>((t - start).count() / width, 0);
    return std::min(static_cast<std::size_t>(index), count - 1);
  }
};

using ByRegion = std::map<std::string, std::vector<double>>;

// Sum of step functions, by region, at the end of each slice.
void add_stored(ByRegion& values, const Slices& slices, const sim::Series& series) {
  auto& sums = values[series.region];
  sums.resize(slices.count, 0);
  double before = 0;
  for (const auto& point : series.points) {
    const auto value = static_cast<double>(point.value);
    sums[slices.of(point.at)] += value - before;  // changes, added up later
    before = value;
  }
}

void raise_ages(ByRegion& values, const Slices& slices, const sim::AgeLine& line) {
  auto& most = values[line.region];
  most.resize(slices.count, std::nan(""));
  for (const sim::AgeStep& step : line.steps) {
    for (std::size_t s = slices.of(step.from); s <= slices.of(step.until - Duration(1)); ++s) {
      const Instant slice_end =
          slices.start + Duration(slices.width * static_cast<std::int64_t>(s + 1));
      const auto age = static_cast<double>(unix_seconds(std::min(step.until, slice_end)) -
                                           unix_seconds(step.born));
      if (std::isnan(most[s]) || age > most[s]) most[s] = age;
    }
  }
}

ZoomSeries finish(std::string id, std::string unit, const Slices& slices, ByRegion&& by_region) {
  ZoomSeries result{std::move(id), std::move(unit), {}, {}, {}};
  for (std::size_t i = 0; i < slices.count; ++i) {
    result.at.push_back(
        unix_seconds(slices.start + Duration(slices.width * static_cast<std::int64_t>(i))));
  }
  for (auto& [region, values] : by_region) {
    if (result.names.size() == kMaxNames) break;
    const bool is_idle = std::all_of(values.begin(), values.end(), [](double v) { return v == 0; });
    if (is_idle) continue;
    result.names.push_back(region.empty() ? "all" : region);
    result.values.push_back(std::move(values));
  }
  return result;
}

}  // namespace

std::vector<ZoomSeries> zoom_series(const sim::RunResult& run, const Headline& figures,
                                    std::string_view id_prefix) {
  if (run.end <= run.start) return {};
  const Slices slices(run);
  ByRegion stored, ages;
  for (const auto& series : run.series) {
    if (series.kind == sim::SeriesKind::kStoredBytes) add_stored(stored, slices, series);
  }
  for (const sim::AgeLine& line : figures.ages) raise_ages(ages, slices, line);
  for (auto& [region, values] : stored) {
    for (std::size_t i = 1; i < values.size(); ++i) values[i] += values[i - 1];
  }
  std::vector<ZoomSeries> result;
  if (!stored.empty()) {
    result.push_back(
        finish(fmt::format("{}stored", id_prefix), "bytes", slices, std::move(stored)));
  }
  if (!ages.empty()) {
    result.push_back(finish(fmt::format("{}age", id_prefix), "seconds", slices, std::move(ages)));
  }
  return result;
}

double ZoomSeries::highest() const {
  double most = 0;
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
    out += fmt::format("{}:{{\"unit\":{},\"most\":{:.0f},\"names\":", json_text(one.id),
                       json_text(one.unit), one.y_most);
    join(one.names, [&](const std::string& name) { out += json_text(name); });
    out += ",\"at\":";
    join(one.at, [&](std::int64_t at) { out += std::to_string(at); });
    out += ",\"values\":";
    join(one.values, [&](const std::vector<double>& values) {
      join(values, [&](double v) { out += std::isnan(v) ? "null" : fmt::format("{:.0f}", v); });
    });
    out += '}';
  }
  return out + '}';
}

}  // namespace backcast::reports
