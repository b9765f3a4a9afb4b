#include <fmt/format.h>

#include "engine/base/bytes.h"
#include "reports/charts/chart_parts.h"

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

}  // namespace

std::optional<Chart> stored_chart(const sim::RunResult& run, const Canvas& canvas) {
  const auto data = stored_bytes_by_month(run);
  if (data.parts.empty()) return std::nullopt;
  Chart chart{.id = "stored",
              .title = "Stored bytes by month",
              .caption = "Average over each month, by storage class and region.",
              .svg = {},
              .marks = 0,
              .legend = {},
              .table = {}};
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
  Chart chart{.id = "cost",
              .title = "Cost by month",
              .caption = report.spread
                             ? "By meter; whiskers span the 5th to the 95th percentile over the "
                               "replications, bars are the first of them."
                             : "By meter.",
              .svg = {},
              .marks = 0,
              .legend = {},
              .table = {}};
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

}  // namespace backcast::reports
