// The price books of a scenario as one, with the rates it assumes filled in.
#include <fmt/format.h>

#include <algorithm>

#include "costmodel/book/exchange.h"
#include "scenarios/document/shipped.h"
#include "scenarios/document/size_csv.h"
#include "scenarios/load/build.h"

namespace backcast::scenario {
namespace {

// Rows of a book that nobody has a rate for.
std::vector<std::string> unknown_rows(const std::vector<cost::PriceBook>& books) {
  std::vector<std::string> names;
  for (const cost::PriceBook& book : books) {
    for (const cost::PriceRow& row : book.rows) {
      if (!row.is_known) names.push_back(row.id);
    }
  }
  return names;
}

std::string names_of(const std::vector<cost::PriceBook>& books) {
  std::string names;
  for (const cost::PriceBook& book : books) names += (names.empty() ? "" : "+") + book.name;
  return names;
}

// Fills an unknown rate of one book in; a known one is not overruled.
void assume(Loaded& loaded, std::vector<cost::PriceBook>& books, const Pricing::Assumed& assumed,
            Faults& faults) {
  struct Found {
    const cost::PriceBook* book;
    cost::PriceRow* row;
  };
  std::vector<Found> found;
  for (std::size_t b = 0; b < books.size(); ++b) {
    const bool is_meant = assumed.book.empty() || assumed.book == books[b].name ||
                          assumed.book == loaded.pricing.books[b].name;
    for (cost::PriceRow& row : books[b].rows) {
      if (is_meant && row.id == assumed.row) found.push_back({&books[b], &row});
    }
  }
  if (found.empty()) {
    const std::string& name = assumed.book.empty() ? names_of(books) : assumed.book;
    return faults.add(assumed.pointer + "/row",
                      fmt::format("the price book {} has no row \"{}\"", name, assumed.row),
                      did_you_mean(assumed.row, unknown_rows(books)));
  }
  if (found.size() > 1) {
    return faults.add(assumed.pointer + "/row",
                      fmt::format("the price books {} and {} both have a row \"{}\"",
                                  found[0].book->name, found[1].book->name, assumed.row),
                      fmt::format("say which: \"price_book\": \"{}\"", found[0].book->name));
  }
  const auto& [book, row] = found.front();
  if (row->is_known) {
    return faults.add(
        assumed.pointer + "/row",
        fmt::format("the price book {} knows the rate of \"{}\"", book->name, row->id),
        "only unknown rates can be assumed; copy the book to change others");
  }
  auto rate = cost::Decimal::parse(assumed.rate);
  if (!rate.ok() || rate->is_negative()) {
    return faults.add(assumed.pointer + "/rate", fmt::format("\"{}\" is not a rate", assumed.rate),
                      "give a decimal from 0 on, such as \"0.05\"");
  }
  row->tiers = {cost::Tier{{}, *rate}};
  row->is_known = true;
  row->source = "assumed by the scenario: " + assumed.because;
  row->certainty = "low";
  loaded.scenario.assumptions.push_back(
      fmt::format("{} {} per {} for \"{}\": {}", assumed.rate, book->currency.code(),
                  book->meters[row->meter].unit, row->id, assumed.because));
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
  for (const Pricing::Assumed& assumed : loaded.pricing.assumed) {
    assume(loaded, books, assumed, faults);
  }
  check_options(loaded, books, faults);
  if (faults.any()) return faults.take();
  return merge(loaded, std::move(books));
}

}  // namespace backcast::scenario
