#include "library/bill.h"

#include <fstream>

#include "costmodel/bill/showback.h"
#include "costmodel/bill/usage_bill.h"
#include "library/problems.h"
#include "scenarios/load/price_books.h"

namespace backcast {

Bill library::bill_of(const cost::Invoice& invoice) {
  const cost::PriceBook& book = *invoice.book;
  Bill bill{cost::to_string(invoice.total().amount, 2),
            std::string(book.currency.code()),
            {},
            invoice.assumptions,
            {}};
  for (const cost::MissingPrice& missing : invoice.missing) {
    bill.missing.push_back(missing.what + ": " + missing.amount);
  }
  for (const cost::InvoiceLine& line : invoice.lines) {
    BillLine& told = bill.lines.emplace_back();
    told.month = cost::format_month(line.month);
    told.category = cost::to_string(line.category);
    told.description = line.description;
    told.quantity = cost::to_string(line.quantity);
    told.rate = cost::to_string(line.rate.trimmed());
    told.amount = cost::to_string(line.amount);
    if (line.group != cost::kNone) {
      const cost::UsageGroup& group = invoice.groups[line.group];
      told.project = group.project;
      told.service = group.service;
      told.region = group.region;
      told.to_region = group.peer_region;
    }
    if (line.meter != cost::kNone) {
      told.meter = book.meters[line.meter].name;
      told.unit = book.meters[line.meter].unit;
    }
    if (line.row != cost::kNone) {
      told.price_row = book.rows[line.row].id;
      told.source = book.rows[line.row].source;
    }
  }
  return bill;
}

Expected<Bill> bill_usage(const std::string& usage_file,
                          const std::vector<std::string>& price_books,
                          const std::vector<std::string>& options) {
  auto book = scenario::open_price_books(price_books, {});
  if (!book.ok()) return library::problems_of(book.error());
  std::ifstream file(usage_file, std::ios::binary);
  if (!file) return library::problems_of(bad_input("cannot open usage file " + usage_file));
  const auto invoice =
      cost::bill_usage(file, usage_file, *book, {.options = {options.begin(), options.end()}});
  if (!invoice.ok()) return library::problems_of(invoice.error());
  return library::bill_of(*invoice);
}

}  // namespace backcast
