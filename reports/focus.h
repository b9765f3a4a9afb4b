// FOCUS: the FinOps Open Cost and Usage Specification 1.2, as CSV, with the two provider columns
// that version 1.3 makes mandatory and x_ columns for what FOCUS has no name for.
//
// Consumers multiply ListUnitPrice by PricingQuantity in binary floating point and compare with
// ListCost without tolerance, so ListCost and ContractedCost are that product to the last bit;
// BilledCost is the exact decimal of the invoice line, and x_ExactPricingQuantity a fraction.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "costmodel/invoice.h"

namespace backcast::reports {

struct FocusOptions {
  std::string billing_account_id;    // default: the price book's name
  std::string billing_account_name;  // default: its provider
};

// Writes the header and one row per invoice line to `write`, in pieces of about 64 KiB; memory
// does not grow with the invoice. Columns that are null in every backup bill are left out:
// commitment discounts, capacity reservations, availability zones.
void write_focus_csv(const cost::Invoice& invoice, const FocusOptions& options,
                     const std::function<void(std::string_view)>& write);

}  // namespace backcast::reports
