#include "costmodel/bill/invoice.h"

namespace backcast::cost {

std::string_view to_string(ChargeCategory category) {
  constexpr std::string_view kNames[] = {"usage",  "purchase", "discount",
                                         "credit", "tax",      "adjustment"};
  return kNames[static_cast<int>(category)];
}

Decimal Invoice::sum(const std::function<bool(const InvoiceLine&)>& wanted) const {
  Decimal total;
  for (const InvoiceLine& line : lines) {
    if (wanted(line)) total += line.amount;
  }
  return total;
}

std::optional<Money> Invoice::own_total(std::uint32_t account) const {
  std::optional<Money> total;
  for (const OwnTotal& own : own_totals) {
    if (own.account != account) continue;
    if (!total) total = Money{{}, book->accounts[account].currency};
    total->amount += own.amount;
  }
  return total;
}

Money Invoice::total() const {
  return {sum([](const InvoiceLine&) { return true; }), book ? book->currency : Currency()};
}

}  // namespace backcast::cost
