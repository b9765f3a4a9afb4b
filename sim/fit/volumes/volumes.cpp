#include "sim/fit/volumes/volumes.h"

#include <algorithm>
#include <cmath>

#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

// Chosen on the development histories of docs/fidelity.md; results move little around them.
constexpr std::size_t kNoiseWindow = 90;
constexpr double kBurstFactor = 5, kMostBursts = 0.15;
constexpr double kPriorBursts = 4, kPriorBurstTail = 1, kLeastBurstTail = 0.5, kMostBurstTail = 20;

}  // namespace

double median_of(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double deviation_of(double median_distance) {
  return 1.4826 * median_distance;
}

std::vector<bool> burst_marks(const VolumeSteps& steps, std::size_t count) {
  count = std::min(count, steps.count());
  const double usual = median_of(
      {steps.new_bytes.begin(), steps.new_bytes.begin() + static_cast<std::ptrdiff_t>(count)});
  std::vector<bool> marks;
  for (std::size_t i = 0; i < count; ++i) {
    marks.push_back(steps.new_bytes[i] >
                    kBurstFactor * usual * std::max(steps.weekday_factor[i], 1.0));
  }
  return marks;
}

double usual_new_bytes(const VolumeSteps& steps, const std::vector<bool>& left_out) {
  std::vector<double> others;
  for (std::size_t i = 0; i < steps.count(); ++i) {
    if (!left_out[i]) others.push_back(steps.new_bytes[i]);
  }
  return median_of(std::move(others));
}

VolumeSteps steps_of(const ObservedHistory& history, const std::array<double, 7>& weekdays,
                     std::size_t most) {
  const auto& backups = history.backups;
  const std::size_t first = backups.size() - 1 - std::min(backups.size() - 1, most);
  std::vector<double> distances;
  for (std::size_t i = first + 1; i < backups.size(); ++i) {
    if (!backups[i].time || !backups[i - 1].time) break;
    distances.push_back(
        std::chrono::duration<double>(*backups[i].time - *backups[i - 1].time).count());
  }
  const double usual = distances.size() + first + 1 == backups.size() ? median_of(distances) : 0;
  VolumeSteps steps;
  steps.size_bytes = {static_cast<double>(backups[first].size_bytes)};
  for (std::size_t i = first + 1; i < backups.size(); ++i) {
    constexpr double kHole = 1.5;
    double length = 1, factor = 1;
    if (usual > 0) {
      const double distance = distances[i - first - 1] / usual;
      if (distance > kHole) length = distance, ++steps.holes;
      const Instant middle = *backups[i - 1].time + (*backups[i].time - *backups[i - 1].time) / 2;
      const auto day = std::chrono::floor<std::chrono::days>(middle);
      factor = weekdays[std::chrono::weekday(day).iso_encoding() - 1];
    }
    steps.size_bytes.push_back(static_cast<double>(backups[i].size_bytes));
    steps.new_bytes.push_back(static_cast<double>(backups[i].new_bytes) / length);
    steps.grown_bytes.push_back((static_cast<double>(backups[i].size_bytes) -
                                 static_cast<double>(backups[i - 1].size_bytes)) /
                                length);
    steps.weekday_factor.push_back(length > 1 ? 1 : factor);
    steps.length.push_back(length);
  }
  return steps;
}

DayNoise fit_noise(const VolumeSteps& steps) {
  constexpr double kLeastShare = 0.02;
  constexpr std::size_t kFew = 10;
  const std::vector<bool> is_burst = burst_marks(steps);
  const std::size_t n = steps.count(), first = n > kNoiseWindow ? n - kNoiseWindow : 0;
  std::vector<double> logs;
  const double least = kLeastShare * median_of(steps.new_bytes);
  for (std::size_t i = first; i < n; ++i) {
    const double bytes = steps.new_bytes[i] / std::max(steps.weekday_factor[i], kLeastShare);
    if (!is_burst[i] && least > 0) logs.push_back(portable_log(std::max(bytes, least)));
  }
  if (logs.size() < kFew) return {};
  const double middle = median_of(logs);
  std::vector<double> distances;
  for (double& x : logs) distances.push_back(std::fabs(x -= middle));
  DayNoise noise;
  noise.spread = deviation_of(median_of(distances));
  if (noise.spread < 1e-3) return {};
  // A normal law has 1.2 % beyond two and a half deviations.
  constexpr double kFar = 2.5, kManyFar = 0.03, kHeavyTail = 4, kMostPersistence = 0.9;
  std::size_t far = 0;
  double squares = 0, products = 0;
  for (std::size_t i = 0; i < logs.size(); ++i) {
    if (distances[i] > kFar * noise.spread) ++far;
    logs[i] = std::clamp(logs[i], -kFar * noise.spread, kFar * noise.spread);
    squares += logs[i] * logs[i];
    if (i > 0) products += logs[i] * logs[i - 1];
  }
  const auto count = static_cast<double>(logs.size());
  if (static_cast<double>(far) > kManyFar * count) noise.tail = kHeavyTail;
  const double next_to = squares > 0 ? products / squares : 0;
  if (next_to > 2 / std::sqrt(count)) noise.persistence = std::min(next_to, kMostPersistence);
  return noise;
}

RandomBursts fit_bursts(const VolumeSteps& steps) {
  const std::vector<bool> is_burst = burst_marks(steps);
  std::vector<double> shares;
  for (std::size_t i = 0; i < steps.count(); ++i) {
    const double size = steps.size_bytes[i + 1];
    if (is_burst[i] && size > 0) {
      shares.push_back(std::min(steps.new_bytes[i] / size, RandomBursts::kMostShare));
    }
  }
  const double rate = static_cast<double>(shares.size()) / static_cast<double>(steps.count());
  if (shares.size() < 2 || rate > kMostBursts) return {};
  std::sort(shares.begin(), shares.end());
  const std::size_t middle = shares.size() / 2;
  const double beyond = shares[middle];
  double larger = kPriorBursts, logs = kPriorBursts / kPriorBurstTail;
  for (std::size_t i = middle; i < shares.size(); ++i) {
    ++larger, logs += portable_log(shares[i] / beyond);
  }
  return {rate / 2, beyond, std::clamp(larger / logs, kLeastBurstTail, kMostBurstTail)};
}

}  // namespace backcast::sim
