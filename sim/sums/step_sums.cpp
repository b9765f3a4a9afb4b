#include "sim/sums/step_sums.h"

#include <algorithm>
#include <limits>

#include "engine/base/checked.h"

namespace backcast::sim {
namespace {

constexpr std::size_t kUnsettledAtLeast = 1 << 16;

std::int64_t signed_bytes(std::uint64_t bytes) {
  constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  return static_cast<std::int64_t>(std::min(bytes, kMost));
}

}  // namespace

void StepSums::add(const Series& series) {
  Changes& changes = by_region_[series.region];
  std::int64_t before = 0;
  for (const SeriesPoint& point : series.points) {
    const std::int64_t bytes = signed_bytes(point.value);
    if (bytes == before) continue;
    const auto second = std::chrono::floor<std::chrono::seconds>(point.at - start_).count();
    changes.list.push_back({second, bytes - before});
    before = bytes;
  }
  if (changes.list.size() > 2 * changes.settled + kUnsettledAtLeast) settle(changes);
}

// Sorts what has come since, merges it and adds up what happens in one second.
void StepSums::settle(Changes& changes) {
  auto& list = changes.list;
  const auto earlier = [](const Change& a, const Change& b) { return a.second < b.second; };
  const auto middle = list.begin() + static_cast<std::ptrdiff_t>(changes.settled);
  std::sort(middle, list.end(), earlier);
  std::inplace_merge(list.begin(), middle, list.end(), earlier);
  std::size_t kept = 0;
  for (const Change& change : list) {
    if (kept > 0 && list[kept - 1].second == change.second) {
      // A change of more than 9 EB in one second is cut off there: the sums pass that limit, too.
      constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
      std::int64_t& bytes = list[kept - 1].bytes;
      bytes = checked_add(bytes, change.bytes).value_or(change.bytes > 0 ? kMost : -kMost);
    } else {
      list[kept++] = change;
    }
  }
  list.resize(kept);
  changes.settled = kept;
}

std::vector<Series> StepSums::take(const std::string& project, Instant end) {
  std::vector<Series> result;
  for (auto& [region, changes] : by_region_) {
    settle(changes);
    Series series;
    series.project = project;
    series.region = region;
    series.points.push_back({start_, 0});
    int128 bytes = 0;
    for (const Change& change : changes.list) {
      bytes += change.bytes;
      const Instant at = start_ + std::chrono::seconds(change.second);
      if (at >= end || change.bytes == 0) continue;
      const int128 shown = std::clamp<int128>(bytes, 0, std::numeric_limits<std::uint64_t>::max());
      const auto value = static_cast<std::uint64_t>(shown);
      if (series.points.back().at == at) {
        series.points.back().value = value;
      } else {
        series.points.push_back({at, value});
      }
    }
    changes = {};
    result.push_back(std::move(series));
  }
  return result;
}

}  // namespace backcast::sim
