// What `backcast new` chose, and what depends on it, in words.
#include <fmt/format.h>

#include <algorithm>

#include "reports/run/headline.h"
#include "reports/run/run_report.h"

namespace backcast::reports {
namespace {

std::string bill_text(const study::Doubling& doubling) {
  if (doubling.total_before == doubling.total_after)
    return doubling.total_before.empty() ? "" : "=";
  return doubling.total_before + " → " + doubling.total_after;
}

std::string verdicts_text(const study::Doubling& doubling) {
  if (!doubling.refused.empty()) return "refused: " + doubling.refused;
  std::string text;
  for (const auto& [requirement, before, after] : doubling.verdicts) {
    text += fmt::format("{}{} {} → {}", text.empty() ? "" : ", ", requirement, before, after);
  }
  return text.empty() ? "=" : text;
}

// A text without its quotes.
std::string plain(const std::string& json) {
  const bool is_text = json.size() >= 2 && json.front() == '"' && json.back() == '"';
  return is_text ? json.substr(1, json.size() - 2) : json;
}

}  // namespace

std::string chosen_sentence(const RunReport& report) {
  const std::size_t count = report.chosen.size();
  if (count == 0) return {};
  return count == 1 ? "1 value was chosen by backcast new, not by you"
                    : fmt::format("{} values were chosen by backcast new, not by you", count);
}

Table chosen_table(const RunReport& report) {
  Table table{"chosen",
              {{"pointer", "Field"},
               {"value", "Value"},
               {"doubled", "Doubled"},
               {"bill", "The bill then"},
               {"verdicts", "Verdicts then"},
               {"because", "Why this value"}},
              {}};
  for (const study::ChosenValue& value : report.chosen) {
    std::vector<Cell> row{{value.pointer, ""}, {plain(value.value), ""}, {plain(value.twice), ""}};
    const auto& doubling = value.doubling;
    row.push_back({doubling ? bill_text(*doubling) : "", ""});
    row.push_back({doubling ? verdicts_text(*doubling) : "", ""});
    row.push_back({value.because, ""});
    table.rows.push_back(std::move(row));
  }
  return table;
}

std::string not_doubled_sentence(const RunReport& report) {
  const auto unknown = std::count_if(report.chosen.begin(), report.chosen.end(),
                                     [](const auto& v) { return !v.twice.empty() && !v.doubling; });
  if (unknown == 0) return {};
  return fmt::format("{} not doubled here, as each takes a run of its own: --doubled does it",
                     unknown);
}

}  // namespace backcast::reports
