#include "study/run/filling.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"

namespace backcast::study {
namespace {

// Of a project: what would have passed its quota was refused, or passed it.
Instant first_beyond(const sim::RunResult& run, const sim::Series& series) {
  Instant first = sim::kNever;
  for (const sim::SeriesPoint& point : series.points) {
    if (point.value <= *series.limit) continue;
    first = point.at;
    break;
  }
  for (const sim::LogEvent& event : run.log) {
    if (event.kind != sim::LogKind::kQuotaExceeded || event.service >= run.services.size())
      continue;
    if (run.services[event.service].project == series.project) first = std::min(first, event.at);
  }
  return first;
}

}  // namespace

std::vector<Filling> fillings_of(const ScenarioRun& run) {
  std::vector<Filling> all;
  for (const sim::Series& series : run.result.series) {
    if (series.kind != sim::SeriesKind::kQuotaBytes || !series.limit) continue;
    Filling filling;
    filling.what =
        fmt::format("the quota of project {}, {}", series.project, format_bytes(*series.limit));
    filling.full = first_beyond(run.result, series);
    all.push_back(std::move(filling));
  }
  for (const sim::RequirementOutcome& outcome : run.result.requirements) {
    if (outcome.kind != "quota" && outcome.kind != "budget") continue;
    Filling filling;
    filling.what = outcome.name + ": " + outcome.statement;
    filling.full = outcome.first_failure;
    all.push_back(std::move(filling));
  }
  return all;
}

void add_spread(std::vector<Filling>& shown, const std::vector<std::vector<Filling>>& all) {
  for (std::size_t i = 0; i < shown.size(); ++i) {
    std::vector<Instant> times;
    for (const std::vector<Filling>& one : all) {
      if (i < one.size()) times.push_back(one[i].full);
    }
    if (times.empty()) continue;
    std::sort(times.begin(), times.end());
    const auto quantile = [&](std::size_t percent) {
      return times[std::max<std::size_t>((times.size() * percent + 99) / 100, 1) - 1];
    };
    Filling& filling = shown[i];
    filling.replications = times.size();
    filling.filled = static_cast<std::uint64_t>(
        std::count_if(times.begin(), times.end(), [](Instant at) { return at != sim::kNever; }));
    filling.p10 = quantile(10);
    filling.p50 = quantile(50);
    filling.p90 = quantile(90);
  }
}

}  // namespace backcast::study
