#include "study/history/rate_book.h"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "costmodel/book/money.h"
#include "engine/base/errors.h"
#include "engine/base/text.h"

namespace backcast::study {

Result<std::shared_ptr<const cost::PriceBook>, Errors> rate_book(std::string_view text) {
  const std::string hint = "such as \"0.02 USD\", per GB and 30 days";
  const std::string_view whole = trim(text);
  const std::size_t space = std::min(whole.find(' '), whole.size());
  const auto amount = cost::Decimal::parse(whole.substr(0, space));
  const auto currency = cost::Currency::parse(trim(whole.substr(space)));
  if (!amount.ok() || !currency.ok() || *amount < cost::Decimal()) {
    return Errors{bad_input(printable(text) + " is not a rate", hint)};
  }
  const nlohmann::json meter = {{"name", "storage"},
                                {"kind", "storage"},
                                {"unit", "GB-Months"},
                                {"size", "1 GB"},
                                {"per", "30d"}};
  const nlohmann::json price = {{"service", "storage"},
                                {"meter", "storage"},
                                {"price", std::string(whole.substr(0, space))},
                                {"source", "the rate that was given"},
                                {"as_of", "2026-01-01"},
                                {"certainty", "high"}};
  const nlohmann::json book = {{"backcast_prices", 1},
                               {"name", "rate"},
                               {"provider", "rate"},
                               {"title", "One rate"},
                               {"as_of", "2026-01-01"},
                               {"currency", std::string(currency->code())},
                               {"meters", nlohmann::json::array({meter})},
                               {"prices", nlohmann::json::array({price})}};
  auto document = Document::parse(book.dump(), "rate");
  if (!document.ok()) return Errors{std::move(document).error()};
  auto made = cost::load_price_book(*document);
  if (!made.ok()) return std::move(made).error();
  return std::shared_ptr<const cost::PriceBook>(
      std::make_shared<cost::PriceBook>(std::move(*made)));
}

}  // namespace backcast::study
