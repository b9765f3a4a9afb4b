// What replications tell: means, quantiles and their intervals, and histograms that add exactly.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace backcast::sim {

struct Interval {
  double low = 0, high = 0;
};

// An estimate and where the truth lies with the confidence asked for; no interval where the sample
// is too small to give one.
struct Estimate {
  double value = 0;
  std::optional<Interval> interval;
};

// Mean of independent replications with Student's t interval, from 2 values on. Values are summed
// in the given order. confidence in (0, 1), such as 0.95.
Estimate mean_estimate(std::span<const double> values, double confidence);

// The quantile p in (0, 1) of independent replications: the ceil(n p)-th smallest value, and the
// order-statistic interval, which assumes nothing about the law (Conover, Practical Nonparametric
// Statistics, 3rd ed., section 3.2). It exists once n is large enough: 59 for p = 0.95 at 0.95
// would bound it from above alone; both sides need 93.
Estimate quantile_estimate(std::span<const double> values, double p, double confidence);

// The share of `hits` among `all` > 0 independent trials, with the exact binomial interval (Clopper
// and Pearson, Biometrika 26, 1934), which holds at least as often as `confidence` says.
Estimate share_estimate(std::uint64_t hits, std::uint64_t all, double confidence);

// Sample standard deviation, 0 for fewer than two values.
double standard_deviation(std::span<const double> values);

// Counts of non-negative integers: exact while there are few different ones, then in buckets that
// are exact below 256 and at most 1/128 wide, relatively, above. Adding histograms gives the same
// whatever the order.
class Histogram {
 public:
  static constexpr std::size_t kMostExact = 4096;  // different values

  void add(std::uint64_t value, std::uint64_t count = 1);
  void add(const Histogram& other);

  std::uint64_t count() const { return count_; }
  // The ceil(count p)-th smallest value, or the upper edge of its bucket; 0 when empty.
  std::uint64_t quantile(double p) const;
  // Value (while exact) or bucket number to count, for writing out and reading back.
  bool is_exact() const { return is_exact_; }
  const std::map<std::uint64_t, std::uint64_t>& counts() const { return counts_; }
  static constexpr std::uint64_t kLastBucket = 7423;  // holds 2^64 - 1
  static Histogram from_counts(std::map<std::uint64_t, std::uint64_t> counts, bool is_exact);

  bool operator==(const Histogram&) const = default;

 private:
  void blur();  // from exact values to buckets

  std::map<std::uint64_t, std::uint64_t> counts_;
  std::uint64_t count_ = 0;
  bool is_exact_ = true;
};

}  // namespace backcast::sim
