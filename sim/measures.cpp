#include "sim/measures.h"

#include <algorithm>
#include <map>

#include "sim/timeline.h"

namespace backcast::sim {
namespace {

constexpr double kSecondsPerDay = 86'400;

double seconds(Duration d) {
  return static_cast<double>(d.count()) / 1e9;
}

struct Stored {
  double mean = 0, peak = 0, last = 0;
};

// The sum of all step functions of stored bytes, integrated over the run.
Stored stored_bytes(const RunResult& run) {
  std::map<Instant, std::int64_t> changes;
  for (const Series& series : run.series) {
    if (series.kind != SeriesKind::kStoredBytes) continue;
    std::int64_t before = 0;
    for (const SeriesPoint& point : series.points) {
      const auto value = static_cast<std::int64_t>(point.value);
      changes[point.at] += value - before;
      before = value;
    }
  }
  Stored result;
  std::int64_t held = 0;
  Instant since = run.start;
  for (const auto& [at, change] : changes) {
    const Instant until = std::clamp(at, since, run.end);
    result.mean += static_cast<double>(held) * seconds(until - since);
    since = until;
    held += change;
    result.peak = std::max(result.peak, static_cast<double>(held));
  }
  result.mean += static_cast<double>(held) * seconds(run.end - since);
  const double span = seconds(run.end - run.start);
  result.mean = span > 0 ? result.mean / span : 0;
  result.last = static_cast<double>(held);
  return result;
}

struct Points {
  std::vector<std::vector<PointInTime>> of_service;
  double made = 0, failed = 0, last = 0;
};

Points restore_points(const RunResult& run) {
  Points result;
  result.of_service.resize(run.services.size());
  for (const BackupRecord& backup : run.backups) {
    if (backup.state == BackupState::kFailed || backup.state == BackupState::kRefused) {
      ++result.failed;
    }
    if (backup.available == kNever) continue;
    ++result.made;
    if (backup.state == BackupState::kAvailable) ++result.last;
    result.of_service[backup.service].push_back(
        {backup.born, backup.available, backup.deleted, kNone});
  }
  return result;
}

}  // namespace

Measures measures_of(const RunResult& run) {
  const Stored stored = stored_bytes(run);
  const Points points = restore_points(run);
  double moved = 0;
  for (const UsageRecord& record : run.usage) {
    if (record.kind == UsageKind::kTransfer || record.kind == UsageKind::kEgress) {
      moved += static_cast<double>(record.quantity);
    }
  }
  Duration worst{0};
  double coverage_days = 0;
  double services = 0;
  // Fleets stand last among the services and are counted below.
  for (std::size_t i = 0; i + run.fleets.size() < points.of_service.size(); ++i) {
    const auto& own = points.of_service[i];
    ++services;
    Duration age{0};
    stale_spans(own, {run.start, run.end}, run.start, Duration{0}, &age);
    worst = std::max(worst, age);
    Instant oldest = run.end;
    for (const PointInTime& point : own) {
      if (point.deleted >= run.end) oldest = std::min(oldest, point.born);
    }
    coverage_days += seconds(run.end - oldest) / kSecondsPerDay;
  }
  double made = points.made, failed = points.failed, last = points.last;
  for (const FleetTotals& fleet : run.fleets) {
    made += static_cast<double>(fleet.available + fleet.deleted);
    failed += static_cast<double>(fleet.failed + fleet.refused);
    last += static_cast<double>(fleet.available);
    moved += static_cast<double>(fleet.moved_bytes);
    services += static_cast<double>(fleet.simulated);
    coverage_days += static_cast<double>(fleet.coverage_seconds) / kSecondsPerDay;
    // Of the region that fares best: the newest anywhere is never older than that.
    const auto best = std::min_element(
        fleet.worst_ages.begin(), fleet.worst_ages.end(),
        [](const FleetTotals::Age& a, const FleetTotals::Age& b) { return a.age < b.age; });
    if (best != fleet.worst_ages.end()) worst = std::max(worst, best->age);
  }
  double failing = 0;
  for (const RequirementOutcome& outcome : run.requirements) {
    failing += seconds(outcome.failing_time);
  }
  return {{"stored_bytes_mean", stored.mean},
          {"stored_bytes_peak", stored.peak},
          {"stored_bytes_last", stored.last},
          {"moved_bytes", moved},
          {"backups_made", made},
          {"backups_failed", failed},
          {"restore_points_last", last},
          {"rpo_seconds_worst", seconds(worst)},
          {"coverage_days_mean", services > 0 ? coverage_days / services : 0},
          {"requirements_hold", all_hold(run) ? 1.0 : 0.0},
          {"requirements_failing_seconds", failing}};
}

}  // namespace backcast::sim
