#include "tests/focus/focus_rules.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <nlohmann/json.hpp>
#include <regex>
#include <stdexcept>

namespace backcast::focus {
namespace {

std::vector<std::string> split(const std::string& text, const std::string& by) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(by, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = end + by.size();
  }
  return parts;
}

double number(const std::string& text) {
  return std::strtod(text.c_str(), nullptr);
}

bool is_pairs(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  return json.is_object() && std::none_of(json.begin(), json.end(),
                                          [](const auto& item) { return item.is_structured(); });
}

// Name of a form in columns.csv -> its pattern. Decimal columns need a point: a whole number is
// read as another type.
const std::map<std::string, std::string>& patterns() {
  static const std::map<std::string, std::string> kPatterns{
      {"text", "[\\x20-\\x7E]+"},
      {"number", "-?[0-9]+\\.[0-9]+"},
      {"price", "[0-9]+\\.[0-9]+"},
      {"time", "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z"},
      {"month", "[0-9]{4}-[0-9]{2}-01T00:00:00Z"},
      {"currency", "[A-Z]{3}"},
      {"unit",
       "([0-9]+ )?[A-Z][A-Za-z]*( [A-Z][A-Za-z]*)*(-(Years|Months|Days|Hours|Minutes|Seconds))?"
       "(/(Year|Month|Day|Hour|Minute|Second))?"},
      {"pairs", ""},  // a flat JSON object
  };
  return kPatterns;
}

// A clause over one row. In a condition null is unequal to every value; as a demand, what does not
// speak of null allows it.
class Clause {
 public:
  Clause(const std::string& text, bool is_demand) : is_demand_(is_demand) {
    static const std::regex kTimes("(\\w+) is (\\w+) times (\\w+)");
    static const std::regex kPair("(\\w+) (is before|differs from|has one) (\\w+)");
    static const std::regex kValues("(\\w+) (is|is not) (.+)");
    std::smatch found;
    if (std::regex_match(text, found, kTimes)) {
      verb_ = "times";
      columns_ = {found[1], found[2], found[3]};
    } else if (std::regex_match(text, found, kPair)) {
      verb_ = found[2];
      columns_ = {found[1], found[3]};
    } else if (std::regex_match(text, found, kValues)) {
      const bool is_negative = found[3].str().starts_with("not ");
      columns_ = {found[1]};
      const std::string values = found[3].str().substr(is_negative ? 4 : 0);
      verb_ = values == "null" || values == "zero" ? values : "values";
      if (is_negative) verb_ = "not " + verb_;
      values_ = split(values, "; ");
    } else {
      throw std::runtime_error("cannot read the clause \"" + text + '"');
    }
  }

  const std::vector<std::string>& columns() const { return columns_; }

  bool holds(const Row& row) {
    const std::string& a = value_of(row, 0);
    if (verb_ == "null") return a.empty();
    if (verb_ == "not null") return !a.empty();
    if (verb_ == "not values") return !is_one_of(a);
    if (verb_ == "differs from") return a != value_of(row, 1);
    if (a.empty()) return is_demand_;
    if (verb_ == "values") return is_one_of(a);
    if (verb_ == "zero") return number(a) == 0;
    if (verb_ == "is before") return a < value_of(row, 1);
    if (verb_ == "has one")
      return seen_.emplace(a, value_of(row, 1)).first->second == value_of(row, 1);
    if (verb_ == "times") return number(a) == number(value_of(row, 1)) * number(value_of(row, 2));
    throw std::runtime_error("unknown verb " + verb_);
  }

 private:
  const std::string& value_of(const Row& row, std::size_t column) const {
    static const std::string kNull;
    const auto it = row.find(columns_[column]);
    return it == row.end() ? kNull : it->second;
  }
  bool is_one_of(const std::string& text) const {
    return std::find(values_.begin(), values_.end(), text) != values_.end();
  }

  bool is_demand_;
  std::string verb_;
  std::vector<std::string> columns_, values_;
  std::map<std::string, std::string> seen_;
};

class Checker {
 public:
  explicit Checker(const std::vector<Row>& rows) : rows_(rows) {}

  // Fails with the first row for which `holds` does not.
  void rule(const std::string& text, const std::vector<std::string>& columns,
            const std::function<bool(const Row&)>& holds) {
    for (const std::string& column : columns) {
      if (!rows_.empty() && !rows_[0].contains(column)) return;
    }
    ++outcome_.rules;
    const auto bad = std::find_if_not(rows_.begin(), rows_.end(), holds);
    if (bad == rows_.end()) return;
    std::string why = "row " + std::to_string(bad - rows_.begin() + 2) + ':';
    for (const std::string& column : columns) why += ' ' + column + "=\"" + bad->at(column) + '"';
    outcome_.failures.push_back({text, why});
  }

  void column(const Row& described) {
    const std::string& name = described.at("column");
    const std::string& form = described.at("form");
    if (described.at("present") == "must") {
      ++outcome_.rules;
      if (!rows_.empty() && !rows_[0].contains(name)) {
        outcome_.failures.push_back({name + " is there", "the column is missing"});
      }
    }
    const std::regex pattern(patterns().at(form));
    rule(name + " is a " + form, {name}, [&](const Row& row) {
      const std::string& text = row.at(name);
      return text.empty() || (form == "pairs" ? is_pairs(text) : std::regex_match(text, pattern));
    });
    if (described.at("null") == "never") {
      rule(name + " is not null", {name}, [&](const Row& row) { return !row.at(name).empty(); });
    }
    if (described.at("values").empty()) return;
    Clause allowed(name + " is " + described.at("values"), true);
    rule(name + " is an allowed value", {name}, [&](const Row& row) { return allowed.holds(row); });
  }

  void condition(const Row& described) {
    const std::string& when = described.at("when");
    std::vector<Clause> conditions;
    for (const std::string& part : split(when, " & ")) {
      if (!part.empty()) conditions.emplace_back(part, false);
    }
    Clause demand(described.at("then"), true);
    rule(described.at("then") + (when.empty() ? "" : " when " + when), demand.columns(),
         [&](const Row& row) {
           return !std::all_of(conditions.begin(), conditions.end(), [&](Clause& clause) {
             return clause.holds(row);
           }) || demand.holds(row);
         });
  }

  // What the standard does not name begins with x_.
  void own_columns(const std::vector<Row>& described) {
    std::vector<std::string> unknown;
    for (const auto& [name, value] : rows_.empty() ? Row{} : rows_[0]) {
      const bool is_known =
          std::any_of(described.begin(), described.end(),
                      [&name = name](const Row& row) { return row.at("column") == name; });
      if (!is_known && !name.starts_with("x_")) unknown.push_back(name);
    }
    rule("own columns begin with x_", unknown, [&](const Row&) { return unknown.empty(); });
  }

  Outcome outcome() && { return std::move(outcome_); }

 private:
  const std::vector<Row>& rows_;
  Outcome outcome_;
};

}  // namespace

std::vector<Row> read_csv(const std::string& text) {
  std::vector<std::vector<std::string>> lines(1, {""});
  bool is_quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    std::string& cell = lines.back().back();
    if (is_quoted && c == '"' && i + 1 < text.size() && text[i + 1] == '"') {
      cell += text[++i];
    } else if (c == '"') {
      is_quoted = !is_quoted;
    } else if (is_quoted) {
      cell += c;
    } else if (c == ',') {
      lines.back().emplace_back();
    } else if (c == '\n') {
      lines.push_back({""});
    } else if (c != '\r') {
      cell += c;
    }
  }
  if (is_quoted) throw std::runtime_error("a quote is not closed");
  if (lines.back() == std::vector<std::string>{""}) lines.pop_back();
  if (lines.empty()) throw std::runtime_error("no header");
  std::vector<Row> rows;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    if (lines[i].size() != lines[0].size()) {
      throw std::runtime_error("row " + std::to_string(i + 1) + " has another number of cells");
    }
    for (std::size_t c = 0; c < lines[i].size(); ++c) {
      if (c == 0) rows.emplace_back();
      rows.back()[lines[0][c]] = lines[i][c];
    }
  }
  return rows;
}

Outcome check(const std::string& columns, const std::string& conditions,
              const std::vector<Row>& rows) {
  Checker checker(rows);
  const std::vector<Row> described = read_csv(columns);
  for (const Row& column : described) checker.column(column);
  checker.own_columns(described);
  for (const Row& condition : read_csv(conditions)) checker.condition(condition);
  return std::move(checker).outcome();
}

}  // namespace backcast::focus
