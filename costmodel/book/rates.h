// Rates that a user gives beside published price books: of rows that nobody published, of regions
// and classes that a book does not have, and negotiated ones. A scenario has them in "prices"; a
// file of its own is
//   {"backcast_rates": 1, "name": "contract-2026", "price_book": "aws", "prices": […]}
// and both have entries of one form, docs/billing.md.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <utility>
#include <vector>

#include "costmodel/book/price_book.h"
#include "engine/base/document.h"

namespace backcast::cost {

// Whether the document is a file of rates, and no price book.
bool is_rates(const Document& document);

// The books that rates may speak of, each with another name for it, or "": the path by which a
// scenario asks for it.
struct NamedBook {
  PriceBook* book = nullptr;
  std::string also;
};

// Gives the books the rates of a list of entries, in their order. Back come sentences that say what
// is now the user's own figure. `whose` says who gives them: "the scenario", "contract-2026".
// Errors: every fault, each with pointer and line; the books are then half changed.
Result<std::vector<std::string>, Errors> give_rates(const std::vector<NamedBook>& books,
                                                    const Document& document,
                                                    const nlohmann::json& entries,
                                                    const std::string& pointer,
                                                    const std::string& whose);
// The same of a file of rates. Errors: also of its head.
Result<std::vector<std::string>, Errors> give_rates(const std::vector<NamedBook>& books,
                                                    const Document& document);

}  // namespace backcast::cost
