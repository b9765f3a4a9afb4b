#include "sim/requirements/overlaps.h"

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

std::vector<Scenario> other_overlaps(const Scenario& scenario, const RunResult& shown) {
  std::vector<Scenario> variants;
  const bool fails = std::any_of(shown.requirements.begin(), shown.requirements.end(),
                                 [](const auto& r) { return r.verdict == Verdict::kFails; });
  if (!fails) return variants;
  for (const policy::Overlap overlap : {policy::Overlap::kSkip, policy::Overlap::kQueue}) {
    Scenario variant = scenario;
    bool is_other = false;
    for (const OverlappingJobs& overlaps : all_overlaps(shown)) {
      if (overlaps.then != Then::kUnsaid) continue;
      const std::size_t expanded = scenario.services.size();
      Service& service = overlaps.service < expanded
                             ? variant.services[overlaps.service]
                             : variant.fleets[overlaps.service - expanded].service;
      service.job.overlap = overlap;
      is_other = true;
    }
    if (is_other) variants.push_back(std::move(variant));
  }
  return variants;
}

void keep_common_failures(const std::vector<RunResult>& others, RunResult& shown) {
  for (std::size_t i = 0; i < shown.requirements.size(); ++i) {
    RequirementOutcome& outcome = shown.requirements[i];
    const bool always_fails = std::all_of(
        others.begin(), others.end(),
        [&](const RunResult& other) { return other.requirements[i].verdict == Verdict::kFails; });
    if (outcome.verdict != Verdict::kFails || always_fails) continue;
    outcome.verdict = Verdict::kUnknown;
    outcome.unknown_because =
        "jobs overlap, nothing says what the tool does then, and it depends on that";
  }
}

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
