#include "sim/run/run.h"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

#include "engine/base/bytes.h"
#include "sim/kernel/arena.h"
#include "sim/kernel/sort_by.h"
#include "sim/model/failures.h"
#include "sim/requirements/no_room.h"
#include "sim/requirements/overlaps.h"
#include "sim/requirements/requirements.h"
#include "sim/words/words.h"
#include "sim/world/world.h"

namespace backcast::sim {
namespace {

// Services that share a quota or a link must be simulated together; union-find over them.
class Couples {
 public:
  explicit Couples(std::size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), 0U);
  }
  std::uint32_t root(std::uint32_t a) {
    while (parent_[a] != a) a = parent_[a] = parent_[parent_[a]];
    return a;
  }
  // The smaller index stays root, so the order of joins does not matter.
  void join(std::uint32_t a, std::uint32_t b) {
    const std::uint32_t x = root(a), y = root(b);
    parent_[std::max(x, y)] = std::min(x, y);
  }

 private:
  std::vector<std::uint32_t> parent_;
};

std::vector<std::vector<std::uint32_t>> coupled_groups(const Scenario& scenario, bool together) {
  const auto count = static_cast<std::uint32_t>(scenario.services.size());
  Couples couples(count);
  std::map<std::uint32_t, std::uint32_t> first_of_project;
  std::map<std::string, std::uint32_t> first_of_source;
  std::set<std::string> linked;
  for (const auto& link : scenario.links) linked.insert(link.from);
  // A restore may come home over a link that copies of others use.
  const bool restores =
      std::any_of(scenario.events.begin(), scenario.events.end(),
                  [](const ScheduledEvent& e) { return e.kind == EventKind::kRestore; });
  if (restores) {
    for (const auto& link : scenario.links) linked.insert(link.to);
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const Service& s = scenario.services[i];
    const Project& project = scenario.projects[s.project];
    if (project.quota_bytes || project.watched) {
      couples.join(first_of_project.try_emplace(s.project, i).first->second, i);
    }
    if (linked.contains(s.region)) {
      couples.join(first_of_source.try_emplace(s.region, i).first->second, i);
    }
  }
  for (const Repository& repository : scenario.repositories) {
    for (const std::uint32_t service : repository.services) {
      couples.join(repository.services.front(), service);
    }
  }
  for (const ScheduledEvent& event : scenario.events) {
    if (!event.into) continue;
    for (const std::uint32_t service : event.services) couples.join(*event.into, service);
  }
  for (const JobLimit& limit : scenario.limits) {
    std::optional<std::uint32_t> first;
    for (std::uint32_t i = 0; i < count; ++i) {
      if (!covers(limit, scenario.services[i], i)) continue;
      couples.join(first.value_or(i), i);
      first = first.value_or(i);
    }
  }
  std::map<std::uint32_t, std::vector<std::uint32_t>> groups;
  for (std::uint32_t i = 0; i < count; ++i) {
    groups[together ? 0 : couples.root(i)].push_back(i);
  }
  std::vector<std::vector<std::uint32_t>> result;
  for (auto& [root, members] : groups) result.push_back(std::move(members));
  return result;
}

// Joins one list of all groups in the order of `key`, then group. Returns where each entry went, by
// group and place.
template <typename T, typename Key>
std::vector<std::vector<std::uint32_t>> merge(std::vector<RunResult>& parts,
                                              std::vector<T> RunResult::*member, RunResult& whole,
                                              Key key) {
  struct From {
    std::uint32_t part, index;
  };
  std::vector<From> order;
  std::vector<std::vector<std::uint32_t>> moved(parts.size());
  for (std::uint32_t p = 0; p < parts.size(); ++p) {
    moved[p].resize((parts[p].*member).size());
    for (std::uint32_t i = 0; i < moved[p].size(); ++i) order.push_back({p, i});
  }
  const auto at = [&](const From& from) -> T& { return (parts[from.part].*member)[from.index]; };
  sort_by(order, [&](const From& from) { return key(at(from)); });
  auto& to = whole.*member;
  to.reserve(order.size());
  for (const From& from : order) {
    moved[from.part][from.index] = static_cast<std::uint32_t>(to.size());
    to.push_back(std::move(at(from)));
  }
  for (RunResult& part : parts) part.*member = {};
  return moved;
}

void shift(std::uint32_t& index, const std::vector<std::uint32_t>& moved) {
  if (index != kNone) index = moved[index];
}

// An event that concerns no single service is logged by every group; keep one.
void drop_repeated_log_lines(const Scenario& scenario, RunResult& run) {
  std::set<std::tuple<Instant, LogKind, std::string>> seen;
  std::erase_if(run.log, [&](const LogEvent& e) {
    return e.service == kNone && !seen.insert({e.at, e.kind, log_text(scenario, run, e)}).second;
  });
}

void merge(const Scenario& scenario, std::vector<RunResult>& parts, RunResult& whole) {
  const auto backups = merge(parts, &RunResult::backups, whole,
                             [](const BackupRecord& b) { return std::pair(b.born, b.service); });
  for (std::size_t p = 0; p < parts.size(); ++p) {
    whole.events += parts[p].events;
    for (const std::uint32_t i : backups[p]) shift(whole.backups[i].original, backups[p]);
    for (RestoreRecord& restore : parts[p].restores) shift(restore.backup, backups[p]);
  }
  const auto restores = merge(parts, &RunResult::restores, whole, [](const RestoreRecord& r) {
    return std::pair(r.started, r.service);
  });
  for (std::size_t p = 0; p < parts.size(); ++p) {
    for (LogEvent& event : parts[p].log) {
      shift(event.backup, backups[p]);
      if (is_of_restore(event.kind)) shift(event.about, restores[p]);
    }
  }
  merge(parts, &RunResult::log, whole, [](const LogEvent& e) { return e.at; });
  drop_repeated_log_lines(scenario, whole);
  merge(parts, &RunResult::usage, whole,
        [](const UsageRecord& r) { return std::tie(r.start, r.service, r.region, r.backup); });
  merge(parts, &RunResult::series, whole,
        [](const Series& s) { return std::tie(s.kind, s.service, s.project, s.region); });
  merge(parts, &RunResult::overlaps, whole, [](const OverlappingJobs& o) { return o.service; });
  merge(parts, &RunResult::repositories, whole, [&](const RepositoryResult& r) {
    const auto place =
        std::find_if(scenario.repositories.begin(), scenario.repositories.end(),
                     [&](const Repository& repository) { return repository.name == r.name; });
    return std::pair(place - scenario.repositories.begin(), r.region);
  });
}

// Parts the usage into what the scenario's bill covers and what it leaves out.
class BillSplit {
 public:
  explicit BillSplit(const Scenario& scenario) : scenario_(scenario) {}

  bool covers(const UsageRecord& record) {
    if (is_billed(scenario_.bill, record.backup_kind)) return true;
    LeftOut& entry = left_out_[record.backup_kind];
    ++entry.records;
    if (record.kind == UsageKind::kStorage) {
      entry.peak_bytes = std::max(entry.peak_bytes, record.quantity);
    }
    return false;
  }

  void write(RunResult& result) {
    for (auto& [kind, entry] : left_out_) {
      entry.what = kind + " backups";
      if (!scenario_.bill.because.empty()) entry.what += ": " + scenario_.bill.because;
      result.left_out.push_back(std::move(entry));
    }
  }

 private:
  const Scenario& scenario_;
  std::map<std::string, LeftOut> left_out_;
};

void add_services(const Scenario& scenario, const Draws& draws, RunResult& result) {
  for (const Service& s : scenario.services) {
    Life life;
    life.begin(s.workload, s.delta.curve, scenario.start, draws, s.entity);
    ServiceResult service;
    service.name = s.name;
    service.project = scenario.projects[s.project].name;
    service.provider = s.provider;
    service.region = s.region;
    service.size_first_bytes =
        life.size_bytes(moment_at(s.workload, scenario.start, scenario.start));
    service.size_last_bytes = life.size_bytes(moment_at(s.workload, scenario.start, scenario.end));
    result.services.push_back(std::move(service));
  }
  for (const Fleet& fleet : scenario.fleets) {
    ServiceResult service;
    service.name = fleet.name;
    service.project = scenario.projects[fleet.service.project].name;
    service.provider = fleet.service.provider;
    service.region = fleet.service.region;
    service.members = fleet.count;
    result.services.push_back(std::move(service));
  }
}

// Fleets that are kept as sums, one after the other; what they show of requirements is added.
void run_fleets(const Scenario& scenario, const RunOptions& options, BillSplit& bill,
                std::vector<RequirementTally>& tallies, RunResult& whole) {
  const LedgerSink ledger = [&](const UsageRecord& record) {
    if (!bill.covers(record)) return;
    if (options.ledger) return options.ledger(record);
    whole.billed.push_back(record);
  };
  FleetOptions how;
  how.replication = options.replication;
  how.threads = options.threads;
  how.stop = options.stop;
  how.progress = options.progress;
  how.one_by_one = options.fleets_one_by_one;
  for (std::uint32_t f = 0; f < scenario.fleets.size(); ++f) {
    FleetRun run = run_fleet(scenario, f, how, ledger);
    const auto place = static_cast<std::uint32_t>(scenario.services.size()) + f;
    run.totals.service = place;
    whole.services[place].size_first_bytes = run.size_first_bytes;
    whole.services[place].size_last_bytes = run.size_last_bytes;
    whole.events += run.events;
    for (Series& series : run.series) {
      series.service = place;
      whole.series.push_back(std::move(series));
    }
    for (std::size_t i = 0; i < tallies.size(); ++i) {
      if (run.tallies[i].service != kNone) run.tallies[i].service = place;
      add(scenario.requirements[i], tallies[i], std::move(run.tallies[i]));
    }
    if (run.totals.simulated < run.totals.members) {
      whole.partial = true;
      whole.warnings.push_back(
          fmt::format("interrupted: {} of the {} services of {} were simulated, the figures are "
                      "theirs",
                      run.totals.simulated, run.totals.members, scenario.fleets[f].name));
    }
    whole.fleets.push_back(std::move(run.totals));
  }
}

// What the services and fleets store at most, each at its own worst moment.
double most_stored_bytes(const RunResult& run) {
  double sum = 0;
  for (const Series& series : run.series) {
    std::uint64_t most = 0;
    for (const SeriesPoint& point : series.points) most = std::max(most, point.value);
    if (series.kind == SeriesKind::kStoredBytes) sum += static_cast<double>(most);
  }
  return sum;
}

// Requirements speak of the services that were simulated; an interrupted run leaves some out.
Scenario without(const Scenario& scenario, const std::vector<bool>& is_done) {
  Scenario rest = scenario;
  for (Requirement& requirement : rest.requirements) {
    std::erase_if(requirement.services, [&](std::uint32_t service) { return !is_done[service]; });
  }
  return rest;
}

}  // namespace

bool is_billed(const BillScope& bill, const std::string& backup_kind) {
  const auto& kinds = bill.backup_kinds;
  return kinds.empty() || std::find(kinds.begin(), kinds.end(), backup_kind) != kinds.end();
}

std::uint64_t services_of(const Scenario& scenario) {
  std::uint64_t count = scenario.services.size();
  for (const Fleet& fleet : scenario.fleets) count += fleet.count;
  return count;
}

namespace {

RunResult run_drawn(const Scenario& scenario, const Draws& draws, const RunOptions& options) {
  RunResult whole;
  whole.scenario = scenario.name;
  whole.title = scenario.title;
  whole.seed = scenario.seed;
  whole.replication = options.replication;
  whole.start = scenario.start;
  whole.end = scenario.end;
  whole.assumptions = scenario.assumptions;
  whole.said = scenario.said;
  whole.assumed = scenario.assumed;
  add_services(scenario, draws, whole);
  const auto groups = coupled_groups(scenario, options.together);
  std::vector<RunResult> parts(groups.size());
  const auto stopped = [&] { return options.stop != nullptr && *options.stop; };
  std::vector<char> is_whole(groups.size(), 0);
  const auto simulate = [&](std::size_t i) {
    if (stopped() && groups.size() > 1) return;
    World world(scenario, groups[i], draws);
    is_whole[i] = world.run(options.stop) ? 1 : 0;
    if (is_whole[i] == 0 && groups.size() > 1) return;
    parts[i] = world.take();
    if (options.progress) options.progress(groups[i].size());
  };
  tbb::task_arena arena = arena_of(options.threads);
  arena.execute([&] { tbb::parallel_for(std::size_t{0}, groups.size(), simulate); });

  std::vector<bool> is_done(scenario.services.size(), true);
  std::uint64_t done = scenario.services.size();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (is_whole[i] != 0) continue;
    whole.partial = true;
    if (groups.size() == 1) {
      whole.end = parts[i].end;
      continue;
    }
    for (const std::uint32_t service : groups[i]) is_done[service] = false;
    done -= groups[i].size();
  }
  if (done < scenario.services.size()) {
    whole.warnings.push_back(
        fmt::format("interrupted: {} of the {} services were simulated, the figures are theirs",
                    done, scenario.services.size()));
  }
  merge(scenario, parts, whole);
  BillSplit bill(scenario);
  for (const UsageRecord& record : whole.usage) {
    if (bill.covers(record)) whole.billed.push_back(record);
  }
  std::vector<RequirementTally> tallies =
      done == scenario.services.size() ? tally_requirements(scenario, whole)
                                       : tally_requirements(without(scenario, is_done), whole);
  run_fleets(scenario, options, bill, tallies, whole);
  bill.write(whole);
  whole.too_large = most_stored_bytes(whole) > kMaxStoredBytes;
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    whole.requirements.push_back(
        outcome_of(scenario, scenario.requirements[i], std::move(tallies[i])));
  }
  report_overlaps(scenario, whole);
  report_no_room(scenario, whole);
  return whole;
}

}  // namespace

RunResult run(const Scenario& scenario, const RunOptions& options) {
  const Draws draws(scenario.seed, options.replication);
  const bool redraws = is_redrawn(scenario);
  if (!redraws && scenario.failures.empty()) return run_drawn(scenario, draws, options);
  Scenario drawn = redraws ? redrawn(scenario, draws) : scenario;
  DrawnFailures failures = drawn_failures(scenario, draws);
  drawn.events.insert(drawn.events.end(), failures.events.begin(), failures.events.end());
  RunResult result = run_drawn(drawn, draws, options);
  result.outages = std::move(failures.outages);
  return result;
}

}  // namespace backcast::sim
