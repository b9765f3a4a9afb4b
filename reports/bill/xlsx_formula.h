// Texts and formulas of the exported workbook.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "costmodel/bill/invoice.h"

namespace backcast::reports {

// "B7": column 1 of row 6, both from 0.
std::string cell_name(std::uint16_t column, std::size_t row);
// What a cell can hold: valid UTF-8 of at most 32,000 bytes; the rest is shown escaped.
std::string text_for_cell(const std::string& text);
// A text as it stands in a formula.
std::string quoted_for_formula(const std::string& text);
// The expression rounded as the book rounds its lines.
std::string rounded(const cost::Rounding& rounding, const std::string& expression);

// What the column Meter says of a line: its meter, or those that it relieves.
std::string meter_of(const cost::PriceBook& book, const cost::InvoiceLine& line);
// Every text that this column has for lines of these meters alone.
std::set<std::string> names_within(const cost::PriceBook& book,
                                   const std::vector<std::size_t>& meters);

}  // namespace backcast::reports
