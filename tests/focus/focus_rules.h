// Checks a FOCUS 1.2 file against the rules in columns.csv and conditions.csv beside this file:
// what the standard says of every column, and of columns together.
//
// columns.csv: is the column in every bill of ours (must) or not always (may), the form of its
// values, whether a value may be null, and the allowed values.
// conditions.csv: whenever `when` holds for a row (empty: always), `then` must. Clauses are
// "A is null", "A is x; y", "A is not x", "A is zero", "A is B times C", "A is before B",
// "A differs from B", "A has one B" (rows with the same A have the same B); "&" joins clauses.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace backcast::focus {

using Row = std::map<std::string, std::string>;  // "" is null

// RFC 4180 with a header. Throws std::runtime_error on anything else.
std::vector<Row> read_csv(const std::string& text);

struct Failure {
  std::string rule;  // "PricingUnit is a unit", or the text of the condition
  std::string why;   // the first row that breaks it
};

struct Outcome {
  std::size_t rules = 0;  // checked; those of columns that the file does not have are not
  std::vector<Failure> failures;
};

// `columns` and `conditions` are the texts of the two tables. Throws std::runtime_error where they
// or the rows cannot be read.
Outcome check(const std::string& columns, const std::string& conditions,
              const std::vector<Row>& rows);

}  // namespace backcast::focus
