#include "sim/requirements/newest_age.h"

#include <algorithm>
#include <map>
#include <queue>

#include "engine/base/time_math.h"

namespace backcast::sim {

std::vector<AgeStep> age_steps(std::vector<PointInTime> points, Span checked, Instant since) {
  const auto earlier = [](const PointInTime& a, const PointInTime& b) {
    return a.available < b.available;
  };
  if (!std::is_sorted(points.begin(), points.end(), earlier)) {
    std::stable_sort(points.begin(), points.end(), earlier);
  }
  // Newest first; what is deleted leaves when it comes to the top.
  const auto older = [](const PointInTime& a, const PointInTime& b) { return a.born < b.born; };
  std::priority_queue<PointInTime, std::vector<PointInTime>, decltype(older)> newest(older);
  std::vector<AgeStep> steps;
  std::size_t next = 0;
  for (Instant at = checked.from; at < checked.until;) {
    for (; next < points.size() && points[next].available <= at; ++next) newest.push(points[next]);
    while (!newest.empty() && newest.top().deleted <= at) newest.pop();
    AgeStep step{at, checked.until, since};
    if (next < points.size()) step.until = std::min(step.until, points[next].available);
    if (!newest.empty()) {
      step.until = std::min(step.until, newest.top().deleted);
      step.born = std::max(newest.top().born, since);
      step.backup = newest.top().backup;
    }
    at = step.until;
    if (!steps.empty() && steps.back().born == step.born && steps.back().backup == step.backup) {
      steps.back().until = step.until;
    } else {
      steps.push_back(step);
    }
  }
  return steps;
}

const AgeStep* worst(const std::vector<AgeStep>& steps) {
  const auto found =
      std::max_element(steps.begin(), steps.end(), [](const AgeStep& a, const AgeStep& b) {
        return between(a.born, a.until) < between(b.born, b.until);
      });
  return found == steps.end() ? nullptr : &*found;
}

std::vector<Span> stale_spans(const std::vector<AgeStep>& steps, Duration limit) {
  std::vector<Span> spans;
  for (const AgeStep& step : steps) {
    const Span span{std::max(step.from, plus(step.born, limit)), step.until};
    if (span.from < span.until) spans.push_back(span);
  }
  return joined(std::move(spans));
}

std::vector<Span> protected_spans(const RunResult& run) {
  std::vector<Span> spans(run.services.size(), {run.start, run.end});
  for (const BackupRecord& backup : run.backups) {
    if (backup.of_history) {
      spans[backup.service].from = std::min(spans[backup.service].from, backup.born);
    }
  }
  for (const LogEvent& event : run.log) {
    if (event.kind != LogKind::kServiceDeleted || event.service >= spans.size()) continue;
    spans[event.service].until = std::min(spans[event.service].until, event.at);
  }
  return spans;
}

std::vector<AgeLine> ages_by_region(const RunResult& run) {
  const std::vector<Span> spans = protected_spans(run);
  std::map<std::string, std::vector<std::vector<PointInTime>>> by_region;  // [service]
  for (std::uint32_t i = 0; i < run.backups.size(); ++i) {
    const BackupRecord& b = run.backups[i];
    if (b.available >= run.end) continue;
    auto& services = by_region[b.region];
    if (services.empty()) services.resize(run.services.size());
    services[b.service].push_back({b.born, b.available, b.deleted, i});
  }
  std::vector<AgeLine> lines;
  for (auto& [region, services] : by_region) {
    for (std::uint32_t s = 0; s < services.size(); ++s) {
      if (services[s].empty()) continue;
      const Span within{run.start, spans[s].until};
      lines.push_back({s, region, age_steps(std::move(services[s]), within, spans[s].from)});
    }
  }
  return lines;
}

std::vector<AgeLine> ages_anywhere(const RunResult& run) {
  const std::vector<Span> spans = protected_spans(run);
  // Fleets that are kept as sums stand last among the services.
  std::vector<std::vector<PointInTime>> points(run.services.size() - run.fleets.size());
  for (std::uint32_t i = 0; i < run.backups.size(); ++i) {
    const BackupRecord& b = run.backups[i];
    if (b.available < run.end) points[b.service].push_back({b.born, b.available, b.deleted, i});
  }
  std::vector<AgeLine> lines;
  for (std::uint32_t s = 0; s < points.size(); ++s) {
    const Span within{run.start, spans[s].until};
    lines.push_back({s, "", age_steps(std::move(points[s]), within, spans[s].from)});
  }
  return lines;
}

}  // namespace backcast::sim
