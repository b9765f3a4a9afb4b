#include "sim/sums/statistics.h"

#include <algorithm>
#include <bit>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>

#include "engine/base/assert.h"

namespace backcast::sim {
namespace {

constexpr int kSubBits = 7;  // 128 buckets per power of two

std::uint32_t bucket_of(std::uint64_t value) {
  const int width = static_cast<int>(std::bit_width(value));
  if (width <= kSubBits + 1) return static_cast<std::uint32_t>(value);
  const int shift = width - kSubBits - 1;
  return static_cast<std::uint32_t>(shift << kSubBits) + static_cast<std::uint32_t>(value >> shift);
}

std::uint64_t bucket_end(std::uint32_t bucket) {
  if (bucket < (2U << kSubBits)) return bucket;
  const int shift = static_cast<int>(bucket >> kSubBits) - 1;
  const std::uint64_t first = bucket - (static_cast<std::uint64_t>(shift) << kSubBits);
  return (first << shift) + ((1ULL << shift) - 1);
}

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

std::uint64_t rank_of(double p, std::uint64_t count) {
  const double rank = std::ceil(p * static_cast<double>(count));
  return std::clamp<std::uint64_t>(static_cast<std::uint64_t>(rank), 1, count);
}

}  // namespace

double standard_deviation(std::span<const double> values) {
  if (values.size() < 2) return 0;
  const double mean = mean_of(values);
  double squares = 0;
  for (const double v : values) squares += (v - mean) * (v - mean);
  return std::sqrt(squares / static_cast<double>(values.size() - 1));
}

Estimate share_estimate(std::uint64_t hits, std::uint64_t all, double confidence) {
  BACKCAST_ASSERT(all > 0 && hits <= all && confidence > 0 && confidence < 1);
  using Law = boost::math::binomial_distribution<double>;
  const auto n = static_cast<double>(all), k = static_cast<double>(hits);
  const double tail = (1 - confidence) / 2;
  return {k / n, Interval{hits == 0 ? 0 : Law::find_lower_bound_on_p(n, k, tail),
                          hits == all ? 1 : Law::find_upper_bound_on_p(n, k, tail)}};
}

Estimate mean_estimate(std::span<const double> values, double confidence) {
  BACKCAST_ASSERT(!values.empty() && confidence > 0 && confidence < 1);
  const double mean = mean_of(values);
  if (values.size() < 2) return {mean, std::nullopt};
  const auto n = static_cast<double>(values.size());
  const boost::math::students_t law(n - 1);
  const double t = boost::math::quantile(law, (1 + confidence) / 2);
  const double half = t * standard_deviation(values) / std::sqrt(n);
  return {mean, Interval{mean - half, mean + half}};
}

Estimate quantile_estimate(std::span<const double> values, double p, double confidence) {
  BACKCAST_ASSERT(!values.empty() && p > 0 && p < 1 && confidence > 0 && confidence < 1);
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const std::uint64_t n = sorted.size();
  Estimate result{sorted[rank_of(p, n) - 1], std::nullopt};
  // The number of values below the quantile is binomial(n, p): take the largest rank `low` and the
  // smallest rank `high` that leave half of the doubt outside on each side.
  const boost::math::binomial below(static_cast<double>(n), p);
  const double doubt = (1 - confidence) / 2;
  std::uint64_t low = 0, high = n + 1;
  while (low < n && boost::math::cdf(below, static_cast<double>(low)) <= doubt) ++low;
  while (high > 1 && 1 - boost::math::cdf(below, static_cast<double>(high - 2)) <= doubt) --high;
  if (low >= 1 && high <= n) result.interval = Interval{sorted[low - 1], sorted[high - 1]};
  return result;
}

void Histogram::blur() {
  std::map<std::uint64_t, std::uint64_t> buckets;
  for (const auto& [value, count] : counts_) buckets[bucket_of(value)] += count;
  counts_ = std::move(buckets);
  is_exact_ = false;
}

void Histogram::add(std::uint64_t value, std::uint64_t count) {
  if (count == 0) return;
  counts_[is_exact_ ? value : bucket_of(value)] += count;
  count_ += count;
  if (is_exact_ && counts_.size() > kMostExact) blur();
}

void Histogram::add(const Histogram& other) {
  if (is_exact_ && !other.is_exact_) blur();
  for (const auto& [key, count] : other.counts_) {
    counts_[is_exact_ || !other.is_exact_ ? key : bucket_of(key)] += count;
  }
  count_ += other.count_;
  if (is_exact_ && counts_.size() > kMostExact) blur();
}

std::uint64_t Histogram::quantile(double p) const {
  if (count_ == 0) return 0;
  const auto end_of = [&](std::uint64_t key) {
    return is_exact_ ? key : bucket_end(static_cast<std::uint32_t>(key));
  };
  std::uint64_t left = rank_of(p, count_);
  for (const auto& [key, count] : counts_) {
    if (count >= left) return end_of(key);
    left -= count;
  }
  return end_of(counts_.rbegin()->first);
}

Histogram Histogram::from_counts(std::map<std::uint64_t, std::uint64_t> counts, bool is_exact) {
  Histogram result;
  result.is_exact_ = is_exact;
  for (const auto& [key, count] : counts) {
    if (count == 0) continue;
    result.counts_[key] = count;
    result.count_ += count;
  }
  return result;
}

}  // namespace backcast::sim
