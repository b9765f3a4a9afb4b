#include "sim/fleet.h"

#include <fmt/format.h>
#include <tbb/enumerable_thread_specific.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>

#include <algorithm>
#include <limits>

#include "engine/base/checked.h"
#include "sim/portable_math.h"

namespace backcast::sim {
namespace {

constexpr std::uint32_t kMaxBackups = 1'000'000;
constexpr double kSecondsPerDay = 86'400;

// One backup of a cohort and the ordinals that pruning deletes right after it.
struct Step {
  std::int64_t second = 0;  // since the start
  std::uint32_t first_deleted = 0, deleted_count = 0;
};

struct Timeline {
  std::vector<Step> steps;
  std::vector<std::uint32_t> deleted;  // ordinals, by step
  std::uint32_t worst_age_seconds = 0;
  std::uint32_t restore_points = 0;
};

std::int64_t seconds_between(Instant from, Instant to) {
  return std::chrono::floor<std::chrono::seconds>(to - from).count();
}

Result<Timeline> plan_cohort(const FleetCohort& cohort, const FleetOptions& options) {
  Timeline timeline;
  std::vector<policy::Point> points;
  std::vector<std::uint32_t> ordinals;  // of points
  policy::Plan plan;
  Instant before = options.start;
  for (auto at = policy::next(cohort.schedule, options.start - kSecond, cohort.zone);
       at && *at < options.end; at = policy::next(cohort.schedule, *at, cohort.zone)) {
    if (timeline.steps.size() == kMaxBackups) {
      return bad_input("a schedule of more than a million backups", "shorten the run");
    }
    const auto ordinal = static_cast<std::uint32_t>(timeline.steps.size());
    policy::Point point;
    point.time = point.end = *at;
    points.push_back(point);
    ordinals.push_back(ordinal);
    policy::plan(cohort.retention, points, {*at, cohort.zone}, plan);
    Step step{seconds_between(options.start, *at),
              static_cast<std::uint32_t>(timeline.deleted.size()), 0};
    std::size_t kept = 0;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (plan.verdicts[i].keep) {
        points[kept] = points[i];
        ordinals[kept++] = ordinals[i];
      } else {
        timeline.deleted.push_back(ordinals[i]);
        ++step.deleted_count;
      }
    }
    points.resize(kept);
    ordinals.resize(kept);
    timeline.steps.push_back(step);
    timeline.worst_age_seconds = std::max(timeline.worst_age_seconds,
                                          static_cast<std::uint32_t>(seconds_between(before, *at)));
    before = *at;
  }
  timeline.worst_age_seconds = std::max(
      timeline.worst_age_seconds, static_cast<std::uint32_t>(seconds_between(before, options.end)));
  timeline.restore_points = static_cast<std::uint32_t>(points.size());
  return timeline;
}

// What one thread keeps between services, so that nothing is allocated per service.
struct Lane {
  DeltaChain chain{DeltaModel{}};
  std::vector<DeltaChain::Handle> handles;
  std::uint32_t cohort = UINT32_MAX;
};

FleetOutcome run_member(const FleetMember& member, std::uint32_t index, const FleetCohort& cohort,
                        const Timeline& timeline, const FleetOptions& options, Lane& lane) {
  if (lane.cohort != member.cohort) {
    lane.chain = DeltaChain(cohort.delta);
    lane.cohort = member.cohort;
  }
  lane.chain.clear();
  lane.handles.resize(timeline.steps.size());
  const Draws draws(options.seed, options.replication);
  const Distribution busy{Distribution::Kind::kLogNormal, 1, member.restlessness};
  FleetOutcome outcome;
  uint128 byte_seconds = 0;
  double tau = 0;
  std::int64_t last = 0;
  for (std::uint32_t ordinal = 0; ordinal < timeline.steps.size(); ++ordinal) {
    const Step& step = timeline.steps[ordinal];
    const std::int64_t passed = step.second - last;
    last = step.second;
    byte_seconds += static_cast<uint128>(lane.chain.stored_bytes()) * static_cast<uint128>(passed);
    const double factor =
        member.restlessness > 0 ? busy.draw(draws, index, Purpose::kChange, ordinal) : 1;
    tau += static_cast<double>(passed) / kSecondsPerDay * factor;
    const auto grown =
        static_cast<std::int64_t>(static_cast<double>(member.growth_bytes) *
                                  (static_cast<double>(step.second) / kSecondsPerDay));
    const std::int64_t size =
        std::max<std::int64_t>(static_cast<std::int64_t>(member.size_bytes) + grown, 0);
    const auto added = lane.chain.add(
        {ordinal, static_cast<std::uint64_t>(size), static_cast<std::uint64_t>(size), tau});
    lane.handles[ordinal] = added.handle;
    outcome.written_bytes += added.moved_bytes;
    outcome.peak_bytes = std::max(outcome.peak_bytes, lane.chain.stored_bytes());
    for (std::uint32_t d = 0; d < step.deleted_count; ++d) {
      lane.chain.remove(lane.handles[timeline.deleted[step.first_deleted + d]]);
    }
  }
  const std::int64_t rest = seconds_between(options.start, options.end) - last;
  byte_seconds += static_cast<uint128>(lane.chain.stored_bytes()) * static_cast<uint128>(rest);
  const uint128 byte_hours = byte_seconds / 3600;
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  outcome.stored_byte_hours = byte_hours > kMost ? kMost : static_cast<std::uint64_t>(byte_hours);
  outcome.last_bytes = lane.chain.stored_bytes();
  outcome.restore_points = timeline.restore_points;
  outcome.worst_age_seconds = timeline.worst_age_seconds;
  return outcome;
}

}  // namespace

Result<FleetRun> run_fleet(std::span<const FleetCohort> cohorts,
                           std::span<const FleetMember> members, const FleetOptions& options) {
  constexpr Duration kLongest = kDay * 36'525;
  if (options.end <= options.start || options.end - options.start > kLongest) {
    return bad_input("a fleet runs forward for at most 100 years");
  }
  if (members.size() >= UINT32_MAX) return bad_input("a fleet has at most 2^32-2 services");
  FleetRun run;
  run.outcomes.resize(members.size());
  std::vector<Timeline> timelines(cohorts.size());
  std::vector<std::uint64_t> sizes(cohorts.size());
  for (const FleetMember& member : members) {
    if (member.cohort >= cohorts.size()) {
      return bad_input(fmt::format("a service of cohort {}, of {}", member.cohort, cohorts.size()));
    }
    ++sizes[member.cohort];
  }
  std::vector<std::optional<Error>> errors(cohorts.size());
  tbb::task_arena arena(options.threads == 0 ? tbb::task_arena::automatic
                                             : static_cast<int>(options.threads));
  arena.execute([&] {
    tbb::parallel_for(std::size_t{0}, cohorts.size(), [&](std::size_t c) {
      auto timeline = plan_cohort(cohorts[c], options);
      if (timeline.ok())
        timelines[c] = std::move(*timeline);
      else
        errors[c] = timeline.error();
    });
  });
  for (std::size_t c = 0; c < cohorts.size(); ++c) {
    if (errors[c]) return *errors[c];
    run.backups += sizes[c] * timelines[c].steps.size();
    run.deletions += sizes[c] * timelines[c].deleted.size();
  }
  tbb::enumerable_thread_specific<Lane> lanes;
  arena.execute([&] {
    tbb::parallel_for(tbb::blocked_range<std::size_t>(0, members.size(), 64),
                      [&](const auto& range) {
                        Lane& lane = lanes.local();
                        for (std::size_t i = range.begin(); i < range.end(); ++i) {
                          const std::uint32_t c = members[i].cohort;
                          run.outcomes[i] = run_member(members[i], static_cast<std::uint32_t>(i),
                                                       cohorts[c], timelines[c], options, lane);
                        }
                      });
  });
  return run;
}

}  // namespace backcast::sim
