#include "reports/html/study_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/run/measure_tables.h"

namespace backcast::reports {
namespace {

constexpr std::size_t kMaxCharts = 6;

// A value as people write it: text without its quotes.
std::string shown_value(const std::string& json_text) {
  const auto value = nlohmann::json::parse(json_text, nullptr, false);
  return value.is_string() ? value.get<std::string>() : json_text;
}

std::vector<std::string> shown_values(const std::vector<std::string>& json_texts) {
  std::vector<std::string> values;
  for (const std::string& text : json_texts) values.push_back(shown_value(text));
  return values;
}

Chart effect(const study::SweepPlan& plan, const study::GridMeans& grid, std::size_t field,
             const std::string& measure, const Format& format) {
  Effect effect{plan.factors[field].pointer, shown_values(grid.values(field)), {}};
  for (std::size_t v = 0; v < effect.values.size(); ++v) {
    effect.means.push_back(grid.mean(field, v));
  }
  return effect_chart(effect, measure, format, fmt::format("effect-{}", field));
}

Chart heat(const study::SweepPlan& plan, const study::GridMeans& grid, std::size_t x, std::size_t y,
           const std::string& measure, const Format& format) {
  HeatMap map{
      fmt::format("{} by {} and {}", measure, plan.factors[x].pointer, plan.factors[y].pointer),
      plan.factors[x].pointer,
      plan.factors[y].pointer,
      measure,
      shown_values(grid.values(x)),
      shown_values(grid.values(y)),
      {},
      format};
  for (std::size_t r = 0; r < map.y_labels.size(); ++r) {
    for (std::size_t c = 0; c < map.x_labels.size(); ++c) {
      map.values.push_back(grid.mean(x, c, y, r));
    }
  }
  return heat_map_chart(map, fmt::format("heat-{}-{}", x, y));
}

std::vector<std::string> inputs_of(const study::SweepPlan& plan) {
  std::vector<std::string> inputs{fmt::format("Scenario {} (document {}), backcast {}",
                                              plan.scenario, plan.document_hash, BACKCAST_VERSION)};
  for (const std::string& vary : plan.vary) inputs.push_back("varied " + vary);
  inputs.push_back(fmt::format("{} combinations, {} run{} of each", plan.rows.size(),
                               plan.replications, plan.replications == 1 ? "" : "s"));
  return inputs;
}

}  // namespace

std::string sweep_page(const study::SweepRows& rows, const std::string& measure,
                       const Table& effects, const Table& all_rows) {
  const study::SweepPlan& plan = rows.plan;
  const Format format = [&](double v) { return shown(measure, v); };
  ChartPage page;
  page.title = fmt::format("Sweep of {}", plan.scenario);
  page.lead = fmt::format("{} over {} combinations of {} field{}.", measure, rows.done.size(),
                          plan.factors.size(), plan.factors.size() == 1 ? "" : "s");
  if (plan.design == study::Design::kGrid) {
    const study::GridMeans grid(rows, measure);
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
  return to_html(page);
}

std::string optimize_page(const study::SweepPlan& plan, const std::string& minimize,
                          const std::vector<study::Candidate>& tried, const Table& front) {
  std::vector<Candidate> candidates;
  for (const study::Candidate& one : tried) {
    std::string name;
    for (const std::string& value : plan.values(one.row)) {
      name += (name.empty() ? "" : ", ") + shown_value(value);
    }
    if (!one.is_feasible) name += " (fails a requirement)";
    candidates.push_back(
        {std::move(name), one.of(minimize), one.of("rpo_seconds_worst") / 3600, one.is_on_front});
  }
  ChartPage page;
  page.title = fmt::format("The best of {}", plan.scenario);
  page.lead = fmt::format(
      "{} combinations were tried. The cheapest that meets every requirement stands first in the "
      "table; each other buys freshness or reach.",
      tried.size());
  page.charts.push_back(pareto_chart(
      candidates, minimize, "worst age of the newest restore point",
      [&](double v) { return shown(minimize, v); },
      [](double v) { return fmt::format("{:.4g} h", v); }, "front"));
  page.tables.emplace_back("Pareto front", front);
  page.inputs = inputs_of(plan);
  return to_html(page);
}

}  // namespace backcast::reports
