#include "tests/focus/focus_rules.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <set>
#include <stdexcept>

namespace backcast::focus {
namespace {

// Name(key=value, Name(…), …)
struct Call {
  std::string name;
  std::map<std::string, std::optional<std::string>> values;  // nullopt: null
  std::vector<Call> calls;
};

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}
  Call parse() {
    Call call = parse_call();
    if (at_ != text_.size()) fail();
    return call;
  }

 private:
  [[noreturn]] void fail() const {
    throw std::runtime_error("cannot read rule at " + std::to_string(at_) + ": " +
                             std::string(text_));
  }
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip() {
    while (peek() == ' ') ++at_;
  }
  std::string word() {
    const std::size_t start = at_;
    while (std::isalnum(static_cast<unsigned char>(peek())) || peek() == '_' || peek() == '.' ||
           peek() == '-') {
      ++at_;
    }
    return std::string(text_.substr(start, at_ - start));
  }
  std::optional<std::string> value() {
    if (peek() != '"') {
      const std::string plain = word();
      if (plain.empty()) fail();
      return plain == "null" ? std::nullopt : std::optional(plain);
    }
    const std::size_t end = text_.find('"', at_ + 1);
    if (end == text_.npos) fail();
    std::string text(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return text;
  }
  // Two conditions were exported with their parts as JSON: AND={…} or AND=[…].
  static Call from_json(const nlohmann::json& json) {
    Call call{json.at("CheckFunction"), {}, {}};
    for (const auto& [key, item] : json.items()) {
      if (key == "CheckFunction") continue;
      call.values[key] = item.is_null() ? std::nullopt : std::optional(item.get<std::string>());
    }
    return call;
  }
  void json_parts(Call& call) {
    const std::size_t end = text_.rfind(')');
    const auto json = nlohmann::json::parse(text_.substr(at_, end - at_));
    call.name = "AND";
    if (json.is_object()) call.calls.push_back(from_json(json));
    if (json.is_array()) {
      for (const auto& item : json) call.calls.push_back(from_json(item));
    }
    at_ = end;
  }
  Call parse_call() {
    skip();
    Call call;
    call.name = word();
    if (peek() != '(') fail();
    ++at_;
    for (skip(); peek() != ')'; skip()) {
      const std::size_t start = at_;
      const std::string key = word();
      if (peek() == '=') {
        ++at_;
        if (peek() == '{' || peek() == '[') {
          json_parts(call);
        } else {
          call.values[key] = value();
        }
      } else {
        at_ = start;
        call.calls.push_back(parse_call());
      }
      skip();
      if (peek() == ',') ++at_;
    }
    ++at_;
    return call;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

bool is_match(const std::string& text, const char* pattern) {
  return std::regex_match(text, std::regex(pattern));
}

bool is_key_value(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return false;
  for (const auto& item : json) {
    if (item.is_structured()) return false;
  }
  return true;
}

class Checker {
 public:
  explicit Checker(const std::vector<Row>& rows) : rows_(rows) {}

  static std::set<std::string> columns_of(const Call& call) {
    std::set<std::string> columns;
    for (const auto& [key, value] : call.values) {
      if (value && key != "Value" && !key.starts_with("Expected")) columns.insert(*value);
    }
    for (const Call& part : call.calls) columns.merge(columns_of(part));
    return columns;
  }

  // Whether the call holds for the row. In a condition null is unequal to every value; as a
  // requirement, what says nothing of null allows it.
  bool holds(const Call& call, const Row& row, bool is_condition) {
    if (call.name == "AND" || call.name == "OR") return holds_all(call, row, is_condition);
    const auto text = [&](const char* key) -> const std::string& {
      return value_of(row, *call.values.at(key));
    };
    if (call.name == "CheckSameValue" || call.name == "CheckNotSameValue") {
      return (text("ColumnAName") == text("ColumnBName")) == (call.name == "CheckSameValue");
    }
    if (call.name == "ColumnByColumnEqualsColumnValue") {
      return number(text("ColumnAName")) * number(text("ColumnBName")) ==
             number(text("ResultColumnName"));
    }
    if (call.name == "CheckDistinctCount") {
      auto& seen = distinct_[&call][text("ColumnAName")];
      seen.insert(text("ColumnBName"));
      return seen.size() == static_cast<std::size_t>(number(*call.values.at("ExpectedCount")));
    }
    const std::string& value =
        value_of(row, call.values.contains("ColumnName") ? *call.values.at("ColumnName")
                                                         : *call.values.at("CheckCondition"));
    if (call.name == "CheckValue" || call.name == "CheckNotValue") {
      return compares(call, value, is_condition);
    }
    return value.empty() || has_form(call, value);
  }

 private:
  // A column that the file does not have is null in a condition.
  static const std::string& value_of(const Row& row, const std::string& column) {
    static const std::string kNull;
    const auto it = row.find(column);
    return it == row.end() ? kNull : it->second;
  }

  static double number(const std::string& text) { return std::strtod(text.c_str(), nullptr); }

  bool holds_all(const Call& call, const Row& row, bool is_condition) {
    const bool wants_all = call.name == "AND";
    for (const Call& part : call.calls) {
      if (holds(part, row, is_condition) != wants_all) return !wants_all;
    }
    return wants_all;
  }

  static bool compares(const Call& call, const std::string& value, bool is_condition) {
    const auto& wanted = call.values.at("Value");
    const bool is_negative = call.name == "CheckNotValue";
    if (!wanted) return value.empty() != is_negative;
    if (value.empty()) return is_negative || !is_condition;
    const bool is_number =
        !wanted->empty() && wanted->find_first_not_of("0123456789.") == std::string::npos;
    const bool equal = is_number ? number(value) == number(*wanted) : value == *wanted;
    return equal != is_negative;
  }

  static bool has_form(const Call& call, const std::string& value) {
    const std::string& name = call.name;
    if (name == "TypeString" || name == "FormatString") {
      return is_match(value, "[\\x20-\\x7E]+");
    }
    if (name == "TypeDecimal" || name == "CheckDecimalValue") {
      return is_match(value, "-?[0-9]+\\.[0-9]+");  // a whole number is read as another type
    }
    if (name == "FormatNumeric") return is_match(value, "-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?");
    if (name == "TypeDateTime" || name == "FormatDateTime") {
      return is_match(value, "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z");
    }
    if (name == "FormatCurrency" || name == "CheckNationalCurrency") {
      return is_match(value, "[A-Z]{3}");
    }
    if (name == "FormatKeyValue") return is_key_value(value);
    if (name == "FormatUnit") {
      return is_match(value,
                      "([0-9]+ )?[A-Z][A-Za-z]*( [A-Z][A-Za-z]*)*"
                      "(-(Years|Months|Days|Hours|Minutes|Seconds))?"
                      "(/(Year|Month|Day|Hour|Minute|Second))?");
    }
    if (name == "CheckGreaterOrEqualThanValue") {
      return number(value) >= number(*call.values.at("Value"));
    }
    throw std::runtime_error("unknown check " + name);
  }

  const std::vector<Row>& rows_;
  std::map<const Call*, std::map<std::string, std::set<std::string>>> distinct_;
};

// One rule, read.
struct ParsedRule {
  const Rule* rule = nullptr;
  Call check;
  std::optional<Call> condition;

  explicit ParsedRule(const Rule& r) : rule(&r), check(Parser(r.check).parse()) {
    if (!r.condition.empty()) condition = Parser(r.condition).parse();
  }
  bool applies_to(Checker& checker, const Row& row) const {
    return !condition || checker.holds(*condition, row, true);
  }
  // "" unless the check is that a column is, or is not, null.
  std::string null_check(const char* name) const {
    const auto value = check.values.find("Value");
    const bool is_one = check.name == name && value != check.values.end() && !value->second;
    return is_one ? *check.values.at("ColumnName") : "";
  }
};

// Whether another rule demands the opposite of this row: null and not null. Published tables do
// that; only one of the two can be kept, and the one that is decides.
bool is_contradicted(const ParsedRule& parsed, const std::vector<ParsedRule>& all, Checker& checker,
                     const Row& row) {
  const std::string wants_null = parsed.null_check("CheckValue");
  const std::string wants_value = parsed.null_check("CheckNotValue");
  return std::any_of(all.begin(), all.end(), [&](const ParsedRule& other) {
    const bool is_opposite =
        (!wants_null.empty() && other.null_check("CheckNotValue") == wants_null) ||
        (!wants_value.empty() && other.null_check("CheckValue") == wants_value);
    return is_opposite && other.rule->keyword != "MAY" && other.applies_to(checker, row);
  });
}

Outcome check_rule(const ParsedRule& parsed, const std::vector<ParsedRule>& all,
                   const std::vector<Row>& rows) {
  using Verdict = Outcome::Verdict;
  const std::string& id = parsed.rule->id;
  if (parsed.check.name == "ColumnPresent") {
    const bool is_there = !rows.empty() && rows[0].contains(*parsed.check.values.at("ColumnName"));
    return {id, is_there ? Verdict::kPassed : Verdict::kFailed, "column is missing"};
  }
  for (const std::string& column : Checker::columns_of(parsed.check)) {
    if (!rows.empty() && !rows[0].contains(column)) {
      return {id, Verdict::kNotApplicable, "no column " + column};
    }
  }
  Checker checker(rows);
  std::string contradicted;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!parsed.applies_to(checker, rows[i])) continue;
    if (checker.holds(parsed.check, rows[i], false)) continue;
    std::string why = "row " + std::to_string(i + 2) + ':';
    for (const std::string& column : Checker::columns_of(parsed.check)) {
      why += ' ' + column + "=\"" + rows[i].at(column) + '"';
    }
    if (!is_contradicted(parsed, all, checker, rows[i])) return {id, Verdict::kFailed, why};
    contradicted = "contradicts another rule for " + why;
  }
  return contradicted.empty() ? Outcome{id, Verdict::kPassed, ""}
                              : Outcome{id, Verdict::kNotApplicable, contradicted};
}

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

std::vector<Rule> read_rules(const std::string& csv) {
  // Features that a backup bill has no use for: their columns and rules do not apply. Those of
  // commitments are there where a price book has any; see FocusWriter for the three that are not.
  static const std::set<std::string> kUnsupported{"AVAILABILITY_ZONE_SUPPORTED",
                                                  "CAPACITY_RESERVATION_SUPPORTED",
                                                  "COMMITMENT_DISCOUNT_SUPPORTED"};
  std::vector<Rule> rules;
  for (Row& row : read_csv(csv)) {
    if (row["machine_checkable"] != "yes") continue;
    if (row["check"].empty() || kUnsupported.contains(row["applicability"])) continue;
    rules.push_back(
        {row["rule_id"], row["reference"], row["keyword"], row["check"], row["condition"]});
  }
  return rules;
}

std::vector<Outcome> check(const std::vector<Rule>& rules, const std::vector<Row>& rows) {
  const std::vector<ParsedRule> parsed(rules.begin(), rules.end());
  std::vector<Outcome> outcomes;
  for (const ParsedRule& rule : parsed) {
    // What may be cannot fail.
    outcomes.push_back(rule.rule->keyword == "MAY"
                           ? Outcome{rule.rule->id, Outcome::Verdict::kPassed, ""}
                           : check_rule(rule, parsed, rows));
  }
  return outcomes;
}

}  // namespace backcast::focus
