#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "costmodel/bill/showback.h"
#include "engine/base/bytes.h"
#include "reports/charts/chart_parts.h"
#include "reports/charts/time_chart.h"

namespace backcast::reports {
namespace {

// One row per month, one column per part, and the sum.
template <typename T, typename ToCell>
Table month_table(std::string name, const ByMonth<T>& data, const std::string& unit,
                  const ToCell& to_cell) {
  Table table{std::move(name), {{"month", "Month"}}, {}};
  for (std::size_t p = 0; p < data.parts.size(); ++p) {
    table.columns.push_back({fmt::format("part_{}_{}", p, unit), data.parts[p].name, true});
  }
  table.columns.push_back({"total_" + unit, "Total", true});
  for (std::size_t i = 0; i < data.months.size(); ++i) {
    auto& row = table.rows.emplace_back();
    row.push_back({to_string(data.months[i]), {}});
    T sum{};
    for (const auto& part : data.parts) {
      row.push_back(to_cell(part.values[i]));
      sum += part.values[i];
    }
    row.push_back(to_cell(sum));
  }
  return table;
}

template <typename T, typename ToDouble, typename ToText>
void add_parts(StackedBars& bars, Chart& chart, const ByMonth<T>& data, const ToDouble& to_double,
               const ToText& to_text) {
  for (std::size_t p = 0; p < data.parts.size(); ++p) {
    Part<double> part{data.parts[p].name, {}};
    std::vector<std::string> hints;
    for (std::size_t i = 0; i < data.months.size(); ++i) {
      part.values.push_back(to_double(data.parts[p].values[i]));
      hints.push_back(fmt::format("{}, {}: {}", to_string(data.months[i]), data.parts[p].name,
                                  to_text(data.parts[p].values[i])));
    }
    bars.parts.push_back(std::move(part));
    bars.hints.push_back(std::move(hints));
    chart.legend.push_back({palette_class(p), data.parts[p].name});
  }
}

// Bytes held at each moment, by region.
std::vector<TimeLine> stored_lines(const sim::RunResult& run) {
  std::map<std::string, std::map<Instant, std::int64_t>> changes;
  for (const auto& series : run.series) {
    if (series.kind != sim::SeriesKind::kStoredBytes) continue;
    std::int64_t before = 0;
    for (const auto& point : series.points) {
      const auto value = static_cast<std::int64_t>(point.value);
      changes[series.region][point.at] += value - before;
      before = value;
    }
  }
  std::vector<TimeLine> lines;
  for (const auto& [region, steps] : changes) {
    TimeLine line{region.empty() ? "all" : region, {}};
    std::int64_t now = 0;
    for (auto step = steps.begin(); step != steps.end(); ++step) {
      now += step->second;
      const Instant until = std::next(step) == steps.end() ? run.end : std::next(step)->first;
      const auto value = static_cast<double>(now);
      line.steps.push_back({step->first, std::min(until, run.end), value, value});
    }
    const bool is_idle = std::all_of(line.steps.begin(), line.steps.end(),
                                     [](const TimeStep& step) { return step.first == 0; });
    if (!is_idle) lines.push_back(std::move(line));
  }
  return listed(std::move(lines));
}

// As much of a name as stands below a column.
std::string shortened(const std::string& name, std::size_t most) {
  if (name.size() <= most || most < 2) return name;
  std::size_t end = most - 1;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
  return name.substr(0, end) + "…";
}

struct CostColumns {
  std::string id, title, caption;
  std::string key, heading;  // of the first column of its table
};

// A bill in columns that are no months; `parts` have a value per column.
Chart cost_columns_chart(const RunReport& report, const CostColumns& about,
                         const std::vector<std::string>& columns,
                         const std::vector<Part<cost::Decimal>>& parts, const Canvas& canvas) {
  const std::string currency(report.invoice->total().currency.code());
  Chart chart;
  chart.id = about.id;
  chart.title = about.title;
  chart.caption = about.caption;
  StackedBars bars;
  bars.canvas = canvas;
  bars.title = chart.title;
  bars.description = fmt::format("{} columns, {} parts", columns.size(), parts.size());
  const auto room =
      static_cast<std::size_t>(canvas.width / static_cast<double>(columns.size()) / 8);
  for (const std::string& name : columns) bars.column_ticks.push_back(shortened(name, room));
  bars.format = [&](double v) { return axis_number(v) + ' ' + currency; };
  chart.table = {about.id, {{about.key, about.heading}}, {}};
  std::vector<cost::Decimal> totals(columns.size());
  for (const std::string& name : columns) chart.table.rows.push_back({{name, {}}});
  const auto money = [](const cost::Decimal& v) {
    return Cell{cost::to_string(v.trimmed()), cost::to_string(v, 2)};
  };
  for (std::size_t p = 0; p < parts.size(); ++p) {
    Part<double> part{parts[p].name, {}};
    std::vector<std::string> hints;
    chart.table.columns.push_back({fmt::format("part_{}_amount", p), parts[p].name, true});
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const cost::Decimal& value = parts[p].values[i];
      part.values.push_back(cost::to_double(value));
      hints.push_back(fmt::format("{}, {}: {} {}", columns[i], parts[p].name,
                                  cost::to_string(value, 2), currency));
      chart.table.rows[i].push_back(money(value));
      totals[i] += value;
    }
    bars.parts.push_back(std::move(part));
    bars.hints.push_back(std::move(hints));
    chart.legend.push_back({palette_class(p), parts[p].name});
  }
  chart.table.columns.push_back({"total_amount", "Total", true});
  for (std::size_t i = 0; i < columns.size(); ++i) {
    chart.table.rows[i].push_back(money(totals[i]));
  }
  draw_stacked_bars(bars, chart);
  return chart;
}

}  // namespace

std::optional<Chart> stored_chart(const sim::RunResult& run, const Canvas& canvas) {
  const auto data = stored_bytes_by_month(run);
  if (data.parts.empty()) return std::nullopt;
  Chart chart;
  chart.id = "stored";
  chart.title = "Stored bytes by month";
  chart.caption = "Average over each month, by storage class and region.";
  StackedBars bars;
  bars.canvas = canvas;
  bars.title = chart.title;
  bars.description = fmt::format("{} months, {} parts", data.months.size(), data.parts.size());
  bars.column_ticks = month_ticks(data.months, canvas.width);
  bars.format = axis_bytes;
  add_parts(
      bars, chart, data, [](std::uint64_t v) { return static_cast<double>(v); },
      [](std::uint64_t v) { return format_bytes(v); });
  draw_stacked_bars(bars, chart);
  chart.lines = stored_lines(run);
  chart.unit = TimeUnit::kBytes;
  chart.table = month_table("stored_by_month", data, "bytes", [](std::uint64_t v) {
    return Cell{std::to_string(v), format_bytes(v)};
  });
  return chart;
}

std::optional<Chart> cost_chart(const RunReport& report, const Canvas& canvas) {
  if (report.invoice == nullptr) return std::nullopt;
  const auto data = cost_by_month(*report.invoice);
  if (data.parts.empty()) return std::nullopt;
  const std::string currency(report.invoice->total().currency.code());
  Chart chart;
  chart.id = "cost";
  chart.title = "Cost by month";
  chart.caption = report.spread ? "By meter; whiskers span the 5th to the 95th percentile over the "
                                  "replications, bars are the first of them."
                                : "By meter.";
  StackedBars bars;
  bars.canvas = canvas;
  bars.title = chart.title;
  bars.description = fmt::format("{} months, {} meters", data.months.size(), data.parts.size());
  bars.column_ticks = month_ticks(data.months, canvas.width);
  bars.format = [&](double v) { return axis_number(v) + ' ' + currency; };
  add_parts(
      bars, chart, data, [](const cost::Decimal& v) { return cost::to_double(v); },
      [&](const cost::Decimal& v) { return cost::to_string(v, 2) + ' ' + currency; });
  if (report.spread) {
    bars.whiskers.resize(data.months.size(), {0, 0});
    for (const cost::MonthSpend& spend : report.spread->months) {
      const auto index = (spend.month - data.months.front()).count();
      if (index < 0 || index >= static_cast<std::ptrdiff_t>(data.months.size())) continue;
      bars.whiskers[static_cast<std::size_t>(index)] = {cost::to_double(spend.p05),
                                                        cost::to_double(spend.p95)};
    }
    chart.legend.push_back({"band", "P5 to P95"});
  }
  draw_stacked_bars(bars, chart);
  chart.table = month_table("cost_by_month", data, "amount", [](const cost::Decimal& v) {
    return Cell{cost::to_string(v.trimmed()), cost::to_string(v, 2)};
  });
  return chart;
}

std::optional<Chart> cost_by_year_chart(const RunReport& report, const Canvas& canvas) {
  if (report.invoice == nullptr) return std::nullopt;
  const auto months = cost_by_month(*report.invoice);
  std::vector<std::string> years;
  std::vector<std::size_t> year_of_month;
  for (const auto month : months.months) {
    const std::string year = std::to_string(static_cast<int>(month.year()));
    if (years.empty() || years.back() != year) years.push_back(year);
    year_of_month.push_back(years.size() - 1);
  }
  if (years.size() < 2) return std::nullopt;
  std::vector<Part<cost::Decimal>> parts;
  for (const auto& part : months.parts) {
    Part<cost::Decimal> sums{part.name, std::vector<cost::Decimal>(years.size())};
    for (std::size_t i = 0; i < year_of_month.size(); ++i) {
      sums.values[year_of_month[i]] += part.values[i];
    }
    parts.push_back(std::move(sums));
  }
  return cost_columns_chart(report, {"cost-by-year", "Cost by year", "By meter.", "year", "Year"},
                            years, parts, canvas);
}

std::optional<Chart> cost_by_service_chart(const RunReport& report, const Canvas& canvas) {
  constexpr std::size_t kMostServices = 12;
  if (report.invoice == nullptr) return std::nullopt;
  const cost::Dimension by_service{cost::Dimension::Kind::kService, {}};
  const cost::Dimension by_year{cost::Dimension::Kind::kYear, {}};
  const auto ranked =
      cost::dearest(cost::showback(*report.invoice, std::array{by_service}), kMostServices);
  if (ranked.size() < 2) return std::nullopt;
  std::vector<std::string> services;
  std::map<std::string, std::size_t> column;
  for (const cost::ShowbackRow& row : ranked) {
    column.emplace(row.values[0], services.size());
    services.push_back(row.values[0].empty() ? "no service" : row.values[0]);
  }
  std::map<std::string, Part<cost::Decimal>> by_part;
  for (const auto& row : cost::showback(*report.invoice, std::array{by_service, by_year})) {
    Part<cost::Decimal>& part = by_part[row.values[1]];
    part.name = row.values[1];
    part.values.resize(services.size());
    const auto found = column.find(row.values[0]);
    part.values[found == column.end() ? services.size() - 1 : found->second] += row.total();
  }
  std::vector<Part<cost::Decimal>> parts;
  for (auto& [year, part] : by_part) parts.push_back(std::move(part));
  return cost_columns_chart(
      report,
      {"cost-by-service", "Cost by service",
       "The dearest first, by year; what all share is split among them.", "service", "Service"},
      services, parts, canvas);
}

}  // namespace backcast::reports
