// Executes conformance rules for FOCUS files. A rule is an expression over columns, such as
// CheckValue(ColumnName="ChargeCategory", Value="Tax"), with a condition of the same kind.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace backcast::focus {

using Row = std::map<std::string, std::string>;  // "" is null

// RFC 4180 with a header. Throws std::runtime_error on anything else.
std::vector<Row> read_csv(const std::string& text);

struct Rule {
  std::string id, column, keyword, check, condition;
};

// The machine-checkable rows of a rule table with columns rule_id, reference, keyword, type,
// machine_checkable, check, condition, applicability. Rules that apply only with a feature of
// `unsupported` are left out.
std::vector<Rule> read_rules(const std::string& csv);

struct Outcome {
  std::string id;
  enum class Verdict { kPassed, kFailed, kNotApplicable } verdict = Verdict::kPassed;
  std::string why;  // the first row that fails
};

// One outcome per rule. A rule about a column that the file does not have is not applicable,
// except those that ask for its presence; nor is one whose only failures are rows of which another
// rule demands the opposite (null, not null).
std::vector<Outcome> check(const std::vector<Rule>& rules, const std::vector<Row>& rows);

}  // namespace backcast::focus
