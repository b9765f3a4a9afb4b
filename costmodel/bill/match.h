// Which price rows apply to a usage record.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "costmodel/bill/invoice.h"
#include "costmodel/book/price_book.h"

namespace backcast::cost {

// Calendar months of UTC, counted from January 1970 = 0.
struct MonthSpan {
  std::int64_t start_seconds = 0;  // since 1970
  std::int64_t end_seconds = 0;    // exclusive
};
int month_at(std::int64_t unix_seconds);
MonthSpan span_of_month(int month);
std::chrono::year_month to_year_month(int month);

class Matcher {
 public:
  Matcher(const PriceBook& book, const std::set<std::string>& options);

  // For each meter of the group's kind, its most particular row that applies in that month; the
  // order is that of the book. All are of one account: the provider that the usage names, or the
  // only one that prices it. Errors: kBadInput where two rows, or two providers, apply equally
  // well.
  Result<std::vector<std::uint32_t>> rows(const UsageGroup& group, int month) const;

  // "no price for storage, region \"r2\" in price book …", whatever the month.
  std::string sought(const UsageGroup& group) const;
  // The row that comes nearest to pricing it, of its provider if that is known; kNone where the
  // book has nothing of that kind. `hint` names up to three.
  struct Nearest {
    std::uint32_t row = kNone, account = 0;
    std::string hint;
  };
  Nearest nearest(const UsageGroup& group, int month) const;
  // In what the row would have to be different to price it: field and value.
  std::vector<std::pair<std::string, std::string>> differing(const UsageGroup& group,
                                                             std::uint32_t row) const;

 private:
  // How closely the row fits: larger is closer; -1 where it does not apply.
  int closeness(const PriceRow& row, const UsageGroup& group) const;
  static int region_closeness(const Account& account, const std::string& wanted,
                              const std::string& region);
  const Account& account_of(const PriceRow& row) const {
    return book_.accounts[book_.meters[row.meter].account];
  }
  std::string default_class_of(const UsageGroup& group) const;
  const Account* account_called(const std::string& provider) const;  // null: none, or not said
  Status keep_one_account(const UsageGroup& group, std::vector<std::uint32_t>& found) const;
  bool is_active(const std::string& option) const {
    return option.empty() || options_.contains(option);
  }

  const PriceBook& book_;
  std::set<std::string> options_;
};

}  // namespace backcast::cost
