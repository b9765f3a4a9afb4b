// Bills: quantity x rate, rounded once per line; lines sum exactly to the total (docs/billing.md).
#pragma once

#include <backcast/result.h>

#include <string>
#include <vector>

namespace backcast {

// Numbers are exact decimals as text, such as "0.025"; only `quantity` is cut to six decimals.
struct BillLine {
  std::string month;              // "2026-01"
  std::string category;           // "usage", "purchase", "discount", "credit", "tax", "adjustment"
  std::string project, service;   // who used it; "" for what the whole account shares
  std::string region, to_region;  // to_region: of a transfer
  std::string meter, description;
  std::string quantity, unit;  // in units of the meter: "GB-Months"
  std::string rate;            // per unit
  std::string amount;
  std::string price_row, source;  // which row of the price book, and who published it
};

struct Bill {
  std::string total, currency;  // "2.80" "USD"
  std::vector<BillLine> lines;
  std::vector<std::string> assumptions;  // options in force, uncertain prices used
  // Usage that nobody knows the price of. While there is any, `total` is the part that is known.
  std::vector<std::string> missing = {};
};

// Bills a usage file, JSON lines or CSV. `price_books` are files or names of shipped ones
// ("zilliz"); `options` turn on options of the books. Errors: what cannot be read, with its line;
// two rows that price one record equally well.
Expected<Bill> bill_usage(const std::string& usage_file,
                          const std::vector<std::string>& price_books,
                          const std::vector<std::string>& options = {});

}  // namespace backcast
