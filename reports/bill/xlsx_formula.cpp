#include "reports/bill/xlsx_formula.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace backcast::reports {
namespace {

std::string joined(const cost::PriceBook& book, const std::vector<std::size_t>& meters) {
  std::string names;
  for (const std::size_t meter : meters) {
    names += (names.empty() ? "" : " + ") + book.meters[meter].name;
  }
  return names;
}

// Spreadsheets have no such function: a tie, seen to a millionth of the last digit, goes to the
// even neighbour.
std::string rounded_half_even(int decimals, const std::string& expression) {
  const std::string power = fmt::format("10^{}", decimals);
  const std::string digits = fmt::format("ROUND(ABS({})*{},6)", expression, power);
  return fmt::format("SIGN({0})*IF(MOD({1},1)=0.5,2*ROUND({1}/2,0),ROUND({1},0))/{2}", expression,
                     digits, power);
}

}  // namespace

std::string cell_name(std::uint16_t column, std::size_t row) {
  return fmt::format("{}{}", static_cast<char>('A' + column), row + 1);
}

std::string text_for_cell(const std::string& text) {
  constexpr std::size_t kMaxCellText = 32'000;
  if (is_valid_utf8(text) && text.size() <= kMaxCellText) return text;
  return printable(text, kMaxCellText);
}

std::string quoted_for_formula(const std::string& text) {
  std::string out = "\"";
  for (const char c : text_for_cell(text)) {
    out += c;
    if (c == '"') out += c;
  }
  return out + '"';
}

std::string rounded(const cost::Rounding& rounding, const std::string& expression) {
  if (rounding.mode == cost::RoundingMode::kHalfEven) {
    return rounded_half_even(rounding.decimals, expression);
  }
  const char* const function = rounding.mode == cost::RoundingMode::kUp     ? "ROUNDUP"
                               : rounding.mode == cost::RoundingMode::kDown ? "ROUNDDOWN"
                                                                            : "ROUND";
  return fmt::format("{}({},{})", function, expression, rounding.decimals);
}

std::string meter_of(const cost::PriceBook& book, const cost::InvoiceLine& line) {
  if (line.meter != cost::kNone) return book.meters[line.meter].name;
  return line.adjustment == cost::kNone ? ""
                                        : joined(book, book.adjustments[line.adjustment].meters);
}

std::set<std::string> names_within(const cost::PriceBook& book,
                                   const std::vector<std::size_t>& meters) {
  const std::set<std::size_t> wanted(meters.begin(), meters.end());
  std::set<std::string> names;
  for (const std::size_t meter : meters) names.insert(book.meters[meter].name);
  for (const cost::Adjustment& one : book.adjustments) {
    const std::set<std::size_t> own(one.meters.begin(), one.meters.end());
    const bool is_within =
        !own.empty() && std::includes(wanted.begin(), wanted.end(), own.begin(), own.end());
    if (is_within) names.insert(joined(book, one.meters));
  }
  return names;
}

}  // namespace backcast::reports
