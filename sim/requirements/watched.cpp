#include "sim/requirements/watched.h"

#include <algorithm>
#include <map>

#include "engine/base/time_math.h"
#include "sim/requirements/requirement_checker.h"

namespace backcast::sim {
namespace {

// Changes of a count at instants, as steps within a span.
std::vector<WatchedStep> counted(const std::map<Instant, std::int64_t>& changes, Span span) {
  std::vector<WatchedStep> steps;
  std::int64_t count = 0;
  Instant since = span.from;
  for (const auto& [at, change] : changes) {
    if (const Instant until = std::min(at, span.until); until > since) {
      steps.push_back({since, until, count, count});
      since = until;
    }
    count += change;
  }
  if (since < span.until) steps.push_back({since, span.until, count, count});
  return steps;
}

}  // namespace

void Checker::watch_ages(const Requirement& r, Watched& seen) const {
  for (const std::uint32_t service : r.services) {
    WatchedLine line{service, region_of(r, service), {}};
    const auto steps = age_steps(points(r, service), span_of(r, service), protected_[service].from);
    for (const AgeStep& step : steps) {
      line.steps.push_back({step.from, step.until, between(step.born, step.from).count(),
                            between(step.born, step.until).count()});
    }
    seen.lines.push_back(std::move(line));
  }
}

void Checker::watch_restore_points(const Requirement& r, Watched& seen) const {
  for (const std::uint32_t service : r.services) {
    std::map<Instant, std::int64_t> changes;
    for (const PointInTime& p : points(r, service)) {
      const Instant gone =
          r.within > Duration{0} ? std::min(p.deleted, plus(p.born, r.within)) : p.deleted;
      if (gone <= p.available) continue;
      ++changes[p.available];
      --changes[gone];
    }
    seen.lines.push_back({service, region_of(r, service), counted(changes, span_of(r, service))});
  }
}

void Checker::watch_coverage(const Requirement& r, Watched& seen) const {
  for (const std::uint32_t service : r.services) {
    const auto all = points(r, service);
    std::map<Instant, std::int64_t> changes;
    for (const Duration rung : r.ladder) {
      const auto asked = rung_span(r, service, rung);
      if (!asked) continue;
      for (const Span& span : uncovered_spans(all, *asked, rung, 2 * rung)) {
        ++changes[span.from];
        --changes[span.until];
      }
    }
    seen.lines.push_back({service, region_of(r, service), counted(changes, span_of(r, service))});
  }
}

void Checker::watch_protected(const Requirement& r, Watched& seen) const {
  for (const std::uint32_t service : r.services) {
    std::map<Instant, std::int64_t> changes;
    for (const std::uint32_t i : backups_of_[service]) {
      const BackupRecord& b = result_.backups[i];
      if (!b.is_protected || b.available == kNever) continue;
      ++changes[b.available];
      if (b.deleted != kNever) --changes[b.deleted];
    }
    seen.lines.push_back({service, "", counted(changes, checked_span(r))});
  }
}

void Checker::watch_bytes(const Requirement& r, Watched& seen) const {
  const Span checked = checked_span(r);
  for (const Series& series : result_.series) {
    if (!counts_for(r, series)) continue;
    WatchedLine line{series.service, series.region, {}};
    for (std::size_t i = 0; i < series.points.size(); ++i) {
      const Instant from = std::max(series.points[i].at, checked.from);
      const Instant until = std::min(
          i + 1 < series.points.size() ? series.points[i + 1].at : checked.until, checked.until);
      const auto bytes = static_cast<std::int64_t>(series.points[i].value);
      if (from < until) line.steps.push_back({from, until, bytes, bytes});
    }
    seen.lines.push_back(std::move(line));
  }
}

void Checker::watch_copies(const Requirement& r, Watched& seen) const {
  const Span checked = checked_span(r);
  std::map<std::uint32_t, WatchedLine> lines;
  for (const CopyWaited& copy : copies_waited(r, checked)) {
    const BackupRecord& b = result_.backups[copy.original];
    const Instant until = std::min(copy.there, result_.end);
    if (until <= b.born) continue;
    auto& line = lines[b.service];
    line.service = b.service;
    line.region = r.region;
    line.steps.push_back({b.born, until, 0, between(b.born, until).count()});
  }
  for (auto& [service, line] : lines) seen.lines.push_back(std::move(line));
}

void Checker::watch_restores(const Requirement& r, Watched& seen) const {
  const Span checked = checked_span(r);
  for (const std::uint32_t service : r.services) {
    WatchedLine line{service, region_of(r, service), {}};
    for (const PointInTime& p : points(r, service)) {
      const Instant from = std::max(p.available, checked.from);
      const Instant until = std::min(p.deleted, checked.until);
      const std::int64_t takes = result_.backups[p.backup].restore_time.count();
      if (from < until) line.steps.push_back({from, until, takes, takes});
    }
    for (const RestoreRecord& restore : result_.restores) {
      if (restore.service != service) continue;
      const Instant from = std::max(restore.started, checked.from);
      const Instant until = std::min({restore.completed, checked.until, result_.end});
      if (from >= until) continue;
      line.steps.push_back({from, until, between(restore.started, from).count(),
                            between(restore.started, until).count()});
    }
    seen.lines.push_back(std::move(line));
  }
}

Watched Checker::watch(const Requirement& r) const {
  using Unit = Watched::Unit;
  Watched seen;
  switch (r.kind) {
    case RequirementKind::kRpo:
      seen = {Unit::kNanoseconds, "age of the newest restore point", false, r.at_most.count(), {}};
      watch_ages(r, seen);
      break;
    case RequirementKind::kRestorePoints:
      seen = {Unit::kCount, "restore points", true, r.at_least, {}};
      watch_restore_points(r, seen);
      break;
    case RequirementKind::kCoverage:
      seen = {Unit::kCount, "ages that no restore point covers", false, 0, {}};
      watch_coverage(r, seen);
      break;
    case RequirementKind::kProtected:
      seen = {Unit::kCount, "protected backups held", false, std::nullopt, {}};
      watch_protected(r, seen);
      break;
    case RequirementKind::kQuota:
      seen = {Unit::kBytes, "bytes held", false, static_cast<std::int64_t>(r.at_most_bytes), {}};
      watch_bytes(r, seen);
      break;
    case RequirementKind::kCopyWithin:
      seen = {Unit::kNanoseconds, "time a copy has been waited for", false, r.at_most.count(), {}};
      watch_copies(r, seen);
      break;
    case RequirementKind::kRestoreTime:
      seen = {Unit::kNanoseconds, "time a restore takes", false, r.at_most.count(), {}};
      watch_restores(r, seen);
      break;
    case RequirementKind::kBudget:
      break;
  }
  std::erase_if(seen.lines, [](const WatchedLine& line) { return line.steps.empty(); });
  return seen;
}

std::vector<Watched> watched(const Scenario& scenario, const RunResult& result) {
  const Checker checker(scenario, result);
  std::vector<Watched> all;
  for (const Requirement& r : scenario.requirements) all.push_back(checker.watch(r));
  return all;
}

}  // namespace backcast::sim
