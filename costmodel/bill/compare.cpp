#include "costmodel/bill/compare.h"

#include <fmt/format.h>

#include <map>
#include <tuple>

namespace backcast::cost {
namespace {

auto names_of(const UsageGroup& g) {
  return std::tie(g.project, g.service, g.region, g.peer_region, g.storage_class, g.backup_kind,
                  g.operation, g.tags, g.provider);
}

struct Key {
  std::chrono::year_month month;
  ChargeCategory category;
  UsageGroup group;
  std::string charge;
  friend bool operator<(const Key& a, const Key& b) {
    if (a.month != b.month) return a.month < b.month;
    if (a.category != b.category) return a.category < b.category;
    if (names_of(a.group) != names_of(b.group)) return names_of(a.group) < names_of(b.group);
    return a.charge < b.charge;
  }
};

}  // namespace

Result<std::vector<CompareRow>> compare(const Invoice& left, const Invoice& right) {
  if (left.total().currency != right.total().currency) {
    return bad_input(fmt::format("one invoice is in {}, the other in {}",
                                 left.total().currency.code(), right.total().currency.code()),
                     "bill both with price books of one currency");
  }
  std::map<Key, CompareRow> rows;
  for (const bool is_right : {false, true}) {
    const Invoice& invoice = is_right ? right : left;
    for (const InvoiceLine& line : invoice.lines) {
      // Whose bill it is on, however the usage calls the provider.
      const bool is_of_several = invoice.book->accounts.size() > 1;
      const std::string account =
          is_of_several ? invoice.book->accounts[line.account].name : std::string();
      Key key{line.month, line.category, {}, line.description};
      std::string unit;
      if (line.group != kNone) {
        key.group = invoice.groups[line.group];
        unit = invoice.book->meters[line.meter].unit;
        key.charge = invoice.book->meters[line.meter].name;
        if (!key.group.operation.empty()) key.charge += ": " + key.group.operation;
        if (line.description == "early deletion") key.charge += ", early deletion";
      } else if (is_of_several) {
        key.charge = account + ": " + key.charge;
      }
      key.group.provider = account;
      CompareRow& row = rows[key];
      row.month = key.month;
      row.group = key.group;
      row.charge = key.charge;
      row.unit = unit;
      (is_right ? row.right : row.left) += line.amount;
      Quantity& sum = is_right ? row.right_quantity : row.left_quantity;
      sum = sum + line.quantity;
    }
  }
  std::vector<CompareRow> result;
  for (auto& [key, row] : rows) result.push_back(std::move(row));
  return result;
}

std::vector<VarianceRow> compare(const Invoice& left, const Invoice& right,
                                 std::span<const Dimension> dimensions) {
  std::map<std::vector<std::string>, VarianceRow> rows;
  for (const ShowbackRow& row : showback(left, dimensions)) {
    rows[row.values].left = row.total();
  }
  for (const ShowbackRow& row : showback(right, dimensions)) {
    rows[row.values].right = row.total();
  }
  std::vector<VarianceRow> result;
  for (auto& [values, row] : rows) {
    row.values = values;
    result.push_back(std::move(row));
  }
  return result;
}

}  // namespace backcast::cost
