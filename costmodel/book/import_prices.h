// Price books out of the providers' own price lists.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace backcast::cost {

struct ImportOptions {
  std::string source;  // stands in every row: "AWS price list of AmazonS3"
  std::string region;  // only this one; "" = all
};

struct ImportedBook {
  std::string json;            // a price book document
  std::size_t rows = 0;        // price rows made
  std::size_t left_out = 0;    // prices that measure nothing a backup uses
  std::string first_left_out;  // one of them, with its unit
};

// Reads an AWS Price List offer (JSON, or CSV with its five leading lines), a page of the Azure
// Retail Prices API, or a page of the Google Cloud Billing Catalog, recognised by their fields.
// Units become meters with the provider's conventions; what is neither storage, transfer, request,
// retrieval nor early deletion is left out and counted. Errors: kBadInput for another format, two
// currencies, an amount that is no decimal, or a list without any price that a backup uses.
Result<ImportedBook, Errors> import_prices(std::string_view text, const std::string& name,
                                           const ImportOptions& options);

}  // namespace backcast::cost
