// Requirements and what a run says about them, in words; and how what was seen apart adds up.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"
#include "sim/requirements/requirements.h"

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

// Why a run could not tell, or not for all it was asked.
std::string why_unknown(const Requirement& r, const RequirementTally& tally) {
  switch (r.kind) {
    case RequirementKind::kRpo:
      return tally.checked ? "the run is too short for any age beyond " + format_duration(r.at_most)
                           : "no service is there at the time";
    case RequirementKind::kRestorePoints:
      return "the run is shorter than the window";
    case RequirementKind::kCoverage:
      return "the run is shorter than twice " +
             format_duration(*std::max_element(r.ladder.begin(), r.ladder.end()));
    case RequirementKind::kProtected:
      return "the run has no protected backup";
    case RequirementKind::kQuota:
      return "nothing is stored";
    case RequirementKind::kBudget:
      return "the run has no bill";
    case RequirementKind::kCopyWithin:
      return "no backup in the run";
    case RequirementKind::kRestoreTime:
      return "nothing to restore";
  }
  return {};
}

const char* judged_words(RequirementKind kind) {
  if (kind == RequirementKind::kCopyWithin) return "copies are in time";
  return kind == RequirementKind::kRestoreTime ? "restores are in time"
                                               : "the service-time is good";
}

}  // namespace

std::string percent_down(std::uint64_t parts) {
  const std::uint64_t hundredths = parts / (kWholeShare / 10'000);
  std::string text = fmt::format("{}.{:02}", hundredths / 100, hundredths % 100);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + "%";
}

std::string observed(const Requirement& r, const Nearness& nearness) {
  const auto lasting = [&] {
    if (nearness.worst == Nearness::kUnbounded) return std::string("never");
    return format_duration(Duration(static_cast<std::int64_t>(nearness.worst)));
  };
  switch (r.kind) {
    case RequirementKind::kRpo:
    case RequirementKind::kCopyWithin:
    case RequirementKind::kRestoreTime:
      return lasting();
    case RequirementKind::kRestorePoints:
      return std::to_string(nearness.worst);
    case RequirementKind::kCoverage:
      return nearness.worst > 0 ? "uncovered for " + lasting() : "always covered";
    case RequirementKind::kProtected:
      return fmt::format("{} of {} lost", nearness.worst,
                         static_cast<std::uint64_t>(nearness.judged));
    case RequirementKind::kQuota:
      return format_bytes(nearness.worst);
    case RequirementKind::kBudget:
      return (nearness.is_least ? "at least " : "") + cost::to_string(nearness.amount) +
             (r.per_month ? " a month" : "");
  }
  return {};
}

std::uint64_t good_parts(const Nearness& nearness) {
  if (nearness.judged == 0) return kWholeShare;
  const uint128 good = nearness.judged - std::min(nearness.broken, nearness.judged);
  return static_cast<std::uint64_t>(good * kWholeShare / nearness.judged);
}

std::string subject_of(const Requirement& requirement, const Scenario& scenario) {
  return subject(requirement, scenario) + place_words(requirement);
}

void keep_worst(const Requirement& r, Nearness& to, const Nearness& from) {
  if (r.kind == RequirementKind::kRestorePoints) {
    to.worst = std::min(to.worst, from.worst);
  } else if (from.worst > to.worst) {
    to.worst = from.worst;
    to.judged = from.judged;  // "3 of 40 lost" tells of one replication
  }
  if (from.amount.amount > to.amount.amount) to.amount = from.amount;
  to.is_least = to.is_least || from.is_least;
}

void add(const Requirement& requirement, RequirementTally& to, RequirementTally from) {
  const bool unreached = to.unreached || from.unreached;
  if (from.checked && !to.checked) {
    to = std::move(from);
    from.checked = false;
  }
  to.unreached = unreached;
  if (!from.checked) return;
  switch (requirement.kind) {
    case RequirementKind::kRestorePoints:
      to.nearness.worst = std::min(to.nearness.worst, from.nearness.worst);
      break;
    case RequirementKind::kProtected:
      to.nearness.worst += from.nearness.worst;
      break;
    default:
      to.nearness.worst = std::max(to.nearness.worst, from.nearness.worst);
  }
  to.nearness.judged += from.nearness.judged;
  to.nearness.broken += from.nearness.broken;
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
  outcome.nearness = tally.nearness;
  outcome.at_most = requirement.at_most;
  outcome.services = requirement.services;
  const auto apart = static_cast<std::uint32_t>(scenario.services.size());  // fleets stand last
  for (const std::uint32_t fleet : requirement.fleets) outcome.services.push_back(apart + fleet);
  const bool is_known = tally.checked && !tally.unreached;
  if (tally.checked) outcome.observed = observed(requirement, tally.nearness);
  if (!is_known) outcome.unknown_because = why_unknown(requirement, tally);
  outcome.verdict = is_known ? Verdict::kHolds : Verdict::kUnknown;
  if (tally.failing.empty()) return outcome;
  if (requirement.of_time < 1) {
    outcome.tolerance =
        fmt::format("{} of {}, {} must be", percent_down(good_parts(tally.nearness)),
                    judged_words(requirement.kind), percent_down(parts_of(requirement.of_time)));
  }
  if (!is_tolerated(tally.nearness.broken, tally.nearness.judged, requirement.of_time)) {
    outcome.verdict = Verdict::kFails;
    outcome.unknown_because.clear();
  }
  outcome.first_failure = tally.failing.front().from;
  outcome.failing_time = total(tally.failing);
  outcome.failing_periods = static_cast<std::uint32_t>(tally.failing.size());
  outcome.service = tally.service;
  outcome.region = std::move(tally.region);
  outcome.trace = std::move(tally.trace);
  return outcome;
}

}  // namespace backcast::sim
