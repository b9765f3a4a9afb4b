// Fleets whose members have one timetable. The world simulates the first member and notes every
// change of its vaults; the others go through these changes with their own data, and what they hold
// is added up in cells: one restore point (or what is left of deleted ones) over one stretch of
// time. Sums are of whole bytes, so nothing depends on threads or order.
#include <fmt/format.h>
#include <tbb/enumerable_thread_specific.h>

#include <algorithm>
#include <limits>

#include "engine/base/checked.h"
#include "sim/arena.h"
#include "sim/fleet_parts.h"
#include "sim/fleet_timetable.h"

namespace backcast::sim {
namespace {

// So many changes of vaults between two looks at progress and Ctrl-C.
constexpr std::uint64_t kStepsAtOnce = 8'000'000;

// Freed bytes of one stretch of age, and their ages summed.
struct Freed {
  uint128 bytes = 0, byte_seconds = 0;
};

// What one thread keeps between members, so that nothing is allocated for each.
struct Lane {
  std::vector<DeltaChain> chains;  // by vault
  std::vector<DeltaChain::Handle> handles;
  std::vector<Generation> generations;
  std::vector<std::uint64_t> live_bytes;  // by vault: of live restore points
  Life life;
  std::vector<uint128> held_bytes;  // sums, by cell
  std::vector<uint128> moved_bytes;
  std::vector<Freed> freed;  // by deletion and stretch of age
  std::vector<Written> written;
  std::uint64_t size_first_bytes = 0, size_last_bytes = 0;

  explicit Lane(const Timetable& table)
      : handles(table.slots),
        generations(table.moments.size()),
        live_bytes(table.vaults),
        held_bytes(table.cells.size()),
        moved_bytes(table.copies.size()),
        freed(table.deletions.size() * kAgeStretches) {
    for (std::uint32_t v = 0; v < table.vaults; ++v) chains.emplace_back(DeltaModel{});
  }
};

void note_freed(const Timetable& table, const Step& step, const DeltaModel& delta,
                std::uint64_t freed_bytes, bool dates_them, Lane& lane) {
  const Instant now = table.deletions[step.deletion].at;
  const auto note = [&](Instant written, std::uint64_t bytes) {
    Freed& sum = lane.freed[step.deletion * kAgeStretches + age_stretch(written, now)];
    sum.bytes += bytes;
    sum.byte_seconds +=
        static_cast<uint128>(bytes) * static_cast<uint128>((now - written) / kSecond);
  };
  const auto written = std::span(table.written).subspan(step.first_written, step.written_count);
  if (!dates_them || written.size() == 1 || delta.keeps_dependents()) {
    return note(written.back().at, freed_bytes);
  }
  lane.written.assign(written.begin(), written.end());
  for (Written& w : lane.written) w.generation = lane.generations[w.generation.ordinal];
  const auto known = [&](std::uint32_t generation) {
    return generation == kNone ? nullptr : &lane.generations[generation];
  };
  for (const FreedBytes& part : freed_by_age(delta, known(step.older), lane.written,
                                             known(step.sharing_heir), freed_bytes, now)) {
    note(part.written, part.bytes);
  }
}

void replay(const Timetable& table, const Scenario& scenario, const Fleet& fleet,
            std::uint32_t replication, bool dates_freed_bytes, std::uint64_t member, Lane& lane) {
  const Service service = member_of(fleet, Draws(scenario.seed, replication), member);
  for (DeltaChain& chain : lane.chains) chain.restart(service.delta);
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
      if (before_bytes > after_bytes) {
        note_freed(table, step, service.delta, before_bytes - after_bytes, dates_freed_bytes, lane);
      }
    }
    if (step.leftover != kNone) {
      const std::uint64_t stored_bytes = chain.stored_bytes();
      if (stored_bytes > live_bytes) lane.held_bytes[step.leftover] += stored_bytes - live_bytes;
    }
  }
  lane.size_first_bytes += size_at(service.workload, scenario.start, scenario.start);
  lane.size_last_bytes += size_at(service.workload, scenario.start, scenario.end);
}

// Sums beyond 64 bits become several records.
void hand_over(UsageRecord record, uint128 bytes, const LedgerSink& ledger) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
  while (bytes > 0) {
    record.quantity = bytes > kMost ? kMost : static_cast<std::uint64_t>(bytes);
    bytes -= record.quantity;
    ledger(record);
  }
}

struct Sums {
  std::vector<uint128> held_bytes, moved_bytes;
  std::vector<Freed> freed;

  explicit Sums(const Timetable& table)
      : held_bytes(table.cells.size()),
        moved_bytes(table.copies.size()),
        freed(table.deletions.size() * kAgeStretches) {}
};

void write_ledger(const Timetable& table, const Sums& sums, const RunResult& first,
                  const Scenario& scenario, const Fleet& fleet,
                  const std::vector<std::string>& region_of, FleetTotals& totals,
                  const LedgerSink& ledger) {
  std::vector<Place> place_of;  // by vault
  for (const std::string& region : region_of) place_of.push_back(place_in(fleet.service, region));
  UsageRecord record;
  record.project = scenario.projects[fleet.service.project].name;
  record.service = fleet.name;
  const auto put_in = [&](std::uint32_t vault) {
    record.provider = place_of[vault].book;
    record.region = place_of[vault].region;
    record.storage_class = place_of[vault].storage_class;
  };
  for (std::size_t c = 0; c < table.cells.size(); ++c) {
    const Cell& cell = table.cells[c];
    record.kind = UsageKind::kStorage;
    put_in(cell.vault);
    record.start = cell.from;
    record.end = cell.until;
    if (cell.backup == kNone) {
      record.born.reset();
      record.backup.clear();
      record.tags = fleet.service.cost_tags;
      record.backup_kind = record.region == fleet.service.region ? "automatic" : "copy";
    } else {
      const BackupRecord& backup = first.backups[cell.backup];
      record.born = backup.available;
      record.backup = backup.id;
      record.backup_kind = backup.kind;
      record.tags = ledger_tags(fleet.service, backup.tags);
    }
    if (cell.from < cell.until) hand_over(record, sums.held_bytes[c], ledger);
  }
  record.kind = UsageKind::kDeletion;
  for (std::size_t d = 0; d < table.deletions.size(); ++d) {
    const VaultStep& deletion = table.deletions[d];
    const BackupRecord& backup = first.backups[deletion.backup];
    put_in(deletion.vault);
    record.end = deletion.at;
    record.backup = backup.id;
    record.backup_kind = backup.kind;
    record.tags = ledger_tags(fleet.service, backup.tags);
    for (std::size_t s = kAgeStretches; s-- > 0;) {  // the oldest first
      const Freed& freed = sums.freed[d * kAgeStretches + s];
      if (freed.bytes == 0) continue;
      const auto age = static_cast<std::int64_t>(freed.byte_seconds / freed.bytes);
      record.born = record.start = deletion.at - std::chrono::seconds(age);
      hand_over(record, freed.bytes, ledger);
    }
  }
  const Place home = place_in(fleet.service, fleet.service.region);
  for (std::size_t i = 0; i < table.copies.size(); ++i) {
    const BackupRecord& backup = first.backups[table.copies[i]];
    record = movement(home, place_in(fleet.service, backup.region));
    record.project = scenario.projects[fleet.service.project].name;
    record.service = fleet.name;
    record.backup_kind = "copy";
    record.start = record.end = backup.available;
    record.backup = backup.id;
    record.tags = ledger_tags(fleet.service, backup.tags);
    totals.moved_bytes += sums.moved_bytes[i];
    hand_over(record, sums.moved_bytes[i], ledger);
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
  const Timetable table =
      timetable_of(first, own.services[0], scenario.start, options.dates_freed_bytes, changes);
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
                                replay(table, scenario, fleet, options.replication,
                                       options.dates_freed_bytes, m, lane);
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
