// A chart for each requirement: what it looks at, and its limit.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "costmodel/bill/invoice.h"
#include "engine/base/bytes.h"
#include "reports/charts/chart_parts.h"
#include "reports/charts/time_chart.h"
#include "sim/requirements/requirements.h"

namespace backcast::reports {
namespace {

using Unit = sim::Watched::Unit;

TimeUnit unit_of(Unit unit) {
  if (unit == Unit::kNanoseconds) return TimeUnit::kSeconds;
  return unit == Unit::kBytes ? TimeUnit::kBytes : TimeUnit::kCount;
}

double in_unit(Unit unit, std::int64_t value) {
  return static_cast<double>(value) / (unit == Unit::kNanoseconds ? 1e9 : 1);
}

std::string words_of(Unit unit, std::int64_t value) {
  if (unit == Unit::kNanoseconds) return format_duration(Duration(value));
  if (unit == Unit::kBytes) return format_bytes(static_cast<std::uint64_t>(value));
  return grouped(static_cast<std::uint64_t>(value));
}

// Letters, digits and hyphens of a name, for the id of an element.
std::string id_of(const std::string& name) {
  std::string id = "require-";
  for (const char c : name) {
    const bool is_plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    id += is_plain ? c : '-';
  }
  return id;
}

std::string place_of(const sim::RunResult& run, const sim::WatchedLine& line) {
  if (line.service >= run.services.size()) return "";
  const std::string& service = run.services[line.service].name;
  const std::string region = line.region == "any" ? "anywhere" : line.region;
  return region.empty() ? service : service + ", " + region;
}

// A line for each that is watched; where they are many, the worst of each region.
std::vector<TimeLine> lines_of(const sim::RunResult& run, const sim::Watched& seen) {
  const bool is_many = seen.lines.size() > kPaletteSize;
  std::set<std::string> regions;
  for (const sim::WatchedLine& line : seen.lines) regions.insert(line.region);
  std::map<std::string, TimeLine> by_name;
  for (const sim::WatchedLine& line : seen.lines) {
    std::string name = line.region.empty() ? "all" : line.region;
    if (line.service >= run.services.size()) {
      name = "all";
    } else if (!is_many) {
      name = regions.size() > 1 ? place_of(run, line) : run.services[line.service].name;
    }
    TimeLine& drawn = by_name[name];
    drawn.name = name;
    for (const sim::WatchedStep& step : line.steps) {
      drawn.steps.push_back(
          {step.from, step.until, in_unit(seen.unit, step.first), in_unit(seen.unit, step.last)});
    }
  }
  std::vector<TimeLine> lines;
  for (auto& [name, line] : by_name) lines.push_back(std::move(line));
  return listed(std::move(lines));
}

// The worst of each line, the worst of all first.
Table worst_table(const sim::RunResult& run, const sim::Watched& seen) {
  constexpr std::size_t kMostRows = 50;
  struct Worst {
    const sim::WatchedLine* line;
    std::int64_t value;
    Instant at;
  };
  std::vector<Worst> found;
  for (const sim::WatchedLine& line : seen.lines) {
    Worst worst{&line, line.steps.front().first, line.steps.front().from};
    for (const sim::WatchedStep& step : line.steps) {
      for (const auto& [value, at] : {std::pair{step.first, step.from}, {step.last, step.until}}) {
        if (seen.at_least ? value < worst.value : value > worst.value) worst = {&line, value, at};
      }
    }
    found.push_back(worst);
  }
  std::stable_sort(found.begin(), found.end(), [&](const Worst& a, const Worst& b) {
    return seen.at_least ? a.value < b.value : a.value > b.value;
  });
  const std::string unit = seen.unit == Unit::kNanoseconds ? "seconds"
                           : seen.unit == Unit::kBytes     ? "bytes"
                                                           : "count";
  Table table{"worst", {{"whose", "Whose"}, {"worst_" + unit, "Worst", true}, {"at", "At"}}, {}};
  for (std::size_t i = 0; i < std::min(found.size(), kMostRows); ++i) {
    const auto& [line, value, at] = found[i];
    const std::int64_t exact = seen.unit == Unit::kNanoseconds ? value / 1'000'000'000 : value;
    table.rows.push_back({{place_of(run, *line), {}},
                          {std::to_string(exact), words_of(seen.unit, value)},
                          {format_instant(at), {}}});
  }
  return table;
}

// The bill of each month, or up to and with it, against the budget.
std::optional<Chart> budget_chart(const RunReport& report, std::size_t index, const Canvas& canvas,
                                  Chart chart) {
  if (report.invoice == nullptr) return std::nullopt;
  const sim::Requirement& budget = report.scenario->requirements[index];
  const auto limit = cost::Decimal::parse(budget.at_most_amount);
  const auto spent = sim::spending(*report.scenario, budget, *report.invoice);
  if (spent.empty() || !limit.ok()) return std::nullopt;
  const std::string currency(report.invoice->total().currency.code());
  if (!budget.currency.empty() && budget.currency != currency) return std::nullopt;
  StackedBars bars;
  bars.canvas = canvas;
  bars.title = chart.title;
  bars.description = chart.caption;
  bars.format = [&](double v) { return axis_number(v) + ' ' + currency; };
  bars.limit = cost::to_double(*limit);
  bars.limit_name = report.run->requirements[index].limit;
  const std::string what = budget.per_month ? "Bill of the month" : "Bill up to then";
  Part<double> part{what, {}};
  std::vector<std::string> hints;
  std::vector<std::chrono::year_month> months;
  chart.table = {"spent", {{"month", "Month"}, {"amount", what, true}}, {}};
  for (const auto& [month, amount] : spent) {
    months.push_back(month);
    part.values.push_back(cost::to_double(amount));
    hints.push_back(
        fmt::format("{}: {} {}", to_string(month), cost::to_string(amount, 2), currency));
    chart.table.rows.push_back(
        {{to_string(month), {}}, {cost::to_string(amount.trimmed()), cost::to_string(amount, 2)}});
  }
  bars.column_ticks = month_ticks(months, canvas.width);
  bars.parts.push_back(std::move(part));
  bars.hints.push_back(std::move(hints));
  chart.legend = {{"limit", bars.limit_name}, {palette_class(0), what}};
  draw_stacked_bars(bars, chart);
  return chart;
}

}  // namespace

std::optional<Chart> requirement_chart(const RunReport& report, const sim::Watched& seen,
                                       std::size_t index, const Canvas& canvas) {
  const sim::RunResult& run = *report.run;
  const sim::RequirementOutcome& outcome = run.requirements[index];
  Chart chart;
  chart.id = id_of(outcome.name);
  chart.title = "Requirement " + outcome.name;
  chart.caption = fmt::format("{}: {}.", sim::shown(outcome.verdict), outcome.statement);
  if (report.scenario->requirements[index].kind == sim::RequirementKind::kBudget) {
    return budget_chart(report, index, canvas, std::move(chart));
  }
  if (seen.lines.empty()) return std::nullopt;
  chart.caption += fmt::format(
      " Drawn is the {}{}.", seen.what,
      seen.lines.size() > kPaletteSize ? ", of those worst off in each region at each moment" : "");
  chart.unit = unit_of(seen.unit);
  chart.is_floor = seen.at_least;
  if (seen.limit) {
    chart.limit = in_unit(seen.unit, *seen.limit);
    chart.limit_name =
        (seen.at_least ? "at least " : "at most ") + words_of(seen.unit, *seen.limit);
  }
  chart.lines = lines_of(run, seen);
  chart.draws_lines = true;
  draw_lines(run, canvas, chart);
  chart.table = worst_table(run, seen);
  return chart;
}

}  // namespace backcast::reports
