// The level and trend of the last steps.
#include <algorithm>
#include <cmath>
#include <span>

#include "sim/fit/volumes/volumes.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

// Chosen on the development histories of docs/fidelity.md; results move little around them.
constexpr double kMemory = 40, kClippedShare = 0.03;
constexpr std::size_t kGrowthSteps = 14;
constexpr double kPriorGrowthShare = 0.6, kPriorGrowthWeight = 4, kMostGrowthShare = 1.2;
constexpr double kPriorExponent = 0.4, kPriorDeviation = 0.3;
constexpr double kMostRatio = 2;  // a size farther off is another life

// Weighted by age, the `clipped` most and least extreme drawn in to the next ones.
double recent_mean(std::span<const double> values, std::size_t clipped) {
  constexpr std::size_t kFew = 5;
  const std::size_t n = values.size();
  if (n == 0) return 0;
  if (n < kFew) clipped = 0;
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  const double low = sorted[clipped], high = sorted[n - 1 - clipped];
  double sum = 0, weights = 0, weight = 1;
  for (std::size_t i = n; i-- > 0;) {
    sum += weight * std::clamp(values[i], low, high);
    weights += weight;
    weight *= 1 - 1 / kMemory;
  }
  return sum / weights;
}

double recent_new_bytes(std::span<const double> values) {
  const auto share =
      static_cast<std::size_t>(kClippedShare * static_cast<double>(values.size()) + 0.5);
  return recent_mean(values, std::max<std::size_t>(share, 1));
}
double recent_growth(std::span<const double> values) {
  return recent_mean(values, 1);
}

// What the first steps grew by. Of what came with a burst half: the middle of what may come has
// fewer of them than the mean.
std::vector<double> calm_growth(const VolumeSteps& steps, std::size_t count) {
  constexpr double kOfBursts = 0.5;
  const std::vector<bool> is_burst = burst_marks(steps, count);
  std::vector<double> grown(steps.grown_bytes.begin(),
                            steps.grown_bytes.begin() + static_cast<std::ptrdiff_t>(count));
  std::vector<double> others;
  for (std::size_t i = 0; i < count; ++i) {
    if (!is_burst[i]) others.push_back(grown[i]);
  }
  const double usual = median_of(std::move(others));
  for (std::size_t i = 0; i < count; ++i) {
    if (is_burst[i] && grown[i] > usual) grown[i] = usual + kOfBursts * (grown[i] - usual);
  }
  return grown;
}

// By which share growth, as it was known before, went on: least squares over finished stretches.
double growth_that_goes_on(const VolumeSteps& steps, std::span<const double> calm,
                           double growth_bytes) {
  const auto ahead = static_cast<double>(kGrowthSteps);
  const double told_now = growth_bytes * ahead;
  double squares = kPriorGrowthWeight * told_now * told_now;
  double products = kPriorGrowthShare * squares;
  for (std::size_t end = calm.size(); end >= kGrowthSteps + kFirstOrigin; end -= kGrowthSteps) {
    const std::size_t origin = end - kGrowthSteps;
    const double told = recent_growth(calm.first(origin)) * ahead;
    double grown = 0;
    for (std::size_t i = origin; i < end; ++i) grown += steps.grown_bytes[i];
    squares += told * told;
    products += told * grown;
  }
  return squares > 0 ? std::clamp(products / squares, 0.0, kMostGrowthShare) : 1;
}

// Logarithms, those far from the median drawn in to it; a fiftieth of it counts where less was
// added.
std::vector<double> usual_logs(std::span<const double> values) {
  constexpr double kLeastShare = 0.02, kFar = 2;
  const double least = std::max(kLeastShare * median_of({values.begin(), values.end()}), 1.0);
  std::vector<double> logs, distances;
  for (const double value : values) logs.push_back(portable_log(std::max(value, least)));
  const double middle = median_of(logs);
  for (const double x : logs) distances.push_back(std::fabs(x - middle));
  const double far = kFar * deviation_of(median_of(distances));
  for (double& x : logs) x = std::clamp(x, middle - far, middle + far);
  return logs;
}

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// By which power of the size new bytes grew with it: 0 where a day adds what it adds, however much
// there is (logs), 1 where it rewrites a share. Ridge regression of logarithms.
double exponent_of_size(std::span<const double> sizes, std::span<const double> added) {
  std::vector<double> x;
  for (const double size : sizes) x.push_back(portable_log(std::max(size, 1.0)));
  const std::vector<double> y = usual_logs(added);
  const double mean_x = mean_of(x), mean_y = mean_of(y);
  double xx = 0, xy = 0, yy = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - mean_x) * (x[i] - mean_x);
    xy += (x[i] - mean_x) * (y[i] - mean_y);
    yy += (y[i] - mean_y) * (y[i] - mean_y);
  }
  const double variance = yy / static_cast<double>(y.size());
  const double weight = variance / (kPriorDeviation * kPriorDeviation);
  if (weight + xx <= 0) return kPriorExponent;
  return std::clamp((kPriorExponent * weight + xy) / (weight + xx), 0.0, 1.0);
}

// What each step would have added to data of the size that it has after the last of them.
std::vector<double> at_the_last_size(const VolumeSteps& steps, std::size_t count) {
  const auto sizes = std::span(steps.size_bytes).subspan(1, count);
  std::vector<double> added(steps.new_bytes.begin(),
                            steps.new_bytes.begin() + static_cast<std::ptrdiff_t>(count));
  if (count == 0) return added;
  const double exponent = exponent_of_size(sizes, added);
  const double last = std::max(sizes.back(), 1.0);
  for (std::size_t i = 0; i < count; ++i) {
    const double ratio = std::clamp(last / std::max(sizes[i], 1.0), 1 / kMostRatio, kMostRatio);
    added[i] *= portable_exp(exponent * portable_log(ratio));
  }
  return added;
}

}  // namespace

VolumeLevel level_of(const VolumeSteps& steps, std::size_t count) {
  VolumeLevel level;
  level.new_bytes = recent_new_bytes(at_the_last_size(steps, count));
  const std::vector<double> calm = calm_growth(steps, count);
  level.growth_bytes = recent_growth(calm);
  level.growth_bytes *= growth_that_goes_on(steps, calm, level.growth_bytes);
  return level;
}

}  // namespace backcast::sim
