// How large a run would be, in backups and in bytes, before anything of it is simulated.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/base/bytes.h"
#include "scenarios/load/build.h"
#include "scenarios/load/run_time.h"
#include "sim/model/portable_math.h"
#include "sim/run/fleet.h"

namespace backcast::scenario {
namespace {

using sim::Distribution;

// About how many backups and copies a schedule makes in the run, from its first fifty.
double points_of(const sim::Scenario& scenario, const sim::ServiceSchedule& schedule) {
  Instant at = std::max(scenario.start, schedule.from);
  const Instant first = at, until = std::min({scenario.end, schedule.until, schedule.ended});
  double fired = 0;
  for (; fired < 50; ++fired) {
    const auto next = policy::next(schedule.rule, at, schedule.zone);
    if (!next || *next >= until) break;
    at = *next;
  }
  if (fired == 50)
    fired *=
        static_cast<double>((until - first).count()) / static_cast<double>((at - first).count());
  return fired * static_cast<double>(1 + schedule.copies.size());
}

double days_of(const sim::Scenario& scenario) {
  return static_cast<double>((scenario.end - scenario.start).count()) /
         static_cast<double>(kDay.count());
}

// The schedule that makes most of them.
std::string busiest_schedule(const sim::Scenario& scenario, const sim::Service& service,
                             const std::string& pointer) {
  std::size_t busiest = 0;
  double most = 0;
  for (std::size_t i = 0; i < service.schedules.size(); ++i) {
    const double points = points_of(scenario, service.schedules[i]);
    if (points > most) most = points, busiest = i;
  }
  return fmt::format("{}/schedules/{}", pointer, busiest);
}

// As large as the data can become, before compression.
double largest_bytes(const sim::Workload& workload, double days) {
  const sim::Growth& growth = workload.growth;
  auto size = static_cast<double>(workload.size_bytes);
  for (const sim::SizePoint& point : growth.recorded) {
    size = std::max(size, static_cast<double>(point.size_bytes));
  }
  size *= std::max(1.0, sim::compounded_growth(growth, days)) * (1 + growth.season_amplitude);
  size += std::max(0.0, static_cast<double>(growth.bytes_per_day)) * days;
  for (const sim::SizeStep& step : growth.steps) {
    size += std::max(0.0, static_cast<double>(step.change_bytes));
  }
  for (const sim::Burst& burst : workload.bursts) {
    size += std::max(0.0, static_cast<double>(burst.added_bytes));
  }
  // Where growth is drawn, four standard deviations above its path.
  const double years = days / 365.25, differs = growth.differs_per_year * years;
  const double wanders = growth.wanders_per_year * growth.wanders_per_year * years * years * years;
  return size * sim::portable_exp(4 * std::sqrt(differs * differs + wanders / 3));
}

// The highest value, or the mean where there is none.
double high(const Distribution& law) {
  return law.kind == Distribution::Kind::kLogNormal ? law.a * sim::portable_exp(law.b * law.b / 2)
                                                    : law.b;
}

// A service as large as its fleet's draws make one, or their mean.
sim::Service large_member(const sim::Fleet& fleet) {
  sim::Service service = fleet.service;
  sim::Workload& workload = service.workload;
  const auto bytes = [](double b) { return std::clamp(b, 0.0, sim::kMaxStoredBytes); };
  if (fleet.size_bytes) {
    workload.size_bytes = static_cast<std::uint64_t>(bytes(high(*fleet.size_bytes)));
  }
  if (fleet.growth_bytes_per_day) {
    workload.growth.bytes_per_day =
        static_cast<std::int64_t>(bytes(high(*fleet.growth_bytes_per_day)));
  }
  if (fleet.growth_share_per_year) {
    workload.growth.share_per_year = std::max(0.0, high(*fleet.growth_share_per_year));
  }
  if (fleet.stored_share) workload.stored_share = high(*fleet.stored_share);
  return service;
}

// The largest its backups can get; faults where one service alone grows too large.
double checked_bytes(Build& build, const sim::Service& service, const std::string& pointer) {
  const sim::Workload& workload = service.workload;
  const double live = largest_bytes(workload, days_of(build.scenario));
  const auto first = static_cast<double>(std::max<std::uint64_t>(workload.size_bytes, 1));
  const double disk = static_cast<double>(workload.disk_bytes) * live / first;
  const double largest = std::max({live, live * workload.stored_share, disk});
  if (!(largest <= kMaxServiceBytes)) {
    build.faults.add(pointer,
                     fmt::format("the data of {} could grow to {:.3g} EB; at most 1 EB of one "
                                 "service is simulated",
                                 service.name, largest / 1e18),
                     "give less growth, or shorten the horizon");
    return 0;
  }
  return live * std::max(workload.stored_share, 1.0);  // data and backups are both summed
}

void check_bytes(Build& build) {
  const sim::Scenario& scenario = build.scenario;
  double all = 0;
  for (std::size_t i = 0; i < scenario.services.size(); ++i) {
    all += checked_bytes(build, scenario.services[i], build.pointer_of_service[i]);
  }
  for (std::size_t i = 0; i < scenario.fleets.size(); ++i) {
    all += checked_bytes(build, large_member(scenario.fleets[i]), build.pointer_of_fleet[i]) *
           static_cast<double>(scenario.fleets[i].count);
  }
  if (all <= sim::kMaxStoredBytes) return;
  build.root.fault(fmt::format("one backup of everything would hold up to {:.3g} EB; at most {:g} "
                               "EB are counted",
                               all / 1e18, sim::kMaxStoredBytes / 1e18),
                   "split the scenario, or simulate a sample of it");
}

void check_points(Build& build) {
  const sim::Scenario& scenario = build.scenario;
  double points = 0, most = 0;
  std::size_t largest = 0;
  for (std::size_t i = 0; i < scenario.services.size(); ++i) {
    const double own = expected_points(scenario, scenario.services[i]);
    points += own;
    if (own > most) most = own, largest = i;
  }
  if (points <= kMaxRestorePoints) return;
  build.faults.add(
      busiest_schedule(scenario, scenario.services[largest], build.pointer_of_service[largest]),
      fmt::format("the run would make about {:.0f} million backups and copies, the most by {}; at "
                  "most {:.0f} million are simulated at once, each takes 3 to 6 kB of memory",
                  points / 1e6, scenario.services[largest].name, kMaxRestorePoints / 1e6),
      "shorten the horizon, thin the schedules, or split the scenario; a fleet whose services "
      "share no quota and no link takes no memory for each");
}

void check_fleet_points(Build& build, const sim::Fleet& fleet, const std::string& pointer) {
  const sim::Scenario& scenario = build.scenario;
  const double own = expected_points(scenario, fleet.service);
  const std::string schedule = busiest_schedule(scenario, fleet.service, pointer + "/service");
  if (own > kMaxRestorePoints) {
    build.faults.add(schedule,
                     fmt::format("each service of {} would make about {:.0f} million backups and "
                                 "copies; at most {:.0f} million are simulated at once",
                                 fleet.name, own / 1e6, kMaxRestorePoints / 1e6),
                     "shorten the horizon or thin the schedules");
    return;
  }
  const std::string why = sim::why_one_by_one(scenario, fleet);
  const double most = why.empty() ? kMaxReplayedPoints : kMaxFleetPoints;
  const double all = own * static_cast<double>(fleet.count);
  if (all <= most) return;
  std::string message = fmt::format(
      "fleet {} would make about {:.3g} backups and copies; at most {:.0g} are "
      "simulated",
      fleet.name, all, most);
  if (!why.empty()) {
    message += fmt::format(", because {}: on a timetable that all share it would be {:.0g}", why,
                           kMaxReplayedPoints);
  }
  build.faults.add(pointer + "/count", message,
                   "shorten the horizon, thin the schedules, or simulate a sample");
}

}  // namespace

double expected_points(const sim::Scenario& scenario, const sim::Service& service) {
  auto points = static_cast<double>(service.history.size());
  for (const sim::ServiceSchedule& schedule : service.schedules) {
    points += points_of(scenario, schedule);
  }
  return points;
}

void check_run_size(Build& build) {
  check_points(build);
  for (std::size_t i = 0; i < build.scenario.fleets.size(); ++i) {
    check_fleet_points(build, build.scenario.fleets[i], build.pointer_of_fleet[i]);
  }
  check_bytes(build);
  for (const LongPlanning& planning : long_planning(build.scenario)) {
    if (planning.seconds <= kMaxSeconds) continue;
    build.faults.add(planning.is_fleet ? build.pointer_of_fleet[planning.index]
                                       : build.pointer_of_service[planning.index],
                     "the run would take " + planning.words(),
                     "shorten the horizon, thin the schedules, or keep fewer restore points");
  }
}

}  // namespace backcast::scenario
