#include "study/vary/chosen.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "engine/base/errors.h"
#include "study/run/changed_fields.h"

namespace backcast::study {
namespace {

bool is_digit(char c) {
  return std::isdigit(static_cast<unsigned char>(c)) != 0;
}

// Digits with at most one point, doubled on paper.
std::string twice(std::string_view number) {
  std::string result(number);
  int carry = 0;
  for (auto digit = result.rbegin(); digit != result.rend(); ++digit) {
    if (*digit == '.') continue;
    const int sum = 2 * (*digit - '0') + carry;
    *digit = static_cast<char>('0' + sum % 10);
    carry = sum / 10;
  }
  return carry > 0 ? "1" + result : result;
}

// "1%", "20 GB", "5 years", "30.00 USD": one number, then at most a unit.
std::optional<std::string> doubled_text(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  std::size_t digits = 0, points = 0;
  while (digits < text.size() && (is_digit(text[digits]) || text[digits] == '.')) {
    points += text[digits++] == '.' ? 1 : 0;
  }
  const std::string_view unit = text.substr(digits);
  const bool is_unit = std::all_of(unit.begin(), unit.end(), [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == ' ' || c == '%' || c == '/';
  });
  if (digits == points || points > 1 || !is_unit) return std::nullopt;
  return (is_negative ? "-" : "") + twice(text.substr(0, digits)) + std::string(unit);
}

std::uint64_t points_of(const sim::RunResult& run) {
  std::uint64_t points = run.backups.size();
  for (const auto& fleet : run.fleets) points += fleet.backups.made + fleet.backups.copies;
  return std::max<std::uint64_t>(points, 1);
}

std::string total_of(const ScenarioRun& run) {
  return run.invoice ? cost::to_string(run.invoice->total()) : "";
}

Doubling compare_runs(const ScenarioRun& before, const ScenarioRun& after) {
  Doubling doubling{total_of(before), total_of(after), {}, {}};
  const auto& old = before.result.requirements;
  const auto& now = after.result.requirements;
  for (std::size_t i = 0; i < std::min(old.size(), now.size()); ++i) {
    if (old[i].verdict == now[i].verdict) continue;
    doubling.verdicts.push_back(
        {old[i].name, sim::shown(old[i].verdict), sim::shown(now[i].verdict)});
  }
  return doubling;
}

Doubling refused(const Errors& errors) {
  return {{}, {}, {}, errors.empty() ? "" : errors.front().message};
}

Result<ScenarioRun, Errors> run_with(const PreparedScenario& prepared, const FieldValue& field,
                                     const sim::RunOptions& how) {
  const Question& question = *prepared.question;
  BACKCAST_TRY(scenario::Loaded loaded,
               load_changed(prepared.loaded.document, {field}, question.given));
  BACKCAST_TRY(const PreparedScenario changed, prepare_changed(std::move(loaded), question));
  return run(changed, how);
}

}  // namespace

std::optional<std::string> doubled(std::string_view value) {
  const auto json = nlohmann::json::parse(value, nullptr, false);
  if (json.is_string()) {
    const auto text = doubled_text(json.get_ref<const std::string&>());
    return text ? std::optional(json_string(*text)) : std::nullopt;
  }
  if (!json.is_number()) return std::nullopt;
  // A number with an exponent has no unit either.
  const auto text = doubled_text(value);
  return text && nlohmann::json::accept(*text) ? text : std::nullopt;
}

std::vector<ChosenValue> chosen_values(const PreparedScenario& prepared) {
  std::vector<ChosenValue> values;
  for (const auto& [pointer, because] : scenario::chosen_fields(prepared.loaded.document)) {
    const auto& value = prepared.loaded.document.root().at(nlohmann::json::json_pointer(pointer));
    const std::string text = value.dump();
    values.push_back({pointer, text, because, doubled(text).value_or(""), {}});
  }
  return values;
}

void double_each(const PreparedScenario& prepared, const ScenarioRun& run,
                 std::uint64_t most_points, const sim::RunOptions& how, const Watch& watch,
                 std::vector<ChosenValue>& chosen) {
  const auto numbers = static_cast<std::uint64_t>(std::count_if(
      chosen.begin(), chosen.end(), [](const ChosenValue& v) { return !v.twice.empty(); }));
  const std::uint64_t points = points_of(run.result) * (1 + prepared.extremes.size());
  if (numbers == 0 || run.result.partial || points > most_points / numbers) return;
  const Advance advance = watch.begin("doubling", numbers, "chosen values");
  for (ChosenValue& value : chosen) {
    if (value.twice.empty()) continue;
    if (watch.stop != nullptr && *watch.stop) return;
    const auto other = run_with(prepared, {value.pointer, value.twice}, how);
    if (other.ok() && other->result.partial) return;
    value.doubling = other.ok() ? compare_runs(run, *other) : refused(other.error());
    advance(1);
  }
}

}  // namespace backcast::study
