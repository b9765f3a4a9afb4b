// The bill of a usage file, as a whole or month after month, and the months that are asked for.
#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <memory>
#include <optional>
#include <string>

#include "costmodel/bill/invoice.h"

namespace backcast::cost {

// "2026-01"; nothing for any other text.
std::optional<std::chrono::year_month> parse_month(const std::string& text);

// "2026-01..2026-12", or one month. Errors: kBadInput.
struct Period {
  std::chrono::year_month first{}, last{};
};
Result<Period> parse_period(const std::string& text);

// Leaves the lines of that month, and what is missing in it, "2026-01".
void keep_month(Invoice& invoice, const std::string& month);

// Errors: as read_usage and Biller.
Result<Invoice, Errors> bill_usage(std::istream& usage, const std::string& name,
                                   std::shared_ptr<const PriceBook> book,
                                   const BillOptions& options);

// Bills usage whose records come in order of their months, without holding more than one month of
// it: each invoice is handed on as soon as it is complete, the last one with the assumptions of
// all. False if the usage is not in that order: bill it as a whole. Errors: as read_usage, Biller
// and `sink`.
Result<bool, Errors> bill_by_month(std::istream& usage, const std::string& name,
                                   std::shared_ptr<const PriceBook> book,
                                   const BillOptions& options,
                                   const std::function<Status(Invoice&)>& sink);

}  // namespace backcast::cost
