// Requirements and what a run says about them, in words; and how what was seen apart adds up.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"
#include "sim/requirements.h"

namespace backcast::sim {
namespace {

std::string subject(const Requirement& r, const Scenario& scenario) {
  const std::size_t named = r.services.size() + r.fleets.size();
  if (r.all_services && (named != 1 || !r.fleets.empty())) return "every service";
  if (named != 1) return fmt::format("{} services", named);
  if (r.services.size() == 1) return scenario.services[r.services.front()].name;
  return "every service of " + scenario.fleets[r.fleets.front()].name;
}

std::string place_words(const Requirement& r) {
  if (r.region == "any") return " in any region";
  return r.region.empty() ? "" : " in " + r.region;
}

std::string window_words(const Requirement& r) {
  return r.within > Duration{0} ? " of the last " + format_duration(r.within) : "";
}

std::string ladder_words(const Requirement& r) {
  std::string rungs;
  for (const Duration rung : r.ladder) {
    rungs += (rungs.empty() ? "" : ", ") + format_duration(rung);
  }
  return rungs;
}

struct Words {
  const char* kind;
  std::string statement, limit;
};

Words words_of(const Requirement& r, const Scenario& scenario) {
  const std::string who = subject(r, scenario), where = place_words(r);
  const std::string time = format_duration(r.at_most);
  switch (r.kind) {
    case RequirementKind::kRpo:
      return {
          "rpo",
          fmt::format("the newest restore point of {}{} is never older than {}", who, where, time),
          time};
    case RequirementKind::kRestorePoints:
      return {"restore_points",
              fmt::format("{}{} always has at least {} restore points{}", who, where, r.at_least,
                          window_words(r)),
              std::to_string(r.at_least)};
    case RequirementKind::kCoverage:
      return {"coverage",
              fmt::format("{}{} can always go back {} (to a point no more than twice as old)", who,
                          where, ladder_words(r)),
              ladder_words(r)};
    case RequirementKind::kProtected:
      return {"protected", fmt::format("no protected backup of {} is ever deleted", who), "0"};
    case RequirementKind::kQuota:
      return {"quota",
              fmt::format("the backups of {} never hold more than {}",
                          r.project ? "project " + scenario.projects[*r.project].name
                                    : subject_of(r, scenario),
                          format_bytes(r.at_most_bytes)),
              format_bytes(r.at_most_bytes)};
    case RequirementKind::kBudget:
      return {"budget",
              fmt::format("the bill is never above {} {}{}", r.at_most_amount, r.currency,
                          r.per_month ? " a month" : " in all"),
              r.at_most_amount};
    case RequirementKind::kCopyWithin:
      return {"copy_within",
              fmt::format("every backup of {} has a copy in {} within {}", who, r.region, time),
              time};
    case RequirementKind::kRestoreTime:
      return {"restore_time",
              fmt::format("restoring any restore point of {}{} never takes longer than {}", who,
                          where, time),
              time};
  }
  return {"", "", ""};
}

std::string observed(const Requirement& r, const RequirementTally& tally) {
  const auto lasting = [&] {
    return format_duration(Duration(static_cast<std::int64_t>(tally.worst)));
  };
  switch (r.kind) {
    case RequirementKind::kRpo:
      return lasting();
    case RequirementKind::kRestorePoints:
      return tally.checked ? std::to_string(tally.worst) : "the run is shorter than the window";
    case RequirementKind::kCoverage:
      if (!tally.checked) return "the run is shorter than twice the first rung";
      return tally.worst > 0 ? "uncovered for " + lasting() : "always covered";
    case RequirementKind::kProtected:
      return tally.checked ? fmt::format("{} of {} lost", tally.worst, tally.seen)
                           : "the run has no protected backup";
    case RequirementKind::kQuota:
      return format_bytes(tally.worst);
    case RequirementKind::kBudget:
      return "the run has no bill";
    case RequirementKind::kCopyWithin:
      return tally.checked ? lasting() : "no backup in the run";
    case RequirementKind::kRestoreTime:
      return tally.checked ? lasting() : "nothing to restore";
  }
  return {};
}

}  // namespace

std::string subject_of(const Requirement& requirement, const Scenario& scenario) {
  return subject(requirement, scenario) + place_words(requirement);
}

void add(const Requirement& requirement, RequirementTally& to, RequirementTally from) {
  if (!from.checked) return;
  if (!to.checked) {
    to = std::move(from);
    return;
  }
  switch (requirement.kind) {
    case RequirementKind::kRestorePoints:
      to.worst = std::min(to.worst, from.worst);
      break;
    case RequirementKind::kProtected:
      to.worst += from.worst;
      break;
    default:
      to.worst = std::max(to.worst, from.worst);
  }
  to.seen += from.seen;
  if (from.failing.empty()) return;
  if (to.failing.empty() || from.failing.front().from < to.failing.front().from) {
    to.service = from.service;
    to.region = std::move(from.region);
    to.trace = std::move(from.trace);
  }
  to.failing.insert(to.failing.end(), from.failing.begin(), from.failing.end());
  to.failing = joined(std::move(to.failing));
}

RequirementOutcome outcome_of(const Scenario& scenario, const Requirement& requirement,
                              RequirementTally tally) {
  Words words = words_of(requirement, scenario);
  RequirementOutcome outcome;
  outcome.name = requirement.name;
  outcome.kind = words.kind;
  outcome.statement = std::move(words.statement);
  outcome.limit = std::move(words.limit);
  outcome.observed = observed(requirement, tally);
  outcome.checked = tally.checked;
  if (tally.failing.empty()) return outcome;
  outcome.holds = false;
  outcome.first_failure = tally.failing.front().from;
  outcome.failing_time = total(tally.failing);
  outcome.failing_periods = static_cast<std::uint32_t>(tally.failing.size());
  outcome.service = tally.service;
  outcome.region = std::move(tally.region);
  outcome.trace = std::move(tally.trace);
  return outcome;
}

}  // namespace backcast::sim
