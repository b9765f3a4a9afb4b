// The price book of a scenario, with the rates it assumes filled in.
#include <fmt/format.h>

#include <algorithm>

#include "scenarios/load.h"
#include "scenarios/node.h"
#include "scenarios/shipped.h"
#include "scenarios/size_csv.h"

namespace backcast::scenario {
namespace {

Result<Document, Errors> find_book(const Loaded& loaded) {
  const std::string& name = loaded.pricing.book;
  const bool is_path = name.find('/') != name.npos || name.ends_with(".json");
  if (is_path) {
    auto document = Document::read(beside(loaded.document.name(), name));
    if (!document.ok()) return Errors{std::move(document).error()};
    return std::move(document).value();
  }
  if (const auto text = shipped_text("prices/" + name + ".json")) {
    auto document = Document::parse(*text, "prices/" + name + ".json");
    if (!document.ok()) return Errors{std::move(document).error()};
    return std::move(document).value();
  }
  const auto names = shipped_names("prices");
  Error error = bad_input(
      fmt::format("there is no price book \"{}\"", name),
      did_you_mean(name, std::span<const std::string_view>(names)) + "; or give the path of one");
  error.where = loaded.document.locate(loaded.pricing.pointer);
  return Errors{std::move(error)};
}

// Fills an unknown rate in; a known one is not overruled.
void assume(Loaded& loaded, cost::PriceBook& book, const Pricing::Assumed& assumed,
            Faults& faults) {
  const auto row = std::find_if(book.rows.begin(), book.rows.end(),
                                [&](const cost::PriceRow& r) { return r.id == assumed.row; });
  if (row == book.rows.end()) {
    std::vector<std::string> names;
    for (const cost::PriceRow& r : book.rows) {
      if (!r.is_known) names.push_back(r.id);
    }
    return faults.add(assumed.pointer + "/row",
                      fmt::format("the price book {} has no row \"{}\"", book.name, assumed.row),
                      did_you_mean(assumed.row, names));
  }
  if (row->is_known) {
    return faults.add(assumed.pointer + "/row",
                      fmt::format("the price book {} knows the rate of \"{}\"", book.name, row->id),
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
      fmt::format("{} {} per {} for \"{}\": {}", assumed.rate, book.currency.code(),
                  book.meters[row->meter].unit, row->id, assumed.because));
}

}  // namespace

Result<cost::PriceBook, Errors> price_book_of(Loaded& loaded) {
  auto document = find_book(loaded);
  if (!document.ok()) return std::move(document).error();
  auto book = cost::load_price_book(*document);
  if (!book.ok()) return std::move(book).error();
  Faults faults(loaded.document);
  for (const Pricing::Assumed& assumed : loaded.pricing.assumed) {
    assume(loaded, *book, assumed, faults);
  }
  for (std::size_t i = 0; i < loaded.pricing.options.size(); ++i) {
    const std::string& option = loaded.pricing.options[i];
    if (book->options.contains(option)) continue;
    const std::vector<std::string> names(book->options.begin(), book->options.end());
    faults.add(fmt::format("/price_options/{}", i),
               fmt::format("the price book {} has no option \"{}\"", book->name, option),
               did_you_mean(option, names));
  }
  if (faults.any()) return faults.take();
  return std::move(book).value();
}

}  // namespace backcast::scenario
