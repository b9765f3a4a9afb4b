#include "histories/inventory/amounts.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "engine/base/text.h"
#include "histories/inventory/numbers.h"

namespace backcast::inventory {
namespace {

// Beyond this, two sizes of one thing are not in the units that they are said to be in.
constexpr std::uint64_t kSizesApart = 1'000'000;

bool is_size(Field field) {
  return field == Field::kSize || field == Field::kUsed;
}

// "1,500" as one thousand five hundred, and as one and a half.
std::string whole_of(std::string number) {
  std::erase_if(number, [](char c) { return c == ',' || c == '.'; });
  return number;
}
std::string fraction_of(std::string number) {
  std::replace(number.begin(), number.end(), ',', '.');
  while (number.ends_with('0')) number.pop_back();
  if (number.ends_with('.')) number.pop_back();
  return number;
}

}  // namespace

Amounts::Amounts(const ReadOptions& options, const std::vector<Row>& rows, const Columns& columns)
    : options_(options), rows_(rows), columns_(columns) {
  const std::size_t used = columns.find(Field::kUsed);
  size_ = used < columns.all.size() ? used : columns.find(Field::kSize);
  decimals_.assign(columns.all.size(), Decimal::kPoint);
  check_unit(size_);
  for (std::size_t c = 0; c < columns.all.size(); ++c) {
    const Field field = columns.all[c].field;
    if (is_size(field) || field == Field::kGrowth || field == Field::kChange) settle(c);
  }
}

Error Amounts::fault(const Row& row, std::string message, std::string hint) const {
  return {Errc::kBadInput, std::move(message), {options_.name, "", row.line, 0}, std::move(hint)};
}

void Amounts::check_unit(std::size_t c) {
  const Column& column = columns_.all[c];
  if (column.unit > 0) return;
  std::size_t numbers = 0;
  const Row* first = nullptr;
  for (const Row& row : rows_) {
    const Amount amount = amount_of(row.cells[c]);
    if (reading_of(amount.number) == Reading::kBad) continue;
    if (++numbers && !amount.unit.empty()) return;  // single cells without one are left out
    if (first == nullptr) first = &row;
  }
  if (first == nullptr) return;
  errors_.push_back(fault(
      *first,
      fmt::format("{} under {} has no unit", printable(first->cells[c]), printable(column.heading)),
      "write it in the heading, such as Size (GB), or in each cell"));
}

// What the commas and points of a column are.
void Amounts::settle(std::size_t c) {
  const Column& column = columns_.all[c];
  std::size_t points = 0, commas = 0;
  const Row* first = nullptr;
  for (const Row& row : rows_) {
    const Reading reading = reading_of(amount_of(row.cells[c]).number);
    points += reading == Reading::kPoint ? 1 : 0;
    commas += reading == Reading::kComma ? 1 : 0;
    if (reading == Reading::kAmbiguous && first == nullptr) first = &row;
  }
  if (first == nullptr) return;
  if (!column.has_fractions) {
    whole_.push_back(c);
    return;
  }
  if (options_.decimal != Decimal::kUnknown) {
    decimals_[c] = options_.decimal;
  } else if ((points > 0) != (commas > 0)) {
    decimals_[c] = points > 0 ? Decimal::kPoint : Decimal::kComma;
  } else {
    return refuse_both(*first, c, points > 0);
  }
  const std::string& cell = first->cells[c];
  notes_.push_back(fmt::format("{} under {} is read as {}", printable(cell),
                               printable(column.heading), number_of(c, amount_of(cell).number)));
}

void Amounts::refuse_both(const Row& row, std::size_t c, bool differ) {
  const std::string number = amount_of(row.cells[c]).number;
  errors_.push_back(
      fault(row,
            fmt::format("{} under {} can be {} or {}: {}", printable(row.cells[c]),
                        printable(columns_.all[c].heading), whole_of(number), fraction_of(number),
                        differ ? "other cells of the column write both ways"
                               : "no other cell of the column tells which"),
            "say --decimal comma or --decimal point, or write the number without the separator"));
}

std::string Amounts::number_of(std::size_t c, const std::string& number) const {
  // Of whole numbers a comma or point parts thousands, whichever stands there.
  const bool is_whole = std::find(whole_.begin(), whole_.end(), c) != whole_.end() &&
                        reading_of(number) == Reading::kAmbiguous;
  return is_whole ? whole_of(number) : plain_number(number, decimals_[c]);
}

Result<std::uint64_t> Amounts::size_in(const Row& row, std::size_t c) const {
  const Column& column = columns_.all[c];
  const auto refuse = [&](const char* what, std::string hint) {
    return bad_input(
        fmt::format("{} under {} {}", printable(row.cells[c]), printable(column.heading), what),
        std::move(hint));
  };
  const Amount amount = amount_of(row.cells[c]);
  if (reading_of(amount.number) == Reading::kBad) {
    return refuse("is not a size", "write a size such as 20 GB");
  }
  std::uint64_t unit = column.unit;
  if (!amount.unit.empty()) {
    const auto own = unit_bytes(amount.unit);
    if (!own) {
      return refuse("has an unknown unit",
                    "units are B, kB, MB, GB, TB, PB (powers of 1000) and KiB to PiB");
    }
    unit = *own;
  }
  if (unit == 0) return refuse("has no unit", "write the unit in the heading or in the cell");
  return bytes_of(number_of(c, amount.number), unit);
}

Result<Shares> Amounts::shares_of(const Row& row) const {
  Shares shares;
  for (std::size_t c = 0; c < columns_.all.size(); ++c) {
    const Field field = columns_.all[c].field;
    if (field != Field::kGrowth && field != Field::kChange) continue;
    if (row.cells[c].empty()) continue;
    BACKCAST_TRY(std::string text, share_in(row, c));
    (field == Field::kGrowth ? shares.growth : shares.change) = std::move(text);
  }
  return shares;
}

Result<std::string> Amounts::share_in(const Row& row, std::size_t c) const {
  const Column& column = columns_.all[c];
  const bool is_growth = column.field == Field::kGrowth;
  const auto refuse = [&](const char* what) {
    return bad_input(
        fmt::format("{} under {} is {}", printable(row.cells[c]), printable(column.heading), what),
        is_growth ? "write 20% (a year) or 5 GB/day" : "write 1% (of the data, a day)");
  };
  const Amount amount = amount_of(row.cells[c]);
  if (reading_of(amount.number) == Reading::kBad) return refuse("no number");
  const std::string number = number_of(c, amount.number);
  const std::string_view unit = amount.unit;
  if (unit.starts_with('%') || (unit.empty() && column.is_share)) {
    if (is_growth && column.is_per_day) return refuse("a share a day");
    return number + "%";
  }
  const std::string_view size = trim(unit.substr(0, std::min(unit.find('/'), unit.size())));
  const auto bytes =
      unit.empty() && column.unit > 0 ? std::optional(column.unit) : unit_bytes(size);
  if (bytes && is_growth) {
    const bool is_daily = column.is_per_day || unit.ends_with("/day") || unit.ends_with("/d");
    if (!is_daily) return refuse("a size without the time it takes");
    BACKCAST_TRY(const std::uint64_t per_day, bytes_of(number, *bytes));
    return fmt::format("{} B/day", per_day);
  }
  // A share written as 0.2; more than the whole is a percentage without its sign.
  if (unit.empty() && (number.starts_with("0") || number.starts_with("."))) return number;
  return refuse("neither a percentage nor a share below 1");
}

Status Amounts::check_apart(const Row& row, std::uint64_t size) const {
  for (std::size_t c = 0; c < columns_.all.size(); ++c) {
    if (c == size_ || !is_size(columns_.all[c].field) || row.cells[c].empty()) continue;
    const auto other = size_in(row, c);
    if (!other.ok() || *other == 0 || size == 0) continue;
    if (std::max(size, *other) / std::min(size, *other) < kSizesApart) continue;
    return bad_input(
        fmt::format("{} under {} and {} under {} are a million times apart",
                    printable(row.cells[size_]), printable(columns_.all[size_].heading),
                    printable(row.cells[c]), printable(columns_.all[c].heading)),
        "write in each heading the unit that its cells are in");
  }
  return kOk;
}

}  // namespace backcast::inventory
