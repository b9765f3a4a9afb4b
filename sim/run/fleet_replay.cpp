// Fleets whose members have one timetable. The world simulates the first member and notes every
// change of its vaults; the others go through these changes with their own data, and what they hold
// is added up in cells: one restore point (or what is left of deleted ones) over one stretch of
// time. Sums are of whole bytes, so nothing depends on threads or order.
#include <fmt/format.h>
#include <tbb/enumerable_thread_specific.h>

#include <algorithm>
#include <limits>

#include "engine/base/checked.h"
#include "sim/kernel/arena.h"
#include "sim/run/fleet_parts.h"
#include "sim/run/fleet_timetable.h"

namespace backcast::sim {
namespace {

// So many changes of vaults between two looks at progress and Ctrl-C.
constexpr std::uint64_t kStepsAtOnce = 8'000'000;

// What one thread keeps between members, so that nothing is allocated for each.
struct Lane {
  std::vector<DeltaChain> chains;  // by vault
  std::vector<WrittenLog> logs;    // by vault
  std::vector<DeltaChain::Handle> handles;
  std::vector<Generation> generations;
  std::vector<std::uint64_t> live_bytes;  // by vault: of live restore points
  Life life;
  std::vector<uint128> held_bytes;  // sums, by cell
  std::vector<uint128> moved_bytes;
  std::vector<FreedSum> freed;  // by Step::first_part
  std::uint64_t size_first_bytes = 0, size_last_bytes = 0;

  explicit Lane(const Timetable& table)
      : logs(table.vaults),
        handles(table.slots),
        generations(table.moments.size()),
        live_bytes(table.vaults),
        held_bytes(table.cells.size()),
        moved_bytes(table.copies.size()),
        freed(table.parts) {
    for (std::uint32_t v = 0; v < table.vaults; ++v) chains.emplace_back(DeltaModel{});
  }
};

void note_parts(const Step& step, const FreedParts& parts, Lane& lane) {
  BACKCAST_ASSERT(parts.sums().size() <= step.parts);
  for (std::size_t p = 0; p < parts.sums().size(); ++p) {
    FreedSum& sum = lane.freed[step.first_part + p];
    sum.bytes += parts.sums()[p].bytes;
    sum.byte_seconds += parts.sums()[p].byte_seconds;
  }
}

// Of restore points that share bytes, after one was deleted.
void note_shared(const Timetable& table, const Step& step, const Scenario& scenario,
                 const DeltaModel& delta, std::uint64_t freed_bytes, Lane& lane) {
  const Instant now = table.deletions[step.deletion].at;
  WrittenLog& log = lane.logs[step.vault];
  if (!scenario.ages) {
    lane.freed[step.first_part].bytes += freed_bytes;
    return;
  }
  const auto known = [&](std::uint32_t generation) {
    return generation == kNone ? nullptr : &lane.generations[generation];
  };
  const Freed freed{step.first, step.generation, known(step.older), known(step.sharing_heir),
                    freed_bytes};
  note_parts(step,
             freed_by_age(delta, *scenario.ages, log, freed, now,
                          [&](std::uint32_t ordinal) -> const Generation& {
                            return lane.generations[ordinal];
                          }),
             lane);
  if (step.sharing_heir == kNone) {
    log.forget(step.first, step.generation);
  } else {
    log.thin(step.first, step.generation);
  }
}

// Of restore points that others depend on, before one is deleted.
void note_dependents(const Timetable& table, const Step& step, const Scenario& scenario,
                     const DeltaChain& chain, Lane& lane) {
  const WrittenLog& log = lane.logs[step.vault];
  const DeltaChain::Handle gone = lane.handles[step.slot];
  if (!scenario.ages) {
    lane.freed[step.first_part].bytes +=
        static_cast<std::uint64_t>(std::max<std::int64_t>(chain.freed_if_removed(gone), 0));
    return;
  }
  FreedParts parts(*scenario.ages, table.deletions[step.deletion].at);
  chain.visit_freed(
      gone, [&](std::uint32_t ordinal, std::uint64_t bytes) { parts.add(log.at(ordinal), bytes); });
  note_parts(step, parts, lane);
}

void replay(const Timetable& table, const Scenario& scenario, const Fleet& fleet,
            std::uint32_t replication, std::uint64_t member, Lane& lane) {
  const Service service = member_of(fleet, Draws(scenario.seed, replication), member);
  for (DeltaChain& chain : lane.chains) chain.restart(service.delta);
  for (WrittenLog& log : lane.logs) log.clear();
  std::fill(lane.live_bytes.begin(), lane.live_bytes.end(), 0);
  lane.life.begin(service.workload, service.delta.curve, scenario.start,
                  Draws(scenario.seed, replication), service.entity);
  const bool own_growth = fleet.growth_share_per_year.has_value();
  const auto generation = [&](std::uint32_t g) {
    Moment moment = table.moments[g];
    if (own_growth) moment.compounded = compounded_growth(service.workload.growth, moment.days);
    lane.generations[g] = service.delta.numbered(lane.life.at(moment), g);
  };
  for (const Step& step : table.steps) {
    DeltaChain& chain = lane.chains[step.vault];
    std::uint64_t& live_bytes = lane.live_bytes[step.vault];
    if (step.adds) {
      if (!step.is_copy) generation(step.generation);
      if (scenario.ages) lane.logs[step.vault].note(step.generation, table.cells[step.cell].from);
      const DeltaChain::Added added = chain.add(lane.generations[step.generation]);
      lane.handles[step.slot] = added.handle;
      const std::uint64_t own_bytes = chain.own_bytes(added.handle);
      live_bytes += own_bytes;
      lane.held_bytes[step.cell] += own_bytes;
      if (step.moved != kNone) lane.moved_bytes[step.moved] += added.moved_bytes;
    } else {
      const DeltaChain::Handle handle = lane.handles[step.slot];
      live_bytes -= chain.own_bytes(handle);
      const std::uint64_t before_bytes = chain.stored_bytes();
      if (service.delta.keeps_dependents()) note_dependents(table, step, scenario, chain, lane);
      if (step.heir == kNone) {
        chain.remove(handle);
      } else {
        const DeltaChain::Handle heir = lane.handles[step.heir];
        live_bytes -= chain.own_bytes(heir);
        chain.remove(handle);
        live_bytes += chain.own_bytes(heir);
        lane.held_bytes[step.cell] += chain.own_bytes(heir);
      }
      const std::uint64_t after_bytes = chain.stored_bytes();
      if (!service.delta.keeps_dependents()) {
        const std::uint64_t freed_bytes = before_bytes - std::min(before_bytes, after_bytes);
        note_shared(table, step, scenario, service.delta, freed_bytes, lane);
      }
    }
    if (step.leftover != kNone) {
      const std::uint64_t stored_bytes = chain.stored_bytes();
      if (stored_bytes > live_bytes) lane.held_bytes[step.leftover] += stored_bytes - live_bytes;
    }
  }
  const auto size_at = [&](Instant t) {
    return lane.life.size_bytes(moment_at(service.workload, scenario.start, t));
  };
  lane.size_first_bytes += size_at(scenario.start);
  lane.size_last_bytes += size_at(scenario.end);
}

struct Sums {
  std::vector<uint128> held_bytes, moved_bytes;
  std::vector<FreedSum> freed;

  explicit Sums(const Timetable& table)
      : held_bytes(table.cells.size()), moved_bytes(table.copies.size()), freed(table.parts) {}
};

void write_ledger(const Timetable& table, const Sums& sums, const RunResult& first,
                  const Scenario& scenario, const Fleet& fleet,
                  const std::vector<std::string>& region_of, FleetTotals& totals,
                  const LedgerSink& sink) {
  const Ledger ledger(scenario, sink);
  const Service& service = fleet.service;
  for (std::size_t c = 0; c < table.cells.size(); ++c) {
    const Cell& cell = table.cells[c];
    const BackupRecord* backup = cell.backup == kNone ? nullptr : &first.backups[cell.backup];
    ledger.held(service, region_of[cell.vault], backup, cell.from, cell.until, sums.held_bytes[c]);
  }
  for (const Step& step : table.steps) {
    if (step.deletion == kNone) continue;
    const VaultStep& deletion = table.deletions[step.deletion];
    const BackupRecord& backup = first.backups[deletion.backup];
    const auto write = [&](Instant written, uint128 bytes) {
      if (bytes > 0) ledger.freed(service, backup, 0, written, deletion.at, bytes);
    };
    for (std::uint32_t p = step.first_part; p < step.first_part + step.parts; ++p) {
      if (!scenario.ages) {
        write(backup.available, sums.freed[p].bytes);
        continue;
      }
      for (const FreedBytes& part : dated(sums.freed[p], deletion.at)) {
        write(part.written, part.bytes);
      }
    }
  }
  for (std::size_t i = 0; i < table.copies.size(); ++i) {
    const BackupRecord& copy = first.backups[table.copies[i]];
    totals.moved_bytes += sums.moved_bytes[i];
    if (sums.moved_bytes[i] > 0) {
      ledger.copied(service, copy, copy.available, sums.moved_bytes[i]);
    }
  }
}

std::vector<Series> series_of(const Timetable& table, const Sums& sums,
                              const std::vector<std::string>& region_of, const Scenario& scenario,
                              const Fleet& fleet) {
  struct Change {
    Instant at;
    int128 bytes;
  };
  std::vector<std::vector<Change>> changes(region_of.size());
  for (std::size_t c = 0; c < table.cells.size(); ++c) {
    const auto bytes = static_cast<int128>(sums.held_bytes[c]);
    changes[table.cells[c].vault].push_back({table.cells[c].from, bytes});
    if (table.cells[c].until < scenario.end) {
      changes[table.cells[c].vault].push_back({table.cells[c].until, -bytes});
    }
  }
  std::vector<Series> result;
  for (std::size_t v = 0; v < changes.size(); ++v) {
    std::stable_sort(changes[v].begin(), changes[v].end(),
                     [](const Change& a, const Change& b) { return a.at < b.at; });
    Series series;
    series.project = scenario.projects[fleet.service.project].name;
    series.region = region_of[v];
    series.points.push_back({scenario.start, 0});
    int128 bytes = 0;
    for (const Change& change : changes[v]) {
      bytes += change.bytes;
      const int128 most = std::numeric_limits<std::int64_t>::max();
      const auto value = static_cast<std::uint64_t>(std::clamp<int128>(bytes, 0, most));
      if (series.points.back().at == change.at) {
        series.points.back().value = value;
      } else if (series.points.back().value != value) {
        series.points.push_back({change.at, value});
      }
    }
    result.push_back(std::move(series));
  }
  std::stable_sort(result.begin(), result.end(),
                   [](const Series& a, const Series& b) { return a.region < b.region; });
  return result;
}

}  // namespace

FleetRun replay_fleet(const Scenario& scenario, std::uint32_t index, const FleetOptions& options,
                      const LedgerSink& ledger) {
  const Fleet& fleet = scenario.fleets[index];
  Scenario own = scenario_of_one(scenario, index);
  const Draws draws(scenario.seed, options.replication);
  own.services.push_back(member_of(fleet, draws, 0));
  std::vector<VaultStep> changes;
  World world(own, {0}, draws, &changes);
  world.run();
  RunResult first = world.take();
  first.services.resize(1);
  first.services[0].name = own.services[0].name;
  first.services[0].region = fleet.service.region;

  std::vector<std::string> region_of;
  for (const VaultStep& change : changes) {
    if (region_of.size() <= change.vault) region_of.resize(change.vault + 1);
    region_of[change.vault] = first.backups[change.backup].region;
  }
  const Timetable table = timetable_of(first, own.services[0], scenario, changes);
  region_of.resize(table.vaults);

  FleetRun sum;
  sum.totals.members = fleet.count;
  tbb::enumerable_thread_specific<Lane> lanes([&] { return Lane(table); });
  tbb::task_arena arena = arena_of(options.threads);
  sum.totals.simulated = in_chunks(
      fleet.count, std::clamp<std::uint64_t>(kStepsAtOnce / (table.steps.size() + 1), 64, 65'536),
      options, [&](std::uint64_t begin, std::uint64_t end) {
        arena.execute([&] {
          tbb::parallel_for(tbb::blocked_range<std::uint64_t>(begin, end, 16),
                            [&](const auto& range) {
                              Lane& lane = lanes.local();
                              for (std::uint64_t m = range.begin(); m < range.end(); ++m) {
                                replay(table, scenario, fleet, options.replication, m, lane);
                              }
                            });
        });
      });
  Sums sums(table);
  const auto add = [](std::vector<uint128>& to, const std::vector<uint128>& from) {
    for (std::size_t i = 0; i < to.size(); ++i) to[i] += from[i];
  };
  for (const Lane& lane : lanes) {
    add(sums.held_bytes, lane.held_bytes);
    add(sums.moved_bytes, lane.moved_bytes);
    for (std::size_t i = 0; i < sums.freed.size(); ++i) {
      sums.freed[i].bytes += lane.freed[i].bytes;
      sums.freed[i].byte_seconds += lane.freed[i].byte_seconds;
    }
    sum.size_first_bytes += lane.size_first_bytes;
    sum.size_last_bytes += lane.size_last_bytes;
  }
  count(first, sum.totals.simulated, sum.totals);
  sum.events = first.events * sum.totals.simulated;
  write_ledger(table, sums, first, scenario, fleet, region_of, sum.totals, ledger);
  sum.series = series_of(table, sums, region_of, scenario, fleet);
  sum.tallies = tally_requirements(own, first);
  for (std::size_t i = 0; i < sum.tallies.size(); ++i) {
    Nearness& nearness = sum.tallies[i].nearness;
    nearness.judged *= sum.totals.simulated;
    nearness.broken *= sum.totals.simulated;
    if (scenario.requirements[i].kind != RequirementKind::kProtected) continue;
    nearness.worst *= sum.totals.simulated;
  }
  return sum;
}

}  // namespace backcast::sim
