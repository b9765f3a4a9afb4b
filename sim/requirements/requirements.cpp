#include "sim/requirements/requirements.h"

#include <algorithm>

#include "sim/model/timeline.h"
#include "sim/requirements/requirement_checker.h"
#include "sim/requirements/trace.h"

namespace backcast::sim {

Span Checker::span_of(const Requirement& r, std::uint32_t service) const {
  Span span = checked_span(r);
  span.until = std::min(span.until, protected_[service].until);
  return span;
}

std::vector<PointInTime> Checker::points(const Requirement& r, std::uint32_t service) const {
  std::vector<PointInTime> found;
  const std::string region = region_of(r, service);
  for (const std::uint32_t i : backups_of_[service]) {
    const BackupRecord& b = result_.backups[i];
    if (b.available == kNever) continue;
    if (region != "any" && b.region != region) continue;
    found.push_back({b.born, b.available, b.deleted, i});
  }
  return found;
}

void Checker::note(Finding finding) {
  findings_.push_back(std::move(finding));
}

// Joins what was found, takes the earliest as the counterexample and explains it.
RequirementTally Checker::conclude() {
  if (findings_.empty()) return std::move(tally_);
  for (const Finding& f : findings_) {
    tally_.failing.insert(tally_.failing.end(), f.spans.begin(), f.spans.end());
  }
  tally_.failing = joined(std::move(tally_.failing));
  const auto first =
      std::min_element(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
        return a.spans.front().from < b.spans.front().from;
      });
  tally_.checked = true;
  tally_.service = first->service;
  tally_.region = first->region;
  TraceQuery query;
  query.service = first->service;
  if (!first->region.empty() && first->region != "any") query.regions = {first->region};
  if (first->service != kNone) query.regions.push_back(result_.services[first->service].region);
  query.from = first->causes_from;
  query.until = tally_.failing.front().from;
  query.begins_with = first->last_good;
  tally_.trace = trace(scenario_, result_, query, first->conclusion);
  return std::move(tally_);
}

RequirementTally Checker::check(const Requirement& requirement) {
  tally_ = {};
  findings_.clear();
  switch (requirement.kind) {
    case RequirementKind::kRpo:
      check_rpo(requirement);
      break;
    case RequirementKind::kRestorePoints:
      check_restore_points(requirement);
      break;
    case RequirementKind::kCoverage:
      check_coverage(requirement);
      break;
    case RequirementKind::kProtected:
      check_protected(requirement);
      break;
    case RequirementKind::kQuota:
      check_quota(requirement);
      break;
    case RequirementKind::kBudget:
      tally_.checked = false;
      break;
    case RequirementKind::kCopyWithin:
      check_copy_within(requirement);
      break;
    case RequirementKind::kRestoreTime:
      check_restore_time(requirement);
      break;
  }
  return conclude();
}

std::vector<RequirementTally> tally_requirements(const Scenario& scenario,
                                                 const RunResult& result) {
  Checker checker(scenario, result);
  std::vector<RequirementTally> tallies;
  for (const Requirement& r : scenario.requirements) tallies.push_back(checker.check(r));
  return tallies;
}

}  // namespace backcast::sim
