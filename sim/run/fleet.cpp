#include "sim/run/fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/base/checked.h"
#include "engine/base/time_math.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/sort_by.h"
#include "sim/model/failures.h"
#include "sim/model/portable_math.h"
#include "sim/requirements/newest_age.h"
#include "sim/run/fleet_parts.h"
#include "sim/sums/step_sums.h"

namespace backcast::sim {
namespace {

constexpr std::uint64_t kMembersAtOnce = 16;  // each holds its whole ledger until it is added

// Draws of a fleet's members; part of every result, never renumber.
enum FleetDraw : std::uint64_t { kSizeDraw, kPerDayDraw, kPerYearDraw, kStoredDraw, kActivityDraw };

// How old the newest restore point of one member became at worst, in each region and anywhere.
void note_worst_age(const RunResult& run, FleetTotals& totals) {
  for (const AgeLine& line : ages_by_region(run)) {
    const AgeStep* step = worst(line.steps);
    if (step == nullptr) continue;
    const FleetTotals::Age age{line.region, between(step->born, step->until), step->until};
    const auto place = std::lower_bound(
        totals.worst_ages.begin(), totals.worst_ages.end(), line.region,
        [](const FleetTotals::Age& a, const std::string& region) { return a.region < region; });
    if (place == totals.worst_ages.end() || place->region != line.region) {
      totals.worst_ages.insert(place, age);
    } else if (age.age > place->age) {
      *place = age;
    }
  }
  for (const AgeLine& line : ages_anywhere(run)) {
    if (const AgeStep* step = worst(line.steps)) {
      totals.worst_age_anywhere =
          std::max(totals.worst_age_anywhere, between(step->born, step->until));
    }
  }
}

// Stays at the largest sum there is: RunResult::too_large then says so.
std::uint64_t add_up(std::uint64_t a, std::uint64_t b) {
  return checked_add(a, b).value_or(UINT64_MAX);
}

struct MemberRun {
  RunResult run;
  std::vector<RequirementTally> tallies;
  std::uint64_t size_first_bytes = 0, size_last_bytes = 0;
};

MemberRun run_member(const Scenario& whole, const Fleet& fleet, std::uint64_t member,
                     std::uint32_t replication, Scenario& own) {
  const Draws draws(whole.seed, replication);
  own.services.assign(1, member_of(fleet, draws, member));
  const DrawnFailures failures = drawn_failures(own, draws);
  own.events.insert(own.events.end(), failures.events.begin(), failures.events.end());
  MemberRun result;
  {
    World world(own, {0}, draws);
    world.run();
    result.run = world.take();
  }
  const Service& service = own.services.front();
  result.run.services.resize(1);
  result.run.services[0].name = service.name;
  result.run.services[0].region = service.region;
  Life life;
  life.begin(service.workload, service.delta.curve, own.start, draws, service.entity);
  result.size_first_bytes = life.size_bytes(moment_at(service.workload, own.start, own.start));
  result.size_last_bytes = life.size_bytes(moment_at(service.workload, own.start, own.end));
  result.tallies = tally_requirements(own, result.run);
  return result;
}

void fold(MemberRun member, const Scenario& scenario, const Fleet& fleet, FleetRun& sum,
          StepSums& stored, const LedgerSink& ledger) {
  count(member.run, 1, sum.totals);
  sum.events += member.run.events;
  sum.size_first_bytes = add_up(sum.size_first_bytes, member.size_first_bytes);
  sum.size_last_bytes = add_up(sum.size_last_bytes, member.size_last_bytes);
  for (const Series& series : member.run.series) {
    if (series.kind == SeriesKind::kStoredBytes) stored.add(series);
  }
  sort_by(member.run.usage,
          [](const UsageRecord& r) { return std::tie(r.start, r.region, r.backup); });
  for (UsageRecord& record : member.run.usage) {
    record.service = fleet.name;
    if (record.kind == UsageKind::kTransfer || record.kind == UsageKind::kEgress) {
      sum.totals.moved_bytes += record.quantity;
    }
    ledger(record);
  }
  for (std::size_t i = 0; i < member.tallies.size(); ++i) {
    add(scenario.requirements[i], sum.tallies[i], std::move(member.tallies[i]));
  }
}

FleetRun run_one_by_one(const Scenario& scenario, std::uint32_t index, const FleetOptions& options,
                        const LedgerSink& ledger) {
  const Fleet& fleet = scenario.fleets[index];
  const Scenario own = scenario_of_one(scenario, index);
  FleetRun sum;
  sum.totals.members = fleet.count;
  sum.tallies.resize(scenario.requirements.size());
  for (RequirementTally& tally : sum.tallies) tally.checked = false;
  StepSums stored(scenario.start);
  tbb::task_arena arena = arena_of(options.threads);
  std::vector<MemberRun> members(kMembersAtOnce);
  sum.totals.simulated =
      in_chunks(fleet.count, kMembersAtOnce, options, [&](std::uint64_t begin, std::uint64_t end) {
        arena.execute([&] {
          tbb::parallel_for(begin, end, [&](std::uint64_t member) {
            Scenario mine = own;
            members[member - begin] =
                run_member(scenario, fleet, member, options.replication, mine);
          });
        });
        for (std::uint64_t member = begin; member < end; ++member) {
          fold(std::move(members[member - begin]), scenario, fleet, sum, stored, ledger);
        }
      });
  sum.series = stored.take(scenario.projects[fleet.service.project].name, scenario.end);
  return sum;
}

}  // namespace

std::string member_name(const Fleet& fleet, std::uint64_t member) {
  return fmt::format("{}-{:05}", fleet.name, member + 1);
}

namespace {

// As far as an outlook does not know how bytes die.
void draw_shape(const Draws& draws, Service& service) {
  constexpr std::uint64_t kShapeDraw = 2;  // 0 and 1 are those of sizes and changes
  const Outlook& outlook = service.workload.outlook;
  if (outlook.shape <= 0 || draws.replication() == 0) return;
  const double u = draws.uniform(service.entity, Purpose::kOutlook, kShapeDraw);
  service.delta.curve =
      service.delta.curve.bent(outlook.shape * with_tail(normal_quantile(u), outlook.tail));
}

Service drawn_by_laws(const Fleet& fleet, const Draws& draws, std::uint64_t member) {
  Service service = fleet.service;
  service.name = member_name(fleet, member);
  service.entity = fleet.first_entity + static_cast<std::uint32_t>(member);
  const auto drawn = [&](const Distribution& law, FleetDraw which) {
    return law.draw(draws, service.entity, Purpose::kFleet, which);
  };
  Workload& workload = service.workload;
  if (fleet.size_bytes) {
    const double disk_share =
        workload.size_bytes == 0
            ? 1
            : static_cast<double>(workload.disk_bytes) / static_cast<double>(workload.size_bytes);
    const double bytes = std::min(drawn(*fleet.size_bytes, kSizeDraw), 1e18);
    workload.size_bytes = static_cast<std::uint64_t>(bytes);
    workload.disk_bytes = static_cast<std::uint64_t>(std::min(bytes * disk_share, 1e18));
  }
  if (fleet.growth_bytes_per_day) {
    workload.growth.bytes_per_day = static_cast<std::int64_t>(
        std::clamp(drawn(*fleet.growth_bytes_per_day, kPerDayDraw), -1e17, 1e17));
  }
  if (fleet.growth_share_per_year) {
    workload.growth.share_per_year =
        std::max(drawn(*fleet.growth_share_per_year, kPerYearDraw), -0.999999);
  }
  if (fleet.stored_share) {
    workload.stored_share = std::clamp(drawn(*fleet.stored_share, kStoredDraw), 0.0, 100.0);
  }
  if (fleet.activity) {
    const double factor = std::max(drawn(*fleet.activity, kActivityDraw), 0.0);
    service.delta.curve.rate1 *= factor;
    service.delta.curve.rate2 *= factor;
    service.delta.curve.rate3 *= factor;
  }
  return service;
}

}  // namespace

Service member_of(const Fleet& fleet, const Draws& draws, std::uint64_t member) {
  Service service = drawn_by_laws(fleet, draws, member);
  draw_shape(draws, service);
  return service;
}

bool is_redrawn(const Scenario& scenario) {
  return std::any_of(scenario.expanded.begin(), scenario.expanded.end(),
                     [](const Expanded& one) { return has_laws(one.fleet); }) ||
         std::any_of(scenario.services.begin(), scenario.services.end(),
                     [](const Service& s) { return s.workload.outlook.shape > 0; });
}

Scenario redrawn(const Scenario& scenario, const Draws& draws) {
  Scenario result = scenario;
  for (const Expanded& one : scenario.expanded) {
    if (!has_laws(one.fleet)) continue;
    for (std::uint64_t member = 0; member < one.fleet.count; ++member) {
      const Service drawn = drawn_by_laws(one.fleet, draws, member);
      Service& service = result.services[one.first_service + member];
      service.workload.size_bytes = drawn.workload.size_bytes;
      service.workload.disk_bytes = drawn.workload.disk_bytes;
      service.workload.stored_share = drawn.workload.stored_share;
      service.workload.growth.bytes_per_day = drawn.workload.growth.bytes_per_day;
      service.workload.growth.share_per_year = drawn.workload.growth.share_per_year;
      service.delta.curve = drawn.delta.curve;
    }
  }
  for (Service& service : result.services) draw_shape(draws, service);
  return result;
}

Scenario scenario_of_one(const Scenario& scenario, std::uint32_t fleet) {
  Scenario one;
  one.start = scenario.start;
  one.end = scenario.end;
  one.seed = scenario.seed;
  one.ages = scenario.ages;
  one.projects = scenario.projects;
  one.keys = scenario.keys;
  const auto names_it = [&](const std::vector<std::uint32_t>& fleets) {
    return std::find(fleets.begin(), fleets.end(), fleet) != fleets.end();
  };
  for (ScheduledEvent event : scenario.events) {
    const bool for_some = !event.services.empty() || !event.fleets.empty();
    if (for_some && !names_it(event.fleets)) continue;
    event.services.clear();
    if (for_some) event.services.push_back(0);
    std::erase_if(event.changes, [&](const PolicyChange& change) {
      return !change.of_fleet || change.service != fleet;
    });
    for (PolicyChange& change : event.changes) {
      change.service = 0;
      change.of_fleet = false;
    }
    one.events.push_back(std::move(event));
  }
  // Those of regions, links and stores are events by now; whom one of jobs strikes is drawn for
  // each.
  for (FailureLaw law : scenario.failures) {
    if (!names_it(law.fleets)) continue;
    law.services.assign(1, 0);
    law.fleets.clear();
    one.failures.push_back(std::move(law));
  }
  for (Requirement requirement : scenario.requirements) {
    const bool concerned = names_it(requirement.fleets);
    requirement.services.clear();
    if (concerned) requirement.services.push_back(0);
    one.requirements.push_back(std::move(requirement));
  }
  return one;
}

void count(const RunResult& run, std::uint64_t times, FleetTotals& totals) {
  Instant oldest = run.end;
  for (const BackupRecord& backup : run.backups) {
    if (backup.state == BackupState::kAvailable) oldest = std::min(oldest, backup.born);
    totals.backups.add(backup, times);
  }
  for (const OverlappingJobs& overlaps : run.overlaps) {
    totals.overlaps.jobs += times * overlaps.jobs;
    totals.overlaps.first = std::min(totals.overlaps.first, overlaps.first);
    totals.overlaps.then = overlaps.then;
  }
  totals.restores += times * run.restores.size();
  totals.coverage_seconds +=
      times * static_cast<std::uint64_t>(unix_seconds(run.end) - unix_seconds(oldest));
  note_worst_age(run, totals);
}

std::string why_one_by_one(const Scenario& scenario, const Fleet& fleet) {
  const Service& s = fleet.service;
  const bool one_size = !fleet.size_bytes && !fleet.growth_bytes_per_day &&
                        !fleet.growth_share_per_year && !fleet.stored_share &&
                        !draws_size(s.workload);
  if (!s.history.empty()) return "each goes on from a history";
  if (s.job.failure_probability > 0) return "each job may fail by chance";
  for (const FailureLaw& law : scenario.failures) {
    const bool names_it =
        std::any_of(law.fleets.begin(), law.fleets.end(),
                    [&](std::uint32_t named) { return scenario.fleets[named].name == fleet.name; });
    if (names_it) return "whom failures strike is drawn for each";
  }
  const policy::JobSpeed& speed = s.job.speed;
  const bool changes_count = speed.send_rate_bytes_per_second > 0 || speed.reads_changes;
  const bool takes_time = speed.rate_bytes_per_second > 0 || changes_count;
  if (s.job.duration_spread > 0 && takes_time) return "how long each job takes is drawn";
  if ((!one_size && speed.rate_bytes_per_second > 0) || changes_count) {
    return "each backup takes as long as its data";
  }
  if (s.store.object_bytes > 0) return "requests are counted by object";
  for (std::uint32_t i = 0; i <= s.later_retentions.size(); ++i) {
    const auto& retention = retention_at(s, i);
    const auto* native = retention ? std::get_if<policy::NativePolicy>(&*retention) : nullptr;
    if (native != nullptr && native->max_size_bytes > 0) return "retention limits bytes";
  }
  bool copies = false;
  for (const ServiceSchedule& schedule : s.schedules) {
    if (policy::start_window_seconds(schedule.rule) > 0) {
      return "each start is drawn within its window";
    }
    copies = copies || !schedule.copies.empty();
  }
  for (const ScheduledEvent& event : scenario.events) {
    copies = copies || !event.copies.empty();
    if (event.kind == EventKind::kRestore) return "its restores depend on its data";
  }
  if (copies && s.job.copy_rate_bytes_per_second > 0) return "each copy takes as long as its data";
  for (const Requirement& r : scenario.requirements) {
    if (r.kind == RequirementKind::kQuota) return "a requirement limits its bytes";
    if (r.kind == RequirementKind::kRestoreTime && s.job.restore_rate_bytes_per_second > 0) {
      return "a requirement limits the time to restore it";
    }
  }
  return {};
}

FleetRun run_fleet(const Scenario& scenario, std::uint32_t fleet, const FleetOptions& options,
                   const LedgerSink& ledger) {
  const bool alike = why_one_by_one(scenario, scenario.fleets[fleet]).empty();
  if (alike && !options.one_by_one) return replay_fleet(scenario, fleet, options, ledger);
  return run_one_by_one(scenario, fleet, options, ledger);
}

}  // namespace backcast::sim
