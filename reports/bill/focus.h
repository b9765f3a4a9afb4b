// FOCUS: the FinOps Open Cost and Usage Specification 1.2, as CSV, with the two provider columns
// that version 1.3 makes mandatory and x_ columns for what FOCUS has no name for.
//
// Consumers multiply ListUnitPrice by PricingQuantity in binary floating point and compare with
// ListCost without tolerance, so ListCost and ContractedCost are that product to the last bit;
// BilledCost is the exact decimal of the invoice line, and x_ExactPricingQuantity a fraction.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "costmodel/bill/invoice.h"

namespace backcast::reports {

struct FocusOptions {
  std::string billing_account_id;    // default: the price book's name
  std::string billing_account_name;  // default: its provider
};

// Writes FOCUS rows to `write` in pieces of about 64 KiB; memory does not grow with the rows.
// Several invoices of one price book make one file: a bill that is made month by month. Columns
// that are null in every backup bill are left out: capacity reservations, availability zones.
class FocusWriter {
 public:
  using Write = std::function<Status(std::string_view)>;
  FocusWriter(std::shared_ptr<const cost::PriceBook> book, const FocusOptions& options,
              Write write);
  FocusWriter(FocusWriter&&) noexcept;
  ~FocusWriter();

  // One row per line. Errors: those of `write`.
  Status add(const cost::Invoice& invoice);
  Status finish();  // writes what is left

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The file of one invoice.
Status write_focus_csv(const cost::Invoice& invoice, const FocusOptions& options,
                       const FocusWriter::Write& write);

}  // namespace backcast::reports
