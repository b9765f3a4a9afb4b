// Price books as users name them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "costmodel/book/price_book.h"

namespace backcast::scenario {

// A file, or the name of a book that ships with the program: "zilliz". Errors: kNotFound with the
// names there are; as load_price_book.
Result<cost::PriceBook, Errors> open_price_book(const std::string& name);
// The text of such a book, comments and all: what a user edits. Errors: as open_price_book.
Result<std::string, Errors> price_book_text(const std::string& name);
// Several as one, with the files of rates among them given to the books they are for, in the
// currency of the exchange rates if there are any: "1 EUR = 1.0842 USD, 2026-10-01, ECB reference
// rate".
Result<std::shared_ptr<const cost::PriceBook>, Errors> open_price_books(
    const std::vector<std::string>& names, const std::vector<std::string>& exchange_rates);

}  // namespace backcast::scenario
