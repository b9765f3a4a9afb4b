// The price books of a scenario as one, with the rates it assumes filled in.
#include <fmt/format.h>

#include <algorithm>

#include "costmodel/book/exchange.h"
#include "costmodel/book/rates.h"
#include "engine/base/text.h"
#include "scenarios/document/shipped.h"
#include "scenarios/document/size_csv.h"
#include "scenarios/load/build.h"

namespace backcast::scenario {
namespace {

std::string names_of(const std::vector<cost::PriceBook>& books) {
  std::string names;
  for (const cost::PriceBook& book : books) names += (names.empty() ? "" : "+") + book.name;
  return names;
}

// The rates that the scenario gives itself, or by the files it names.
void give_rates(Loaded& loaded, std::vector<cost::PriceBook>& books, Errors& errors) {
  std::vector<cost::NamedBook> named;
  for (std::size_t b = 0; b < books.size(); ++b) {
    named.push_back({&books[b], loaded.pricing.books[b].name});
  }
  const auto take = [&](Result<std::vector<std::string>, Errors> given) {
    if (!given.ok()) {
      errors.insert(errors.end(), given.error().begin(), given.error().end());
      return;
    }
    auto& all = loaded.scenario.assumptions;
    all.insert(all.end(), given->begin(), given->end());
  };
  for (const Pricing::Book& file : loaded.pricing.rates) {
    const auto document = Document::read(beside(loaded.document.name(), file.name));
    if (!document.ok()) {
      Error error = document.error();
      error.where = loaded.document.locate(file.pointer);
      errors.push_back(std::move(error));
    } else if (!cost::is_rates(*document)) {
      errors.push_back(
          {Errc::kBadInput, printable(file.name) + " is not a file of rates",
           loaded.document.locate(file.pointer),
           "begin it with \"backcast_rates\": 1; a price book goes into \"price_book\""});
    } else {
      take(cost::give_rates(named, *document));
    }
  }
  const auto& root = loaded.document.root();
  if (!root.contains("prices")) return;
  take(cost::give_rates(named, loaded.document, root.at("prices"), "/prices", "the scenario"));
}

void check_options(const Loaded& loaded, const std::vector<cost::PriceBook>& books,
                   Faults& faults) {
  std::set<std::string> all;
  for (const cost::PriceBook& book : books) all.insert(book.options.begin(), book.options.end());
  for (std::size_t i = 0; i < loaded.pricing.options.size(); ++i) {
    const std::string& option = loaded.pricing.options[i];
    if (all.contains(option)) continue;
    faults.add(fmt::format("/price_options/{}", i),
               fmt::format("the price book {} has no option \"{}\"", names_of(books), option),
               did_you_mean(option, std::vector<std::string>(all.begin(), all.end())));
  }
}

// Books of one currency become one bill; of others only at a rate that the scenario states.
Result<cost::PriceBook, Errors> merge(const Loaded& loaded, std::vector<cost::PriceBook> books) {
  Faults faults(loaded.document);
  std::vector<cost::ExchangeRate> rates;
  for (std::size_t i = 0; i < loaded.pricing.exchange_rates.size(); ++i) {
    auto rate = cost::parse_exchange_rate(loaded.pricing.exchange_rates[i]);
    if (rate.ok()) {
      rates.push_back(*std::move(rate));
    } else {
      faults.add(fmt::format("/exchange/{}", i), std::move(rate).error());
    }
  }
  if (faults.any()) return faults.take();
  const cost::PriceBook& first = books.front();
  const auto other = std::find_if(books.begin(), books.end(), [&](const cost::PriceBook& book) {
    return book.currency != first.currency;
  });
  if (rates.empty() && other != books.end()) {
    faults.add(loaded.pricing.books[static_cast<std::size_t>(other - books.begin())].pointer,
               fmt::format("price book {} is in {}, {} in {}", first.name, first.currency.code(),
                           other->name, other->currency.code()),
               fmt::format("state the rate, its date and source: \"exchange\": [\"1 {} = … {}, "
                           "2026-10-01, SOURCE\"]; or bill the services in scenarios apart",
                           other->currency.code(), first.currency.code()));
    return faults.take();
  }
  auto merged = cost::merge(std::move(books), rates);
  if (merged.ok()) return merged;
  const std::string pointer = rates.empty() ? loaded.pricing.books.back().pointer : "/exchange";
  for (Error& error : merged.error()) {
    constexpr std::string_view kOption = "--exchange";  // of `price`; here it is a field
    const auto at = error.hint.find(kOption);
    if (at != std::string::npos) error.hint.replace(at, kOption.size(), "\"exchange\"");
    faults.add(pointer, std::move(error));
  }
  return faults.take();
}

}  // namespace

Result<Document, Errors> find_book(const Document& scenario, const Pricing::Book& book) {
  const auto whole = [](Result<Document> document) -> Result<Document, Errors> {
    if (!document.ok()) return Errors{std::move(document).error()};
    return std::move(document).value();
  };
  if (is_path(book.name)) return whole(Document::read(beside(scenario.name(), book.name)));
  if (const auto text = shipped_text("prices/" + book.name + ".json")) {
    return whole(Document::parse(*text, "prices/" + book.name + ".json"));
  }
  const auto names = shipped_names("prices");
  Error error = bad_input(fmt::format("there is no price book \"{}\"", book.name),
                          did_you_mean(book.name, std::span<const std::string_view>(names)) +
                              "; or give the path of one");
  error.where = scenario.locate(book.pointer);
  return Errors{std::move(error)};
}

Result<cost::PriceBook, Errors> price_book_of(Loaded& loaded) {
  BACKCAST_ASSERT(!loaded.pricing.books.empty());
  std::vector<cost::PriceBook> books;
  for (const Pricing::Book& asked : loaded.pricing.books) {
    BACKCAST_TRY(const Document document, find_book(loaded.document, asked));
    BACKCAST_TRY(cost::PriceBook book, cost::load_price_book(document));
    books.push_back(std::move(book));
  }
  Faults faults(loaded.document);
  Errors errors;
  give_rates(loaded, books, errors);
  for (Error& error : errors) faults.add(std::move(error));
  check_options(loaded, books, faults);
  if (faults.any()) return faults.take();
  return merge(loaded, std::move(books));
}

}  // namespace backcast::scenario
