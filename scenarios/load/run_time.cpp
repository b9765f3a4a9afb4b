#include "scenarios/load/run_time.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/policy/retention/rolling.h"
#include "scenarios/load/build.h"
#include "sim/run/fleet.h"

namespace backcast::scenario {
namespace {

constexpr std::size_t kMostPlanned = 200'000;

// The first restore points that the schedules make, as many as tell what the policy keeps.
std::vector<policy::Point> first_points(const sim::Scenario& scenario,
                                        const sim::Service& service) {
  std::vector<Instant> times;
  for (const sim::ServiceSchedule& schedule : service.schedules) {
    Instant at = std::max(scenario.start, schedule.from);
    const Instant until = std::min({scenario.end, schedule.until, schedule.ended});
    for (std::size_t n = 0; n < kMostPlanned; ++n) {
      const auto next = policy::next(schedule.rule, at, schedule.zone);
      if (!next || *next >= until) break;
      times.push_back(at = *next);
    }
  }
  std::sort(times.begin(), times.end());
  times.resize(std::min(times.size(), kMostPlanned));
  std::vector<policy::Point> points;
  std::optional<Instant> previous;
  for (const Instant at : times) {
    policy::Snapshot snapshot;
    snapshot.time = at;
    snapshot.offset = service.zone.offset_at(at);
    snapshot.size_bytes = service.workload.size_bytes;
    const auto tags = policy::tags_at_birth(*service.retention, {}, at, previous, service.zone);
    if (!tags) continue;
    snapshot.tags = *tags;
    previous = at;
    points.push_back(policy::to_point(*service.retention, snapshot));
  }
  return points;
}

LongPlanning planning_of(const sim::Scenario& scenario, const sim::Service& service) {
  LongPlanning planning;
  planning.service = service.name;
  if (!service.retention || policy::RollingPlan::of(*service.retention) != nullptr) return planning;
  sim::Service at_home = service;
  for (sim::ServiceSchedule& schedule : at_home.schedules) schedule.copies.clear();
  planning.backups = expected_points(scenario, at_home);
  // Even if all of them are kept.
  if (planning.backups * planning.backups / 2 * kPlanSeconds < kSaidSeconds) return planning;
  const std::vector<policy::Point> points = first_points(scenario, service);
  if (points.empty()) return planning;
  policy::Plan plan;
  policy::plan(*service.retention, points, {points.back().time, service.zone}, plan);
  const auto kept = std::count_if(plan.verdicts.begin(), plan.verdicts.end(),
                                  [](const policy::Verdict& v) { return v.keep; });
  const bool keeps_all = kept == static_cast<std::ptrdiff_t>(points.size());
  planning.held = keeps_all ? planning.backups : static_cast<double>(kept);
  // Until so many are there, it looks at those there are.
  planning.seconds = planning.held * (planning.backups - planning.held / 2) * kPlanSeconds;
  return planning;
}

}  // namespace

std::string LongPlanning::words() const {
  const auto whole = std::chrono::seconds(static_cast<std::int64_t>(std::min(seconds, 9e9)));
  const Duration rounded = seconds < 600    ? Duration(whole)
                           : seconds < 9000 ? Duration(whole - whole % std::chrono::minutes(1))
                                            : Duration(whole - whole % std::chrono::hours(1));
  return fmt::format(
      "about {}: each of the {:.0f} backups of {}{} is followed by a plan of up to {:.0f} restore "
      "points",
      format_duration(rounded), backups, is_fleet ? "every service of " : "", service, held);
}

std::vector<LongPlanning> long_planning(const sim::Scenario& scenario) {
  std::vector<LongPlanning> found;
  const auto note = [&](LongPlanning planning, bool is_fleet, std::size_t index) {
    planning.is_fleet = is_fleet;
    planning.index = index;
    if (planning.seconds > kSaidSeconds) found.push_back(std::move(planning));
  };
  for (std::size_t i = 0; i < scenario.services.size(); ++i) {
    note(planning_of(scenario, scenario.services[i]), false, i);
  }
  for (std::size_t i = 0; i < scenario.fleets.size(); ++i) {
    const sim::Fleet& fleet = scenario.fleets[i];
    LongPlanning planning = planning_of(scenario, fleet.service);
    // On one timetable only the first of them is planned.
    if (!sim::why_one_by_one(scenario, fleet).empty()) {
      planning.seconds *= static_cast<double>(fleet.count);
    }
    note(std::move(planning), true, i);
  }
  return found;
}

}  // namespace backcast::scenario
