#include "cli/billing/bill_usage.h"

#include <filesystem>
#include <fstream>
#include <iostream>

#include "costmodel/bill/usage_bill.h"
#include "engine/base/errors.h"
#include "engine/base/text.h"
#include "engine/env/env.h"

namespace backcast::cli {
namespace {

// A repository's own ledger, up to now.
Status add_repository(const UsageToBill& usage, cost::Biller& biller) {
  RepositoryOptions where = usage.repository;
  where.path = usage.path;
  BACKCAST_TRY(const auto repository, open_repository(where, Access::kWrite));
  BACKCAST_TRY(const auto records, store::usage(*repository, usage.names, env::posix_env().now()));
  for (const UsageRecord& record : records) BACKCAST_CHECK(biller.add(record));
  return kOk;
}

Result<std::ifstream, Errors> open_usage(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Errors{bad_input("cannot open usage file " + printable(path))};
  return file;
}

}  // namespace

Result<cost::Invoice, Errors> bill_usage(const UsageToBill& usage) {
  if (usage.records) return cost::bill(*usage.book, *usage.records, usage.options);
  if (std::filesystem::is_directory(usage.path)) {
    cost::Biller biller(usage.book, usage.options);
    BACKCAST_CHECK(all_errors(add_repository(usage, biller)));
    return biller.finish();
  }
  if (usage.path == "-") return cost::bill_usage(std::cin, usage.path, usage.book, usage.options);
  BACKCAST_TRY(std::ifstream file, open_usage(usage.path));
  return cost::bill_usage(file, usage.path, usage.book, usage.options);
}

Result<bool, Errors> bill_by_month(const UsageToBill& usage,
                                   const std::function<Status(cost::Invoice&)>& sink) {
  if (usage.records || !std::filesystem::is_regular_file(usage.path)) return false;
  BACKCAST_TRY(std::ifstream file, open_usage(usage.path));
  return cost::bill_by_month(file, usage.path, usage.book, usage.options, sink);
}

}  // namespace backcast::cli
