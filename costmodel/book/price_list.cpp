#include "costmodel/book/price_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "engine/base/csv_reader.h"
#include "engine/base/json_number.h"
#include "engine/base/text.h"

namespace backcast::cost {
namespace {

using nlohmann::json;
using Prices = std::vector<ListedPrice>;

const json& child(const json& value, const char* key) {
  static const json kNothing;
  if (!value.is_object()) return kNothing;
  const auto it = value.find(key);
  return it == value.end() ? kNothing : *it;
}

std::string text_of(const json& value, const char* key) {
  const json& found = child(value, key);
  return found.is_string() ? found.get<std::string>() : "";
}

// A JSON number as the shortest decimal that reads back to it, which is how lists print them.
std::string number_text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  if (!value.is_number()) return "";
  std::array<char, 400> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value.get<double>(),
                                 std::chars_format::fixed);
  return {buffer.data(), end.ptr};
}

class ListReader {
 public:
  explicit ListReader(const Document& document) : document_(document) {}

  Decimal decimal(const std::string& text, const std::string& pointer) {
    auto parsed = Decimal::parse(text);
    if (parsed.ok() && !parsed->is_negative()) return parsed->trimmed();
    const std::string what = parsed.ok() ? text + " is negative" : parsed.error().message;
    errors_.push_back(Error{Errc::kBadInput, what, document_.locate(pointer), {}});
    return {};
  }

  Result<Prices, Errors> finish(Prices prices) {
    if (!errors_.empty()) return std::move(errors_);
    for (ListedPrice& price : prices) std::sort(price.tiers.begin(), price.tiers.end());
    return prices;
  }

 private:
  const Document& document_;
  Errors errors_;
};

std::string first_of(const json& attributes, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    if (std::string value = text_of(attributes, key); !value.empty()) return value;
  }
  return "";
}

}  // namespace

Result<Prices, Errors> read_aws_json(const Document& document) {
  ListReader reader(document);
  Prices prices;
  const json& root = document.root();
  const json& products = child(root, "products");
  const json& terms = child(child(root, "terms"), "OnDemand");
  if (!terms.is_object()) return prices;
  for (const auto& [sku, offers] : terms.items()) {
    const json& product = child(products, sku.c_str());
    const json& attributes = child(product, "attributes");
    ListedPrice price;
    price.sku = sku;
    price.service = first_of(attributes, {"servicename", "servicecode"});
    price.region = first_of(attributes, {"fromRegionCode", "regionCode", "location"});
    price.storage_class = first_of(attributes, {"volumeType", "storageClass"});
    price.description = text_of(product, "productFamily") + ' ' +
                        first_of(attributes, {"transferType", "group"}) + ' ' +
                        text_of(attributes, "usagetype");
    price.as_of = text_of(root, "publicationDate").substr(0, 10);
    if (!offers.is_object()) continue;
    for (const auto& [code, offer] : offers.items()) {
      const json& dimensions = child(offer, "priceDimensions");
      if (!dimensions.is_object()) continue;
      for (const auto& [rate, dimension] : dimensions.items()) {
        std::string pointer = "/terms/OnDemand";
        for (const std::string& key : {sku, code, std::string("priceDimensions"), rate}) {
          pointer = pointer_child(pointer, key);
        }
        const json& amounts = child(dimension, "pricePerUnit");
        if (!amounts.is_object() || amounts.empty()) continue;
        price.currency = amounts.begin().key();
        price.unit = text_of(dimension, "unit");
        const std::string from = text_of(dimension, "beginRange");
        price.tiers.emplace_back(reader.decimal(from.empty() ? "0" : from, pointer),
                                 reader.decimal(number_text(amounts.front()), pointer));
      }
    }
    prices.push_back(std::move(price));
  }
  return reader.finish(std::move(prices));
}

Result<Prices, Errors> read_aws_csv(std::string_view text, const std::string& name) {
  // Five lines of facts about the list come before the header.
  std::istringstream in{std::string(text)};
  std::string line, as_of;
  for (int i = 0; i < 5 && std::getline(in, line); ++i) {
    const bool has_date = line.starts_with("\"Publication Date\"") && line.size() >= 30;
    if (has_date) as_of = line.substr(20, 10);
  }
  Errors errors;
  std::map<std::string, ListedPrice> by_sku;
  try {
    io::CSVReader<14, io::trim_chars<' '>, io::double_quote_escape<',', '"'>> rows(name, in);
    rows.read_header(io::ignore_extra_column | io::ignore_missing_column, "SKU", "TermType",
                     "StartingRange", "Unit", "PricePerUnit", "Currency", "Product Family",
                     "serviceName", "Region Code", "Volume Type", "Storage Class", "Transfer Type",
                     "Group", "usageType");
    std::array<char*, 14> c{};
    const auto cell = [&](std::size_t i) { return std::string(c[i] == nullptr ? "" : c[i]); };
    while (std::apply([&](auto&... cells) { return rows.read_row(cells...); }, c)) {
      const int number = static_cast<int>(rows.get_file_line()) + 5;
      if (cell(1) == "OnDemand") {
        ListedPrice& price = by_sku[cell(0)];
        const auto from = Decimal::parse(cell(2).empty() ? "0" : cell(2));
        const auto rate = Decimal::parse(cell(4));
        if (!from.ok() || !rate.ok() || rate->is_negative()) {
          errors.push_back(Error{Errc::kBadInput,
                                 "PricePerUnit " + printable(cell(4)) + " is not a price",
                                 {name, "", number, 1},
                                 {}});
        } else {
          price.tiers.emplace_back(from->trimmed(), rate->trimmed());
        }
        price.sku = cell(0);
        price.unit = cell(3);
        price.currency = cell(5);
        price.service = cell(7);
        price.region = cell(8);
        price.storage_class = cell(9).empty() ? cell(10) : cell(9);
        price.description =
            cell(6) + ' ' + (cell(11).empty() ? cell(12) : cell(11)) + ' ' + cell(13);
        price.as_of = as_of;
      }
      c.fill(nullptr);
      if (errors.size() > 20) break;
    }
  } catch (const std::exception& error) {
    errors.push_back(Error{Errc::kBadInput, error.what(), {name, "", 6, 1}, {}});
  }
  if (!errors.empty()) return errors;
  Prices prices;
  for (auto& [sku, price] : by_sku) {
    std::sort(price.tiers.begin(), price.tiers.end());
    prices.push_back(std::move(price));
  }
  return prices;
}

Result<Prices, Errors> read_azure_json(const Document& document) {
  ListReader reader(document);
  std::map<std::string, ListedPrice> by_meter;
  const json& items = child(document.root(), "Items");
  for (std::size_t i = 0; i < items.size(); ++i) {
    const json& item = items[i];
    const std::string type = text_of(item, "type");
    if (!type.empty() && type != "Consumption") continue;
    const std::string pointer = fmt::format("/Items/{}/retailPrice", i);
    const std::string key = text_of(item, "meterId") + text_of(item, "armRegionName");
    ListedPrice& price = by_meter[key];
    // A price that changed is listed again with the day from which it holds.
    const std::string as_of = text_of(item, "effectiveStartDate").substr(0, 10);
    if (as_of < price.as_of) continue;
    if (as_of > price.as_of) price.tiers.clear();
    price.sku = text_of(item, "meterId");
    price.service = text_of(item, "productName");
    price.region = text_of(item, "armRegionName");
    price.storage_class = text_of(item, "skuName");
    price.description = text_of(item, "meterName");
    price.unit = text_of(item, "unitOfMeasure");
    price.currency = text_of(item, "currencyCode");
    price.as_of = as_of;
    const std::string from = number_text(child(item, "tierMinimumUnits"));
    price.tiers.emplace_back(reader.decimal(from.empty() ? "0" : from, pointer),
                             reader.decimal(number_text(child(item, "retailPrice")), pointer));
  }
  Prices prices;
  for (auto& [key, price] : by_meter) prices.push_back(std::move(price));
  return reader.finish(std::move(prices));
}

Result<Prices, Errors> read_gcp_json(const Document& document) {
  ListReader reader(document);
  Prices prices;
  const json& skus = child(document.root(), "skus");
  for (std::size_t s = 0; s < skus.size(); ++s) {
    const json& sku = skus[s];
    const json& category = child(sku, "category");
    const json& infos = child(sku, "pricingInfo");
    if (!infos.is_array() || infos.empty()) continue;
    const json& expression = child(infos.back(), "pricingExpression");
    ListedPrice price;
    price.sku = text_of(sku, "skuId");
    price.service = text_of(category, "serviceDisplayName");
    price.description = text_of(category, "resourceGroup") + ' ' + text_of(sku, "description");
    price.storage_class = text_of(category, "resourceGroup");
    price.unit = text_of(expression, "usageUnit");
    price.as_of = text_of(infos.back(), "effectiveTime").substr(0, 10);
    const json& rates = child(expression, "tieredRates");
    for (std::size_t t = 0; t < rates.size(); ++t) {
      const std::string pointer = fmt::format("/skus/{}/pricingInfo", s);
      const json& amount = child(rates[t], "unitPrice");
      price.currency = text_of(amount, "currencyCode");
      // Whole units and billionths: exact.
      const json& nanos = child(amount, "nanos");
      const Decimal whole = reader.decimal(number_text(child(amount, "units")), pointer);
      const Decimal part(whole_number(nanos).value_or(0), 9);
      price.tiers.emplace_back(
          reader.decimal(number_text(child(rates[t], "startUsageAmount")), pointer),
          reader.decimal(to_string(whole + part), pointer));
    }
    const json& regions = child(sku, "serviceRegions");
    for (const json& region : regions) {
      price.region = region.is_string() && region != "global" ? region.get<std::string>() : "";
      prices.push_back(price);
    }
  }
  return reader.finish(std::move(prices));
}

}  // namespace backcast::cost
