// The sizes and shares of a table's cells: what a comma is in each column, and the units.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "histories/inventory/columns.h"
#include "histories/inventory/inventory.h"
#include "histories/inventory/table.h"

namespace backcast::inventory {

struct Shares {
  std::string growth, change;  // as Item
};

// Reads the cells of rows that are as wide as the columns. All that is given must outlive it.
class Amounts {
 public:
  Amounts(const ReadOptions& options, const std::vector<Row>& rows, const Columns& columns);

  // The column that says how large each is.
  std::size_t size_column() const { return size_; }
  // What the columns as a whole leave open: a number that can be two, sizes without a unit.
  const Errors& errors() const { return errors_; }
  // How ambiguous cells were read, a line each.
  const std::vector<std::string>& notes() const { return notes_; }

  // Errors: no number, no unit, too large.
  Result<std::uint64_t> size_of(const Row& row) const { return size_in(row, size_); }
  Result<Shares> shares_of(const Row& row) const;
  // Errors: two sizes of one row that cannot both be meant.
  Status check_apart(const Row& row, std::uint64_t size) const;

 private:
  void settle(std::size_t column);
  void check_unit(std::size_t column);
  void refuse_both(const Row& row, std::size_t column, bool differ);
  std::string number_of(std::size_t column, const std::string& number) const;
  Result<std::uint64_t> size_in(const Row& row, std::size_t column) const;
  Result<std::string> share_in(const Row& row, std::size_t column) const;
  Error fault(const Row& row, std::string message, std::string hint) const;

  const ReadOptions& options_;
  const std::vector<Row>& rows_;
  const Columns& columns_;
  std::size_t size_ = 0;
  std::vector<Decimal> decimals_;   // by column
  std::vector<std::size_t> whole_;  // columns of whole numbers
  std::vector<std::string> notes_;
  Errors errors_;
};

}  // namespace backcast::inventory
