#include "sim/run/measures.h"

#include <algorithm>
#include <map>

#include "engine/base/time_math.h"
#include "sim/requirements/newest_age.h"

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

// By service: the oldest restore point that outlives the run.
std::vector<Instant> oldest_kept(const RunResult& run) {
  std::vector<Instant> oldest(run.services.size(), run.end);
  for (const BackupRecord& backup : run.backups) {
    if (backup.state != BackupState::kAvailable) continue;
    oldest[backup.service] = std::min(oldest[backup.service], backup.born);
  }
  return oldest;
}

}  // namespace

Measures measures_of(const RunResult& run) {
  const Stored stored = stored_bytes(run);
  const std::vector<Instant> oldest = oldest_kept(run);
  BackupCounts backups;
  for (const BackupRecord& backup : run.backups) backups.add(backup);
  double moved = 0;
  for (const UsageRecord& record : run.usage) {
    if (record.kind == UsageKind::kTransfer || record.kind == UsageKind::kEgress) {
      moved += static_cast<double>(record.quantity);
    }
  }
  Duration worst{0};
  double coverage_days = 0;
  double services = 0;
  for (const AgeLine& line : ages_anywhere(run)) {
    ++services;
    if (const AgeStep* step = sim::worst(line.steps)) {
      worst = std::max(worst, between(step->born, step->until));
    }
    coverage_days += seconds(between(oldest[line.service], run.end)) / kSecondsPerDay;
  }
  for (const FleetTotals& fleet : run.fleets) {
    backups.add(fleet.backups);
    moved += static_cast<double>(fleet.moved_bytes);
    services += static_cast<double>(fleet.simulated);
    coverage_days += static_cast<double>(fleet.coverage_seconds) / kSecondsPerDay;
    worst = std::max(worst, fleet.worst_age_anywhere);
  }
  double failing = 0;
  for (const RequirementOutcome& outcome : run.requirements) {
    failing += seconds(outcome.failing_time);
  }
  return {{"stored_bytes_mean", stored.mean},
          {"stored_bytes_peak", stored.peak},
          {"stored_bytes_last", stored.last},
          {"moved_bytes", moved},
          {"backups_made", static_cast<double>(backups.made)},
          {"backups_failed", static_cast<double>(backups.failed + backups.refused)},
          {"restore_points_last", static_cast<double>(backups.available)},
          {"rpo_seconds_worst", seconds(worst)},
          {"coverage_days_mean", services > 0 ? coverage_days / services : 0},
          {"requirements_hold", all_hold(run) ? 1.0 : 0.0},
          {"requirements_failing_seconds", failing}};
}

}  // namespace backcast::sim
