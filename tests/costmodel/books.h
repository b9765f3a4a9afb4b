// Short ways to write price books and usage in tests.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "costmodel/bill/invoice.h"
#include "engine/base/bytes.h"

namespace backcast::cost {

inline Instant at(std::string_view text) {
  return parse_instant(text)->instant;
}
inline Decimal dec(std::string_view text) {
  return *Decimal::parse(text);
}

inline std::string messages(const Errors& errors) {
  std::string all;
  for (const Error& error : errors) all += to_string(error) + '\n';
  return all;
}

inline PriceBook shipped_book(const std::string& name) {
  auto document = Document::read("scenarios/prices/" + name + ".json");
  EXPECT_TRUE(document.ok());
  auto book = load_price_book(*document);
  EXPECT_TRUE(book.ok()) << messages(book.error());
  return *book;
}

// A book of the given meters, price rows and further members, as JSON text without the head.
inline Result<PriceBook, Errors> try_book(const std::string& meters, const std::string& prices,
                                          const std::string& more = "") {
  const std::string text =
      R"({"backcast_prices":1,"name":"t","provider":"T","as_of":"2026-09-01","currency":"USD",)"
      "\n\"meters\":[" +
      meters + "],\n\"prices\":[" + prices + "]" + (more.empty() ? "" : ",\n" + more) + "}";
  auto document = Document::parse(text, "test.json");
  if (!document.ok()) return Errors{document.error()};
  return load_price_book(*document);
}
inline PriceBook book(const std::string& meters, const std::string& prices,
                      const std::string& more = "") {
  auto made = try_book(meters, prices, more);
  EXPECT_TRUE(made.ok()) << (made.ok() ? "" : messages(made.error()));
  return *made;
}

inline const std::string kEvidence = R"("source":"s","as_of":"2026","certainty":"high")";
inline const std::string kGbMonth =
    R"({"name":"storage","kind":"storage","unit":"GB-Months","size":"1 GB","per":"30d"})";

inline UsageRecord stored(std::string_view from, std::string_view until, std::uint64_t bytes,
                          std::string region = "r1", std::string service = "db") {
  UsageRecord record;
  record.start = at(from);
  record.end = at(until);
  record.quantity = bytes;
  record.region = std::move(region);
  record.service = std::move(service);
  return record;
}
inline UsageRecord moment(UsageKind kind, std::string_view when, std::uint64_t quantity,
                          std::string region = "r1", std::string peer_region = "") {
  UsageRecord record;
  record.kind = kind;
  record.start = record.end = at(when);
  record.quantity = quantity;
  record.region = std::move(region);
  record.peer_region = std::move(peer_region);
  record.service = "db";
  return record;
}

inline Invoice billed(const PriceBook& prices, const std::vector<UsageRecord>& usage,
                      std::set<std::string> options = {}) {
  auto invoice = bill(prices, usage, {std::move(options)});
  EXPECT_TRUE(invoice.ok()) << (invoice.ok() ? "" : messages(invoice.error()));
  return *invoice;
}
inline std::string total(const PriceBook& prices, const std::vector<UsageRecord>& usage,
                         std::set<std::string> options = {}) {
  return to_string(billed(prices, usage, std::move(options)).total());
}
// What the bill leaves out for want of a price, in words.
inline std::string missing(const PriceBook& prices, const std::vector<UsageRecord>& usage) {
  return messages(to_errors(billed(prices, usage).missing));
}
inline std::string refusal(const PriceBook& prices, const std::vector<UsageRecord>& usage,
                           std::set<std::string> options = {}) {
  auto invoice = bill(prices, usage, {std::move(options)});
  EXPECT_FALSE(invoice.ok());
  return invoice.ok() ? "" : messages(invoice.error());
}

}  // namespace backcast::cost
