// A price book of one rate, for questions that need a price and no vendor.
#pragma once

#include <memory>
#include <string_view>

#include "costmodel/book/price_book.h"
#include "engine/base/error.h"

namespace backcast::study {

// "0.02 USD": stored bytes at that per GB (10^9 bytes) and 30 days, and nothing else costs
// anything. Errors: kBadInput for anything but a decimal that is not negative and a currency.
Result<std::shared_ptr<const cost::PriceBook>, Errors> rate_book(std::string_view text);

}  // namespace backcast::study
