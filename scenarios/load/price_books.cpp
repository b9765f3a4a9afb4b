#include "scenarios/load/price_books.h"

#include <fmt/format.h>

#include <filesystem>

#include "costmodel/book/exchange.h"
#include "engine/base/text.h"
#include "scenarios/document/shipped.h"

namespace backcast::scenario {

Result<cost::PriceBook, Errors> open_price_book(const std::string& name) {
  const auto shipped = shipped_text("prices/" + name + ".json");
  std::error_code ignored;
  if (shipped && !std::filesystem::exists(name, ignored)) {
    auto document = Document::parse(*shipped, name);
    if (!document.ok()) return Errors{document.error()};
    return cost::load_price_book(*document);
  }
  auto document = Document::read(name);
  if (document.ok()) return cost::load_price_book(*document);
  Error error = document.error();
  if (error.code == Errc::kNotFound) {
    error.code = Errc::kBadInput;
    error.message = "no price book " + printable(name);
    error.hint = fmt::format("give a file, or one of {}", fmt::join(shipped_names("prices"), ", "));
  }
  return Errors{std::move(error)};
}

Result<std::shared_ptr<const cost::PriceBook>, Errors> open_price_books(
    const std::vector<std::string>& names, const std::vector<std::string>& exchange_rates) {
  std::vector<cost::PriceBook> books;
  std::vector<cost::ExchangeRate> rates;
  Errors errors;
  for (const std::string& text : exchange_rates) {
    auto rate = cost::parse_exchange_rate(text);
    if (rate.ok()) {
      rates.push_back(*std::move(rate));
    } else {
      errors.push_back(rate.error());
    }
  }
  for (const std::string& name : names) {
    auto book = open_price_book(name);
    if (book.ok()) {
      books.push_back(*std::move(book));
    } else {
      errors.insert(errors.end(), book.error().begin(), book.error().end());
    }
  }
  if (!errors.empty()) return errors;
  auto merged = cost::merge(std::move(books), rates);
  if (!merged.ok()) return merged.error();
  return std::make_shared<const cost::PriceBook>(*std::move(merged));
}

}  // namespace backcast::scenario
