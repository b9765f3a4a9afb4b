// Usage that no row prices: what a bill leaves out, once for each cause.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "costmodel/bill/invoice.h"
#include "costmodel/bill/match.h"

namespace backcast::cost {

// The causes a biller meets. They are told only where something was used.
class MissingPrices {
 public:
  MissingPrices(const PriceBook& book, const Matcher& matcher) : book_(book), matcher_(matcher) {}

  // The number of the cause: a row that nobody knows the rate of, or no row at all.
  std::uint32_t unknown(std::uint32_t row);
  std::uint32_t no_row(const UsageGroup& group, int month);

  // `group` is the biller's number of it; `base` counts bytes, byte-seconds, requests.
  void use(std::uint32_t cause, std::uint32_t group, int month, uint128 base);

  // In the order of their words. `group_at` gives the group of a number.
  template <typename GroupAt>
  std::vector<MissingPrice> told(const GroupAt& group_at) const {
    std::vector<MissingPrice> all;
    for (const Cause& cause : causes_) {
      if (cause.groups.empty()) continue;
      all.push_back(told_of(cause));
      for (const std::uint32_t group : cause.groups) all.back().groups.push_back(group_at(group));
    }
    sort(all);
    return all;
  }

 private:
  struct Cause {
    MissingPrice price;
    uint128 base = 0;
    int first_month = 0, last_month = 0;
    std::set<std::uint32_t> groups;  // that used it
  };
  std::uint32_t find_or_add(MissingPrice price);
  static MissingPrice told_of(const Cause& cause);
  static void sort(std::vector<MissingPrice>& all);

  const PriceBook& book_;
  const Matcher& matcher_;
  std::vector<Cause> causes_;
};

}  // namespace backcast::cost
