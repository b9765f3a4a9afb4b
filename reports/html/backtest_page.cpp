#include "reports/html/backtest_page.h"

#include <fmt/format.h>

#include "reports/charts/fan_chart.h"
#include "reports/run/backtest_report.h"

namespace backcast::reports {

std::string backtest_page(const study::Backtest& backtest, const std::string& history,
                          const std::string& currency) {
  ChartPage page;
  page.title = fmt::format("Forecasts of {}", history);
  for (const std::string& sentence :
       {backtest_sentence(backtest), filled_sentence(backtest), left_sentence(backtest)}) {
    if (!sentence.empty()) page.lead += sentence + ". ";
  }
  if (auto fan = fan_chart(backtest)) page.charts.push_back(std::move(*fan));
  page.tables.emplace_back("How far forecasts of the past were off", accuracy_table(backtest));
  if (!backtest.next.empty()) {
    page.tables.emplace_back("From the newest backup on", next_table(backtest, currency));
  }
  page.tables.emplace_back("Every forecast", forecast_table(backtest, currency));
  page.inputs = {
      fmt::format("{}, {} backups, backcast {}", history, backtest.backups, BACKCAST_VERSION),
      "under " + backtest.policy, "what came: " + backtest.basis};
  for (const std::string& note : backtest.notes) page.inputs.push_back(note);
  return to_html(page);
}

}  // namespace backcast::reports
