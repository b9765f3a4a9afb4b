// What the importers of price lists have in common.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "costmodel/book/money.h"
#include "engine/base/document.h"

namespace backcast::cost {

// One price of a provider's list, in its own words.
struct ListedPrice {
  std::string sku, service, region, description, unit, as_of, currency;
  std::string storage_class;                       // "" where the list has none
  std::vector<std::pair<Decimal, Decimal>> tiers;  // from, price per unit
};

// Each reads one format. Errors: kBadInput with the place.
Result<std::vector<ListedPrice>, Errors> read_aws_json(const Document& document);
Result<std::vector<ListedPrice>, Errors> read_aws_csv(std::string_view text,
                                                      const std::string& name);
Result<std::vector<ListedPrice>, Errors> read_azure_json(const Document& document);
Result<std::vector<ListedPrice>, Errors> read_gcp_json(const Document& document);

}  // namespace backcast::cost
