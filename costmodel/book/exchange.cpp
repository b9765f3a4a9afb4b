#include "costmodel/book/exchange.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace backcast::cost {
namespace {

constexpr const char* kHint =
    "write it as \"1 EUR = 1.0842 USD, 2026-10-01, ECB reference rate\": rate, date, source";

// The text up to the separator, which is taken away with it.
std::string_view cut(std::string_view& text, std::string_view separator) {
  const auto at = std::min(text.find(separator), text.size());
  const std::string_view head = trim(text.substr(0, at));
  text.remove_prefix(std::min(at + separator.size(), text.size()));
  return head;
}

}  // namespace

Result<ExchangeRate> parse_exchange_rate(std::string_view text) {
  const auto fault = [&](std::string_view what) {
    return bad_input(fmt::format("exchange rate {}: {}", printable(text), what), kHint);
  };
  std::string_view rest = text;
  const std::string_view one = cut(rest, " "), from = cut(rest, "=");
  std::string_view price = cut(rest, ",");
  const std::string_view amount = cut(price, " "), to = trim(price);
  ExchangeRate rate;
  rate.date = cut(rest, ",");
  rate.source = trim(rest);
  if (one != "1") return fault("must begin with 1 and a currency");
  const auto left = Currency::parse(from), right = Currency::parse(to);
  if (!left.ok() || !right.ok()) return fault("not two currencies");
  if (*left == *right) return fault("the two currencies are the same");
  const auto value = Decimal::parse(amount);
  if (!value.ok() || *value <= Decimal() || value->scale() > 6 || *value > Decimal(1'000'000, 0)) {
    return fault("the rate must be a decimal number greater than 0 with at most 6 decimal places");
  }
  if (!parse_instant(rate.date).ok() || rate.date.size() != 10) return fault("no date");
  if (rate.source.empty()) return fault("no source");
  rate.from = *left;
  rate.to = *right;
  rate.rate = *value;
  return rate;
}

std::string to_string(const ExchangeRate& rate) {
  return fmt::format("1 {} = {} {} ({}, {})", rate.from.code(), to_string(rate.rate),
                     rate.to.code(), rate.source, rate.date);
}

Result<PriceBook> convert(PriceBook book, const ExchangeRate& rate) {
  if (book.currency != rate.from) {
    return bad_input(fmt::format("price book {} is in {}, not {}", printable(book.name),
                                 book.currency.code(), rate.from.code()));
  }
  bool is_too_large = false;
  const auto to = [&](Decimal& price) {
    price = round(price * rate.rate, {12, RoundingMode::kHalfUp}).trimmed();
    is_too_large |= price > Decimal(1'000'000'000, 0);
  };
  for (PriceRow& row : book.rows) {
    for (Tier& tier : row.tiers) to(tier.rate);
    if (row.then_every) to(row.then_every->rate);
    row.source += fmt::format("; in {}, {}", rate.from.code(), to_string(rate));
  }
  for (Adjustment& adjustment : book.adjustments) to(adjustment.amount_per_month);
  for (Commitment& commitment : book.commitments) {
    to(commitment.fee_per_month);
    if (commitment.overage_rate) to(*commitment.overage_rate);
  }
  if (is_too_large) {
    return bad_input(
        fmt::format("a price of book {} is beyond 10^9 {}", printable(book.name), rate.to.code()));
  }
  book.currency = rate.to;
  book.stated.push_back(fmt::format("prices of {} converted: {}", book.name, to_string(rate)));
  return book;
}

Result<PriceBook, Errors> merge(std::vector<PriceBook> books,
                                const std::vector<ExchangeRate>& rates) {
  std::vector<bool> is_used(rates.size());
  for (const ExchangeRate& rate : rates) {
    if (rate.to == rates.front().to) continue;
    return Errors{bad_input(
        fmt::format("exchange rates into {} and into {}", rates.front().to.code(), rate.to.code()),
        "a bill has one currency")};
  }
  for (PriceBook& book : books) {
    for (Account& account : book.accounts) account.currency = book.currency;
  }
  std::vector<PriceBook> written = books;
  for (PriceBook& book : books) {
    const auto rate = std::find_if(rates.begin(), rates.end(),
                                   [&](const ExchangeRate& r) { return r.from == book.currency; });
    if (rates.empty() || book.currency == rates.front().to) continue;
    if (rate == rates.end()) {
      return Errors{bad_input(
          fmt::format("price book {} is in {}, and there is no rate from it to {}",
                      printable(book.name), book.currency.code(), rates.front().to.code()),
          "give one with --exchange")};
    }
    is_used[static_cast<std::size_t>(rate - rates.begin())] = true;
    auto converted = convert(std::move(book), *rate);
    if (!converted.ok()) return Errors{converted.error()};
    book = *std::move(converted);
  }
  const auto unused = std::find(is_used.begin(), is_used.end(), false);
  if (unused != is_used.end()) {
    const ExchangeRate& rate = rates[static_cast<std::size_t>(unused - is_used.begin())];
    return Errors{bad_input(fmt::format("no price book is in {}", rate.from.code()),
                            "leave out the exchange rate " + to_string(rate))};
  }
  auto merged = merge(std::move(books));
  if (!merged.ok() || rates.empty()) return merged;
  for (PriceBook& book : written) book.currency = merged->currency;  // each account keeps its own
  auto as_written = merge(std::move(written));
  if (!as_written.ok()) return as_written;
  merged->as_written = std::make_shared<const PriceBook>(*std::move(as_written));
  return merged;
}

}  // namespace backcast::cost
