// The bill of a usage file or of a repository's own ledger.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/repository/repository_options.h"
#include "costmodel/bill/invoice.h"
#include "engine/store/snapshots/usage.h"

namespace backcast::cli {

struct UsageToBill {
  std::string path;                                 // a file, "-", or the folder of a repository
  std::optional<std::vector<UsageRecord>> records;  // in its place
  std::shared_ptr<const cost::PriceBook> book;
  cost::BillOptions options;
  RepositoryOptions repository;  // how to open it, where `path` is one
  store::UsageNames names;
};

Result<cost::Invoice, Errors> bill_usage(const UsageToBill& usage);

// A file whose records come in order of their months, billed without holding more than one month
// of it: each invoice is handed on as soon as it is complete, the last one with the assumptions of
// all. False if the file is not in that order, or is no file: bill it as a whole.
Result<bool, Errors> bill_by_month(const UsageToBill& usage,
                                   const std::function<Status(cost::Invoice&)>& sink);

}  // namespace backcast::cli
