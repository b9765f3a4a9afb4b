#include "sim/overlaps.h"

#include <fmt/format.h>

#include <algorithm>

namespace backcast::sim {
namespace {

using Then = OverlappingJobs::Then;

std::string warning(const std::string& name, const OverlappingJobs& overlaps) {
  const std::string what = fmt::format(
      "{} {} of {} came while the one before was still at work, first {}", overlaps.jobs,
      overlaps.jobs == 1 ? "backup" : "backups", name, format_instant(overlaps.first));
  switch (overlaps.then) {
    case Then::kSkipped:
      return what + ": the tool skips, they were not made";
    case Then::kQueued:
      return what + ": the tool queues, they started late";
    case Then::kBeside:
      return what + ": the tool starts them beside each other, each at its full speed";
    case Then::kUnsaid:
      break;
  }
  return what +
         ": they ran beside each other at full speed; say what the tool does (\"job\": "
         "{\"overlap\": \"skip\"}, \"queue\" or \"beside\")";
}

bool concerns(const Requirement& r, const Scenario& scenario, std::uint32_t service) {
  const std::size_t expanded = scenario.services.size();
  const bool is_fleet = service >= expanded;
  const auto& named = is_fleet ? r.fleets : r.services;
  const auto index = static_cast<std::uint32_t>(is_fleet ? service - expanded : service);
  if (std::find(named.begin(), named.end(), index) != named.end()) return true;
  return r.project && !is_fleet && scenario.services[service].project == *r.project;
}

void doubt(const Scenario& scenario, const OverlappingJobs& overlaps, RunResult& result) {
  for (std::size_t i = 0; i < scenario.requirements.size(); ++i) {
    RequirementOutcome& outcome = result.requirements[i];
    if (outcome.verdict != Verdict::kHolds) continue;
    if (!concerns(scenario.requirements[i], scenario, overlaps.service)) continue;
    outcome.verdict = Verdict::kUnknown;
    outcome.unknown_because =
        fmt::format("jobs of {} overlap, and nothing says what the tool does then",
                    result.services[overlaps.service].name);
  }
}

std::vector<OverlappingJobs> all_overlaps(const RunResult& result) {
  std::vector<OverlappingJobs> all = result.overlaps;
  for (const FleetTotals& fleet : result.fleets) {
    if (fleet.overlaps.jobs == 0) continue;
    all.push_back(fleet.overlaps);
    all.back().service = fleet.service;
  }
  return all;
}

}  // namespace

void report_overlaps(const Scenario& scenario, RunResult& result) {
  for (const OverlappingJobs& overlaps : all_overlaps(result)) {
    result.warnings.push_back(warning(result.services[overlaps.service].name, overlaps));
  }
  doubt_overlaps(scenario, result);
}

void doubt_overlaps(const Scenario& scenario, RunResult& result) {
  for (const OverlappingJobs& overlaps : all_overlaps(result)) {
    if (overlaps.then == Then::kUnsaid) doubt(scenario, overlaps, result);
  }
}

}  // namespace backcast::sim
