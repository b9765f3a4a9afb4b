// Prices of one currency on a bill in another: only at a rate that somebody gave, with its date and
// source, and told on the invoice.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "costmodel/book/price_book.h"

namespace backcast::cost {

// 1 unit of `from` costs `rate` units of `to`.
struct ExchangeRate {
  Currency from, to;
  Decimal rate;  // above 0, at most 6 digits after the point
  std::string date, source;
};

// Reads "1 EUR = 1.0842 USD, 2026-10-01, ECB reference rate". Errors: kBadInput for anything else;
// date and source must be there.
Result<ExchangeRate> parse_exchange_rate(std::string_view text);
std::string to_string(const ExchangeRate& rate);

// The book in the rate's currency: every price, fee and credit × rate, rounded half up to 12
// decimals. The rate stands in every row's source and in the book's notes. Errors: kBadInput for a
// book in another currency than `from`, or a price beyond 10^9 afterwards.
Result<PriceBook> convert(PriceBook book, const ExchangeRate& rate);

// One book out of several. Those that are not in the currency of the rates are converted; without
// rates all must be in one currency. Errors: as `convert` and `merge`; rates into two currencies; a
// currency without a rate, a rate that no book needs.
Result<PriceBook, Errors> merge(std::vector<PriceBook> books,
                                const std::vector<ExchangeRate>& rates);

}  // namespace backcast::cost
