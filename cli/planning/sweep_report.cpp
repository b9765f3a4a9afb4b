#include "cli/planning/sweep_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/planning/trials.h"

namespace backcast::cli {
namespace {

constexpr std::size_t kMaxCharts = 6;

// A value as people write it: text without its quotes.
std::string shown_value(const std::string& json_text) {
  const auto value = nlohmann::json::parse(json_text, nullptr, false);
  return value.is_string() ? value.get<std::string>() : json_text;
}

// Every field's values in the order in which the grid goes through them, and the mean of the
// measure for any choice of some of them.
class Grid {
 public:
  Grid(const SweepRows& rows, const std::string& measure) : values_(rows.plan.factors.size()) {
    for (const auto& [row, measures] : rows.done) {
      Point point;
      const auto texts = rows.plan.values(row);
      for (std::size_t f = 0; f < texts.size(); ++f) point.at.push_back(index_of(f, texts[f]));
      const auto found = std::find_if(measures.begin(), measures.end(),
                                      [&](const sim::Measure& m) { return m.name == measure; });
      if (found == measures.end()) continue;
      point.value = found->value;
      points_.push_back(std::move(point));
    }
  }

  const std::vector<std::string>& values(std::size_t field) const { return values_[field]; }

  // NaN where no row has both.
  double mean(std::size_t field, std::size_t value, std::size_t other_field = SIZE_MAX,
              std::size_t other_value = 0) const {
    double sum = 0;
    std::size_t count = 0;
    for (const Point& point : points_) {
      const bool counts = point.at[field] == value &&
                          (other_field == SIZE_MAX || point.at[other_field] == other_value);
      if (!counts) continue;
      sum += point.value;
      ++count;
    }
    return count == 0 ? std::nan("") : sum / static_cast<double>(count);
  }

 private:
  struct Point {
    std::vector<std::size_t> at;
    double value = 0;
  };

  std::size_t index_of(std::size_t field, const std::string& text) {
    auto& known = values_[field];
    const std::string value = shown_value(text);
    const auto it = std::find(known.begin(), known.end(), value);
    if (it == known.end()) known.push_back(value);
    return static_cast<std::size_t>(std::find(known.begin(), known.end(), value) - known.begin());
  }

  std::vector<std::vector<std::string>> values_;
  std::vector<Point> points_;
};

reports::Chart effect(const SweepPlan& plan, const Grid& grid, std::size_t field,
                      const std::string& measure, const reports::Format& format) {
  reports::Effect effect{plan.factors[field].pointer, grid.values(field), {}};
  for (std::size_t v = 0; v < effect.values.size(); ++v) {
    effect.means.push_back(grid.mean(field, v));
  }
  return reports::effect_chart(effect, measure, format, fmt::format("effect-{}", field));
}

reports::Chart heat(const SweepPlan& plan, const Grid& grid, std::size_t x, std::size_t y,
                    const std::string& measure, const reports::Format& format) {
  reports::HeatMap map{
      fmt::format("{} by {} and {}", measure, plan.factors[x].pointer, plan.factors[y].pointer),
      plan.factors[x].pointer,
      plan.factors[y].pointer,
      measure,
      grid.values(x),
      grid.values(y),
      {},
      format};
  for (std::size_t r = 0; r < map.y_labels.size(); ++r) {
    for (std::size_t c = 0; c < map.x_labels.size(); ++c) {
      map.values.push_back(grid.mean(x, c, y, r));
    }
  }
  return reports::heat_map_chart(map, fmt::format("heat-{}-{}", x, y));
}

std::vector<std::string> inputs_of(const SweepPlan& plan) {
  std::vector<std::string> inputs{fmt::format("Scenario {} (document {}), backcast {}",
                                              plan.scenario, plan.document_hash, BACKCAST_VERSION)};
  for (const std::string& vary : plan.vary) inputs.push_back("varied " + vary);
  inputs.push_back(fmt::format("{} combinations, {} run{} of each", plan.rows.size(),
                               plan.replications, plan.replications == 1 ? "" : "s"));
  return inputs;
}

}  // namespace

std::string sweep_page(const SweepRows& rows, const std::string& measure,
                       const reports::Table& effects, const reports::Table& all_rows) {
  const SweepPlan& plan = rows.plan;
  const reports::Format format = [&](double v) { return shown(measure, v); };
  reports::ChartPage page;
  page.title = fmt::format("Sweep of {}", plan.scenario);
  page.lead = fmt::format("{} over {} combinations of {} field{}.", measure, rows.done.size(),
                          plan.factors.size(), plan.factors.size() == 1 ? "" : "s");
  if (plan.design == sim::Design::kGrid) {
    const Grid grid(rows, measure);
    for (std::size_t x = 0; x < plan.factors.size(); ++x) {
      for (std::size_t y = x + 1; y < plan.factors.size(); ++y) {
        if (page.charts.size() == kMaxCharts) break;
        page.charts.push_back(heat(plan, grid, x, y, measure, format));
      }
    }
    for (std::size_t f = 0; f < std::min(plan.factors.size(), kMaxCharts); ++f) {
      page.charts.push_back(effect(plan, grid, f, measure, format));
    }
  }
  if (!effects.rows.empty()) page.tables.emplace_back("Which field matters", effects);
  page.tables.emplace_back("Every combination", all_rows);
  page.inputs = inputs_of(plan);
  return reports::to_html(page);
}

std::string optimize_page(const SweepPlan& plan, const std::string& minimize,
                          const std::vector<Searched>& searched, const reports::Table& front) {
  std::vector<reports::Candidate> candidates;
  for (const Searched& one : searched) {
    std::string name;
    for (const std::string& value : plan.values(one.row)) {
      name += (name.empty() ? "" : ", ") + shown_value(value);
    }
    if (!one.is_feasible) name += " (fails a requirement)";
    candidates.push_back({std::move(name), one.cost, one.rpo_seconds / 3600, one.is_on_front});
  }
  reports::ChartPage page;
  page.title = fmt::format("The best of {}", plan.scenario);
  page.lead = fmt::format(
      "{} combinations were tried. The cheapest that meets every requirement stands first in the "
      "table; each other buys freshness or reach.",
      searched.size());
  page.charts.push_back(reports::pareto_chart(
      candidates, minimize, "worst age of the newest restore point",
      [&](double v) { return shown(minimize, v); },
      [](double v) { return fmt::format("{:.4g} h", v); }, "front"));
  page.tables.emplace_back("Pareto front", front);
  page.inputs = inputs_of(plan);
  return reports::to_html(page);
}

}  // namespace backcast::cli
