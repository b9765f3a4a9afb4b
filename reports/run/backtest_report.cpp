#include "reports/run/backtest_report.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/base/bytes.h"
#include "reports/run/measure_tables.h"

namespace backcast::reports {
namespace {

using nlohmann::ordered_json;
using study::Backtest;
using study::Figure;
using study::Forecasted;

std::string percent_text(double share) {
  return fmt::format("{:.1f} %", 100 * share);
}

Cell percent(double share) {
  return {fmt::format("{:.6f}", share), percent_text(share)};
}

// Bytes are whole, money has cents of a cent.
Cell figure_cell(Figure figure, double value, const std::string& currency) {
  return {figure == Figure::kBill ? fmt::format("{:.4f}", value) : fmt::format("{:.0f}", value),
          figure_text(figure, value, currency)};
}

std::string day_of(Instant t) {
  return format_instant(t).substr(0, 10);
}

std::string rule_title(study::PlainRule rule) {
  switch (rule) {
    case study::PlainRule::kUnchanged:
      return "Unchanged";
    case study::PlainRule::kTrend:
      return "Trend line";
    case study::PlainRule::kIncrements:
      return "Sum of increments";
    case study::PlainRule::kCalculator:
      return "Calculators";
  }
  return "";
}

std::vector<Cell> forecast_row(const Forecasted& forecast, std::size_t f,
                               const std::string& currency) {
  const Figure figure = study::kFigures[f];
  const auto cell = [&](double value) { return figure_cell(figure, value, currency); };
  std::vector<Cell> row{{std::string(name(figure)), figure_title(figure)},
                        {format_instant(forecast.made), day_of(forecast.made)},
                        {std::to_string(forecast.ahead), ""},
                        {format_instant(forecast.due), day_of(forecast.due)},
                        forecast.truth ? cell(study::in(*forecast.truth, figure)) : Cell{"", "-"},
                        cell(forecast.ours[f].low),
                        cell(forecast.ours[f].median),
                        cell(forecast.ours[f].high)};
  for (const study::Outcome& plain : forecast.plain) {
    row.push_back(cell(study::in(plain, figure)));
  }
  return row;
}

Table forecasts_head() {
  Table table{"backtest_forecasts",
              {{"figure", "Figure"},
               {"made", "Made"},
               {"ahead_backups", "Backups ahead", true},
               {"due", "Due"},
               {"actual", "Actual", true},
               {"p05", "P5", true},
               {"p50", "Forecast", true},
               {"p95", "P95", true}},
              {}};
  for (const study::PlainRule rule : study::kPlainRules) {
    table.columns.push_back({std::string(name(rule)), rule_title(rule), true});
  }
  return table;
}

void add_rows(const Backtest& backtest, const std::vector<Forecasted>& forecasts,
              const std::string& currency, Table& table) {
  for (std::size_t f = 0; f < study::kFigures.size(); ++f) {
    if (study::kFigures[f] == Figure::kBill && !backtest.has_bill) continue;
    for (const Forecasted& forecast : forecasts) {
      table.rows.push_back(forecast_row(forecast, f, currency));
    }
  }
}

ordered_json rows_json(const Table& table) {
  return ordered_json::parse(to_json(table)).at("rows");
}

}  // namespace

std::string figure_text(Figure figure, double value, const std::string& currency) {
  if (figure == Figure::kBill) return fmt::format("{:.2f} {}", value, currency);
  return format_bytes(static_cast<std::uint64_t>(std::max(0.0, value)));
}

std::string figure_title(Figure figure) {
  switch (figure) {
    case Figure::kStoredBytes:
      return "Stored bytes";
    case Figure::kFreedBytes:
      return "Freed bytes";
    case Figure::kBill:
      return "Bill";
  }
  return "";
}

Table accuracy_table(const Backtest& backtest) {
  Table table{"backtest",
              {{"figure", "Figure"},
               {"ahead_backups", "Backups ahead", true},
               {"forecasts", "Forecasts", true},
               {"error_median_share", "Off by", true},
               {"error_p95_share", "95th", true},
               {"held_share", "P5-P95 held", true},
               {"width_share", "Its width", true}},
              {}};
  for (const study::PlainRule rule : study::kPlainRules) {
    const std::string key(name(rule));
    table.columns.push_back({key + "_median_share", rule_title(rule), true});
    table.columns.push_back({key + "_p95_share", "95th", true});
  }
  for (const study::Accuracy& one : backtest.accuracy) {
    std::vector<Cell> row{{std::string(name(one.figure)), figure_title(one.figure)},
                          {std::to_string(one.ahead), ""},
                          {std::to_string(one.forecasts), ""},
                          percent(one.median),
                          percent(one.p95),
                          percent(one.held),
                          percent(one.width)};
    for (const study::Accuracy::Plain& plain : one.plain) {
      row.push_back(percent(plain.median));
      row.push_back(percent(plain.p95));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

Table forecast_table(const Backtest& backtest, const std::string& currency) {
  Table table = forecasts_head();
  add_rows(backtest, backtest.forecasts, currency, table);
  add_rows(backtest, backtest.next, currency, table);
  return table;
}

Table next_table(const Backtest& backtest, const std::string& currency) {
  Table table = forecasts_head();
  table.name = "forecasts";
  add_rows(backtest, backtest.next, currency, table);
  for (auto& row : table.rows) row.erase(row.begin() + 4);  // nothing has come yet
  table.columns.erase(table.columns.begin() + 4);
  return table;
}

std::string backtest_words(const Backtest& backtest) {
  std::size_t made = 0;
  for (std::size_t i = 0; i < backtest.forecasts.size(); ++i) {
    const bool is_next =
        i == 0 || backtest.forecasts[i].made_at != backtest.forecasts[i - 1].made_at;
    made += is_next ? 1 : 0;
  }
  std::string text = fmt::format(
      "{} backups under {}.\n{} forecasts of the past, each from what was known then, told nothing "
      "of the days to come{}.\nWhat came: {}.\n",
      backtest.backups, backtest.policy, made,
      backtest.was_drawn ? fmt::format("; {} replications each", backtest.replications) : "",
      backtest.basis);
  if (!backtest.was_drawn) {
    text += "Nothing in the calibrated workload is drawn, so that the intervals have no width.\n";
  }
  for (const std::string& note : backtest.notes) text += "Note: " + note + ".\n";
  return text;
}

std::string backtest_sentence(const Backtest& backtest) {
  const study::Accuracy* said = nullptr;
  for (const study::Accuracy& one : backtest.accuracy) {
    if (one.figure == Figure::kStoredBytes && one.ahead <= 30) said = &one;
  }
  if (said == nullptr) return "";
  std::string text = fmt::format(
      "Told nothing of the days to come, {} forecasts of stored bytes {} backups ahead under {} "
      "were off by {} (median), {} (95th percentile)",
      said->forecasts, said->ahead, backtest.policy, percent_text(said->median),
      percent_text(said->p95));
  if (backtest.was_drawn) {
    text += fmt::format("; P5-P95 held {:.0f} % of what came", 100 * said->held);
  }
  return text;
}

std::string filled_sentence(const Backtest& backtest) {
  if (!backtest.filled) return "";
  const study::Filled& filled = *backtest.filled;
  const std::string store = fmt::format("A store of {}", format_bytes(filled.capacity_bytes));
  if (filled.filled == 0) {
    return fmt::format("{} is not full by {} in any replication", store, day_of(filled.until));
  }
  const auto date = [&](const std::optional<Instant>& at) {
    return at ? day_of(*at) : "after " + day_of(filled.until);
  };
  return fmt::format("{} is full on {} (P10 {}, P90 {}; in {} of {} replications by {})", store,
                     date(filled.p50), date(filled.p10), date(filled.p90), filled.filled,
                     filled.replications, day_of(filled.until));
}

std::string left_sentence(const Backtest& backtest) {
  if (backtest.left_twice.empty()) return "";
  return fmt::format(
      "stored bytes left the interval twice running, {} backups ahead: the data no "
      "longer lives as it did",
      fmt::join(backtest.left_twice, " and "));
}

std::string backtest_json(const Backtest& backtest, const std::string& currency) {
  ordered_json out = {{"version", 1},
                      {"policy", backtest.policy},
                      {"backups", backtest.backups},
                      {"replications", backtest.was_drawn ? backtest.replications : 1},
                      {"actuals", backtest.basis}};
  if (backtest.has_bill) out["currency"] = currency;
  out["accuracy"] = rows_json(accuracy_table(backtest));
  out["forecasts"] = rows_json(forecast_table(backtest, currency));
  for (ordered_json& row : out["forecasts"]) {
    if (row["actual"].is_string()) row["actual"] = nullptr;
  }
  if (backtest.filled) {
    const study::Filled& filled = *backtest.filled;
    const auto date = [](const std::optional<Instant>& at) {
      return at ? ordered_json(format_instant(*at)) : ordered_json();
    };
    out["full"] = {{"capacity_bytes", filled.capacity_bytes},
                   {"replications", filled.replications},
                   {"filled", filled.filled},
                   {"until", format_instant(filled.until)},
                   {"p10", date(filled.p10)},
                   {"p50", date(filled.p50)},
                   {"p90", date(filled.p90)}};
  }
  out["left_twice_ahead_backups"] = backtest.left_twice;
  out["notes"] = backtest.notes;
  out["partial"] = backtest.partial;
  return out.dump(2) + "\n";
}

}  // namespace backcast::reports
