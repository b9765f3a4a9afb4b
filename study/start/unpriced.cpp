// Places that a price book knows nothing of, before a bill asks for them.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "costmodel/bill/match.h"
#include "engine/base/document/node.h"
#include "engine/base/text.h"
#include "study/start/frame.h"

namespace backcast::study {
namespace {

// The regions that the rows of a provider price storage in; none where one row is for all.
std::vector<std::string> priced_regions(const cost::PriceBook& book, const std::string& provider) {
  std::set<std::string> regions;
  for (const cost::PriceRow& row : book.rows) {
    const cost::Meter& meter = book.meters[row.meter];
    const cost::Account& account = book.accounts[meter.account];
    if (meter.kind != UsageKind::kStorage || !row.is_known || row.region.empty()) continue;
    if (!provider.empty() && !account.is_called(provider)) continue;
    const auto group = account.regions.find(row.region);
    if (group == account.regions.end()) {
      regions.insert(row.region);
      continue;
    }
    for (const std::string& name : group->second) {
      if (!name.ends_with('*')) regions.insert(name);
    }
  }
  return {regions.begin(), regions.end()};
}

}  // namespace

std::vector<Unpriced> unpriced_places(scenario::Loaded& loaded) {
  std::vector<Unpriced> found;
  if (loaded.pricing.books.empty()) return found;  // no bill
  const auto book = scenario::price_book_of(loaded);
  if (!book.ok()) return found;
  const auto& options = loaded.pricing.options;
  const cost::Matcher matcher(*book, {options.begin(), options.end()});
  const int month = cost::month_at(unix_seconds(loaded.scenario.start));
  std::set<std::pair<std::string, std::string>> seen;
  const auto look_at = [&](const sim::Service& service) {
    const sim::Place place = sim::place_in(service, service.region);
    if (!seen.insert({place.book, place.region}).second) return;
    cost::UsageGroup group;
    group.kind = UsageKind::kStorage;
    group.provider = place.book;
    group.region = place.region;
    group.storage_class = place.storage_class;
    const auto rows = matcher.rows(group, month);
    const bool is_priced =
        rows.ok() && std::any_of(rows->begin(), rows->end(), [&](auto row) {
          return book->rows[row].is_known && !book->meters[book->rows[row].meter].is_surcharge;
        });
    if (is_priced) return;
    const auto regions = priced_regions(*book, place.book);
    found.push_back({place.region, place.book.empty() ? book->name : place.book,
                     did_you_mean(place.region, regions)});
  };
  for (const sim::Service& service : loaded.scenario.services) look_at(service);
  for (const sim::Fleet& fleet : loaded.scenario.fleets) look_at(fleet.service);
  return found;
}

}  // namespace backcast::study
