#include "scenarios/load/price_books.h"

#include <fmt/format.h>

#include <filesystem>

#include "costmodel/book/exchange.h"
#include "costmodel/book/rates.h"
#include "engine/base/errors.h"
#include "engine/base/text.h"
#include "scenarios/document/shipped.h"

namespace backcast::scenario {

namespace {

constexpr std::uint64_t kMaxBookBytes = 64 << 20;

struct Named {
  std::string text;
  Document document;
};

// The file of that name, or else the book that ships under it.
Result<Named> find(const std::string& name) {
  const auto shipped = shipped_text("prices/" + name + ".json");
  std::error_code ignored;
  if (shipped && !std::filesystem::exists(name, ignored)) {
    BACKCAST_TRY(Document document, Document::parse(*shipped, name));
    return Named{std::string(*shipped), std::move(document)};
  }
  auto text = read_text_file(name, kMaxBookBytes);
  if (text.ok()) {
    BACKCAST_TRY(Document document, Document::parse_file(*text, name));
    return Named{*std::move(text), std::move(document)};
  }
  Error error = text.error();
  if (error.code == Errc::kNotFound) {
    error.code = Errc::kBadInput;
    error.message = "no price book " + printable(name);
    error.hint = fmt::format("give a file, or one of {}", fmt::join(shipped_names("prices"), ", "));
  }
  return error;
}

}  // namespace

Result<cost::PriceBook, Errors> open_price_book(const std::string& name) {
  BACKCAST_TRY(const Named named, all_errors(find(name)));
  return cost::load_price_book(named.document);
}

Result<std::string, Errors> price_book_text(const std::string& name) {
  BACKCAST_TRY(Named named, all_errors(find(name)));
  BACKCAST_TRY(const cost::PriceBook book, cost::load_price_book(named.document));
  return std::move(named.text);
}

Result<std::shared_ptr<const cost::PriceBook>, Errors> open_price_books(
    const std::vector<std::string>& names, const std::vector<std::string>& exchange_rates) {
  std::vector<cost::PriceBook> books;
  std::vector<Document> given;  // files of rates
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
  const auto keep = [&](const Errors& more) {
    errors.insert(errors.end(), more.begin(), more.end());
  };
  for (const std::string& name : names) {
    auto named = find(name);
    if (!named.ok()) {
      keep({named.error()});
    } else if (cost::is_rates(named->document)) {
      given.push_back(std::move(named->document));
    } else if (auto book = cost::load_price_book(named->document); book.ok()) {
      books.push_back(*std::move(book));
    } else {
      keep(book.error());
    }
  }
  if (!errors.empty()) return errors;
  if (books.empty()) {
    return Errors{bad_input("rates alone are no price book", "give the book they are for as well")};
  }
  for (const Document& document : given) {
    std::vector<cost::NamedBook> named;
    for (cost::PriceBook& book : books) named.push_back({&book, ""});
    auto said = cost::give_rates(named, document);
    if (!said.ok()) {
      keep(said.error());
      continue;
    }
    auto& stated = books.front().stated;
    stated.insert(stated.end(), said->begin(), said->end());
  }
  if (!errors.empty()) return errors;
  auto merged = cost::merge(std::move(books), rates);
  if (!merged.ok()) return merged.error();
  return std::make_shared<const cost::PriceBook>(*std::move(merged));
}

}  // namespace backcast::scenario
