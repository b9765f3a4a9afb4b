#include "engine/store/snapshots/received.h"

#include <algorithm>
#include <numeric>

namespace backcast::store {
namespace {

// The longest run of snapshots whose times never fall, of those in `order`: what the clocks of most
// agree on. One whose clock was wrong, or lies, is not in it and moves none of the others.
std::vector<bool> longest_rising_run(const std::vector<Snapshot>& snapshots,
                                     const std::vector<std::size_t>& order) {
  std::vector<std::size_t> last;  // last[k]: end of the run of k + 1 that ends lowest
  std::vector<std::size_t> before(snapshots.size(), SIZE_MAX);
  for (const std::size_t i : order) {
    const auto place = std::upper_bound(
        last.begin(), last.end(), snapshots[i].received,
        [&](Instant time, std::size_t other) { return time < snapshots[other].received; });
    if (place != last.begin()) before[i] = *(place - 1);
    if (place == last.end()) {
      last.push_back(i);
    } else {
      *place = i;
    }
  }
  std::vector<bool> in_run(snapshots.size());
  for (std::size_t i = last.empty() ? SIZE_MAX : last.back(); i != SIZE_MAX; i = before[i]) {
    in_run[i] = true;
  }
  return in_run;
}

// Copies come in any order and keep the time their first store gave them.
Times times_of_copies(const std::vector<Snapshot>& snapshots, Instant now,
                      std::vector<std::size_t>& own) {
  Times times(snapshots.size());
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    if (snapshots[i].received > now) continue;
    times[i] = snapshots[i].received;
    if (!snapshots[i].is_copy) own.push_back(i);
  }
  return times;
}

// In order of sequence, each strictly later than those before it that are believed.
void straighten(const std::vector<Snapshot>& snapshots, const std::vector<std::size_t>& own,
                const std::vector<bool>& is_believed, Times& times) {
  std::optional<Instant> newest;
  for (const std::size_t i : own) {
    const Instant claimed = snapshots[i].received;
    const Instant time = newest ? std::max(*newest + Duration(1), claimed) : claimed;
    times[i] = time;
    if (is_believed[i] || time != claimed) newest = time;
  }
}

bool is_late(const Snapshot& snapshot, Instant stored) {
  return stored - snapshot.received > kArrivalSlack;
}

bool is_early(const Snapshot& snapshot, Instant stored) {
  return snapshot.received - stored > kArrivalSlack;
}

// Goes through what came in the order in which the store got it.
std::vector<bool> come_out_of_turn(const std::vector<Snapshot>& snapshots, const Times& stored) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    if (stored[i]) order.push_back(i);
  }
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return *stored[a] < *stored[b]; });
  std::vector<bool> result(snapshots.size());
  std::optional<Instant> newest;        // that anything claims which came before the batch at hand
  std::optional<Instant> batch_newest;  // the same of the late ones that came in it
  Instant batch{};                      // when its first came
  for (const std::size_t i : order) {
    const Instant claimed = snapshots[i].received, came = *stored[i];
    if (is_early(snapshots[i], came)) {
      result[i] = true;
      continue;
    }
    if (!is_late(snapshots[i], came)) {
      newest = std::max(newest.value_or(claimed), claimed);
      continue;
    }
    if (batch_newest && came - batch > kArrivalBatch) {
      newest = std::max(newest.value_or(*batch_newest), *batch_newest);
      batch_newest.reset();
    }
    if (!batch_newest) batch = came;
    batch_newest = std::max(batch_newest.value_or(claimed), claimed);
    result[i] = newest && *newest - claimed > kArrivalSlack;
  }
  return result;
}

void add_reading(std::vector<Times>& readings, Times times) {
  const bool says_nothing = std::none_of(times.begin(), times.end(), [](auto& t) { return !!t; });
  const bool is_known = std::find(readings.begin(), readings.end(), times) != readings.end();
  if (readings.empty() || (!says_nothing && !is_known)) readings.push_back(std::move(times));
}

Times without(Times times, const std::vector<bool>& left_out) {
  for (std::size_t i = 0; i < times.size(); ++i) {
    if (left_out[i]) times[i].reset();
  }
  return times;
}

}  // namespace

Arrivals judge_arrivals(const std::vector<Snapshot>& snapshots, Times stored, Instant now) {
  Arrivals out;
  std::vector<std::size_t> own;
  const Times claimed = times_of_copies(snapshots, now, own);
  for (const auto& is_believed :
       {std::vector<bool>(snapshots.size(), true), longest_rising_run(snapshots, own)}) {
    Times times = claimed;
    straighten(snapshots, own, is_believed, times);
    add_reading(out.readings, std::move(times));
  }
  const auto out_of_turn = come_out_of_turn(snapshots, stored);
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    out.came_otherwise.push_back(
        stored[i] && (is_late(snapshots[i], *stored[i]) || is_early(snapshots[i], *stored[i])));
  }
  for (std::size_t k = 0, clocks = out.readings.size(); k < clocks; ++k) {
    add_reading(out.readings, without(out.readings[k], out_of_turn));
    add_reading(out.readings, without(out.readings[k], out.came_otherwise));
  }
  out.stored = std::move(stored);
  return out;
}

Result<Arrivals> judge_arrivals(Repository& repository, const std::vector<Snapshot>& snapshots) {
  Times stored(snapshots.size());
  for (std::size_t i = 0; i < snapshots.size(); ++i) {
    auto info = repository.folder().stat(name_of(ObjectType::kSnapshot, snapshots[i].id));
    if (!info.ok() && info.error().code == Errc::kNotFound) continue;
    if (!info.ok()) return info.error();
    stored[i] = info->changed;
  }
  return judge_arrivals(snapshots, std::move(stored), repository.env().now());
}

}  // namespace backcast::store
