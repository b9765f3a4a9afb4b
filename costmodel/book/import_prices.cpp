#include "costmodel/book/import_prices.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "costmodel/book/price_book.h"
#include "costmodel/book/price_list.h"
#include "engine/base/text.h"

namespace backcast::cost {
namespace {

using nlohmann::ordered_json;
using Prices = std::vector<ListedPrice>;

struct Format {
  const char* provider;
  const char* calendar;  // how long its month is
};
constexpr Format kAws{"AWS", "calendar month"}, kAzure{"Azure", "calendar month"},
    kGcp{"GCP", "730h"};

bool has(std::string_view text, std::string_view part) {
  const auto same = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  };
  return std::search(text.begin(), text.end(), part.begin(), part.end(), same) != text.end();
}

// Which meter measures a price: name, kind, unit, and the operation it is for.
struct Measured {
  std::string meter, kind, unit;
  ordered_json size;
  std::vector<std::string> operations{""};
};

// "10K" of Azure is ten thousand.
std::int64_t request_block(const std::string& unit) {
  if (unit == "10K" || has(unit, "10,000") || has(unit, "10000")) return 10'000;
  if (has(unit, "1000") || unit == "1K") return 1'000;
  return 1;
}

std::vector<std::string> operations_of(const std::string& description) {
  if (has(description, "Tier1") || has(description, "Class A")) return {"put", "list"};
  if (has(description, "Tier2") || has(description, "Class B")) return {"get"};
  if (has(description, "write") || has(description, "put")) return {"put"};
  if (has(description, "read") || has(description, "get")) return {"get"};
  if (has(description, "list")) return {"list"};
  if (has(description, "delete")) return {"delete"};
  return {};
}

std::optional<Measured> measure(const ListedPrice& price) {
  const std::string& unit = price.unit;
  const bool is_month = unit == "GB-Mo" || has(unit, "GB/Month") || unit == "GiBy.mo";
  const bool is_size = unit == "GB" || unit == "1 GB" || unit == "GiBy";
  const bool is_count = has(unit, "Requests") || unit == "count" || unit == "10K" || unit == "1K";
  if (has(price.description, "early delet") || has(price.description, "EarlyDelete")) {
    if (!is_month && !is_size) return std::nullopt;
    return Measured{"early deletion", "early deletion", "GiB-Months", "1 GiB", {""}};
  }
  if (is_month) return Measured{"storage", "storage", "GiB-Months", "1 GiB", {""}};
  if (is_size && has(price.description, "retriev")) {
    return Measured{"retrieval", "retrieval", "GiB", "1 GiB", {""}};
  }
  if (is_size &&
      (has(price.description, "InterRegion") || has(price.description, "Inter Region"))) {
    return Measured{"transfer", "transfer", "GiB", "1 GiB", {""}};
  }
  const bool goes_out = has(price.description, "AWS Outbound") ||
                        has(price.description, "Egress") || has(price.description, "Transfer Out");
  if (is_size && goes_out) return Measured{"internet egress", "egress", "GiB", "1 GiB", {""}};
  if (is_count) {
    const std::int64_t block = request_block(unit);
    Measured found{fmt::format("requests per {}", block), "request",
                   block == 1 ? "Requests" : fmt::format("{} Requests", block), block,
                   operations_of(price.description)};
    if (!found.operations.empty()) return found;
  }
  return std::nullopt;
}

class BookWriter {
 public:
  BookWriter(const Format& format, const ImportOptions& options)
      : format_(format), options_(options) {}

  void add(const ListedPrice& price) {
    if (!options_.region.empty() && price.region != options_.region) return;
    const auto measured = price.tiers.empty() ? std::nullopt : measure(price);
    if (!measured) {
      if (left_out++ == 0) first_left_out = price.description + " per " + price.unit;
      return;
    }
    currencies.insert(price.currency);
    as_of_ = std::max(as_of_, price.as_of);
    add_meter(*measured);
    for (const std::string& operation : measured->operations) {
      ordered_json row;
      row["service"] = price.service;
      row["meter"] = measured->meter;
      if (!price.region.empty()) row["region"] = price.region;
      if (!price.storage_class.empty()) row["storage_class"] = price.storage_class;
      if (!operation.empty()) row["operation"] = operation;
      // Lists name several prices for one thing (tags, editions): the first stands, the rest is
      // left out.
      if (!seen_.insert(row.dump()).second) {
        if (left_out++ == 0) first_left_out = price.description + " (given again)";
        continue;
      }
      add_rates(price, row);
      row["source"] = fmt::format("{}, SKU {}", options_.source, price.sku);
      row["as_of"] = price.as_of.empty() ? "undated" : price.as_of;
      row["certainty"] = "high";
      rows_.push_back(std::move(row));
    }
  }

  std::string json(const std::string& name) const {
    ordered_json book;
    book["backcast_prices"] = 1;
    book["name"] = name;
    book["provider"] = format_.provider;
    book["as_of"] = as_of_.empty() ? "1970-01-01" : as_of_;
    book["currency"] = *currencies.begin();
    book["notes"] = {
        "Imported: minimum days, minimum sizes and free allowances are not part of "
        "price lists. Add them by hand."};
    book["meters"] = ordered_json::array();
    for (const auto& [meter, document] : meters_) book["meters"].push_back(document);
    book["prices"] = rows_;
    return book.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
  }

  std::size_t row_count() const { return rows_.size(); }
  std::set<std::string> currencies;
  std::size_t left_out = 0;
  std::string first_left_out;

 private:
  void add_meter(const Measured& m) {
    ordered_json meter;
    meter["name"] = m.meter;
    meter["kind"] = m.kind;
    meter["unit"] = m.unit;
    meter["size"] = m.size;
    if (m.kind == "storage" || m.kind == "early deletion") meter["per"] = format_.calendar;
    if (m.kind == "egress") meter["pool"] = "region";
    meters_.emplace(m.meter, std::move(meter));
  }

  static void add_rates(const ListedPrice& price, ordered_json& row) {
    if (price.tiers.size() == 1 && price.tiers[0].first.is_zero()) {
      row["price"] = to_string(price.tiers[0].second);
      return;
    }
    row["tiers"] = ordered_json::array();
    for (const auto& [from, rate] : price.tiers) {
      row["tiers"].push_back({{"from", to_string(from)}, {"price", to_string(rate)}});
    }
  }

  const Format& format_;
  const ImportOptions& options_;
  std::string as_of_;
  std::map<std::string, ordered_json> meters_;
  std::vector<ordered_json> rows_;
  std::set<std::string> seen_;
};

Result<ImportedBook, Errors> write_book(const Format& format, Result<Prices, Errors> prices,
                                        const std::string& name, const ImportOptions& options) {
  if (!prices.ok()) return prices.error();
  BookWriter writer(format, options);
  for (const ListedPrice& price : *prices) writer.add(price);
  if (writer.currencies.size() > 1) {
    return Errors{bad_input(
        fmt::format("{} mixes currencies: {}", printable(name), fmt::join(writer.currencies, ", ")),
        "import a list of one currency")};
  }
  if (writer.row_count() == 0) {
    return Errors{bad_input(printable(name) + " has no price that a backup uses",
                            options.region.empty() ? "" : "check --region")};
  }
  ImportedBook book{writer.json(name), writer.row_count(), writer.left_out, writer.first_left_out};
  // What is handed out loads: a list whose tiers have gaps makes no book.
  const auto document = Document::parse(book.json, "book of " + name, {1ULL << 30, 64});
  if (!document.ok()) return Errors{document.error()};
  if (const auto loaded = load_price_book(*document); !loaded.ok()) return loaded.error();
  return book;
}

}  // namespace

Result<ImportedBook, Errors> import_prices(std::string_view text, const std::string& name,
                                           const ImportOptions& options) {
  if (text.starts_with("\"FormatVersion\"")) {
    return write_book(kAws, read_aws_csv(text, name), name, options);
  }
  // Offer files of large services have hundreds of megabytes.
  auto document = Document::parse(text, name, {1ULL << 30, 64});
  if (!document.ok()) return Errors{document.error()};
  const nlohmann::json& root = document->root();
  if (root.is_object() && root.contains("terms") && root.contains("products")) {
    return write_book(kAws, read_aws_json(*document), name, options);
  }
  if (root.is_object() && root.contains("Items") && root["Items"].is_array()) {
    return write_book(kAzure, read_azure_json(*document), name, options);
  }
  if (root.is_object() && root.contains("skus") && root["skus"].is_array()) {
    return write_book(kGcp, read_gcp_json(*document), name, options);
  }
  return Errors{
      bad_input(printable(name) + " is not a price list that can be imported",
                "give an AWS Price List offer, Azure Retail Prices JSON or Google Cloud SKU JSON")};
}

}  // namespace backcast::cost
