#include "study/live/judgement.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "costmodel/bill/invoice.h"
#include "engine/base/errors.h"
#include "scenarios/load/load.h"
#include "sim/requirements/requirements.h"

namespace backcast::study {
namespace {

using Held = ServiceState::Held;

sim::BackupState state_of(const control::Backup& b) {
  if (b.state == "AVAILABLE") return sim::BackupState::kAvailable;
  if (b.state == "DELETED") return sim::BackupState::kDeleted;
  if (b.state == "FAILED") return sim::BackupState::kFailed;
  return b.state == "REFUSED" ? sim::BackupState::kRefused : sim::BackupState::kRunning;
}

// What a service did since a moment, as a run of the scenario.
class AsRun {
 public:
  AsRun(const sim::Scenario& scenario, const control::AppliedScenario& applied,
        const ServiceState& state)
      : scenario_(scenario), applied_(applied), state_(state) {
    run_.start = applied.applied;
    run_.end = state.now;
    for (const sim::Service& s : scenario.services) {
      const Held* held = cluster_of(s);
      if (held == nullptr) missing_.push_back(s.name);
      clusters_.push_back(held);
      run_.services.push_back({s.name, scenario.projects[s.project].name, s.provider,
                               held == nullptr ? s.region : held->cluster.region, 0, 0, 1});
    }
    for (std::uint32_t i = 0; i < clusters_.size(); ++i) add_backups(i);
    add_project_bytes();
  }

  void add_restores(const std::vector<control::Job>& jobs) {
    for (const control::Job& job : jobs) {
      const auto backup = places_.find(job.backup);
      if (job.type != "RESTORE" || !job.started || backup == places_.end()) continue;
      if (job.state == "CANCELED" || *job.started < run_.start) continue;
      sim::RestoreRecord restore;
      restore.backup = backup->second;
      restore.service = run_.backups[restore.backup].service;
      restore.from_region = restore.to_region = run_.backups[restore.backup].region;
      restore.started = *job.started;
      if (job.state == "FAILED") restore.from_region.clear();  // it cannot be done
      if (job.state == "SUCCESSFUL") restore.completed = job.ended.value_or(sim::kNever);
      run_.restores.push_back(std::move(restore));
    }
  }

  // How long restores take is known of those that were made.
  bool has_measured(const sim::Requirement& requirement) const {
    return std::any_of(run_.restores.begin(), run_.restores.end(), [&](const auto& restore) {
      const auto& services = requirement.services;
      return std::find(services.begin(), services.end(), restore.service) != services.end();
    });
  }

  sim::RunResult& run() { return run_; }
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  const Held* cluster_of(const sim::Service& s) const {
    const Held* found = nullptr;
    for (const Held& held : state_.clusters) {
      if (held.cluster.name != s.name || held.cluster.deleted) continue;
      const auto& projects = applied_.projects;
      if (std::find(projects.begin(), projects.end(), held.cluster.project) == projects.end()) {
        continue;
      }
      if (held.cluster.project == scenario_.projects[s.project].name) return &held;
      found = &held;
    }
    return found;
  }

  void add_backups(std::uint32_t service) {
    if (clusters_[service] == nullptr) return;
    std::vector<const control::Backup*> backups;
    for (const control::Backup& b : clusters_[service]->backups) {
      if (b.born < run_.end && b.deleted.value_or(sim::kNever) > run_.start) backups.push_back(&b);
    }
    std::stable_sort(backups.begin(), backups.end(), [](const auto* a, const auto* b) {
      return std::tie(a->born, a->original) < std::tie(b->born, b->original);
    });
    std::map<std::string, std::vector<std::pair<Instant, std::int64_t>>> bytes;  // by region
    for (const control::Backup* b : backups) {
      places_[b->id] = static_cast<std::uint32_t>(run_.backups.size());
      run_.backups.push_back(record_of(*b, service));
      if (!b->available) continue;
      const auto size = static_cast<std::int64_t>(b->size_bytes);
      bytes[b->region].emplace_back(*b->available, size);
      if (b->deleted) bytes[b->region].emplace_back(*b->deleted, -size);
    }
    for (auto& [region, steps] : bytes) {
      run_.series.push_back(
          {sim::SeriesKind::kStoredBytes, service, {}, region, {}, summed(std::move(steps))});
    }
  }

  sim::BackupRecord record_of(const control::Backup& b, std::uint32_t service) const {
    sim::BackupRecord record;
    record.id = b.id;
    record.service = service;
    if (const auto of = places_.find(b.original); of != places_.end()) record.original = of->second;
    record.region = b.region;
    record.kind = b.kind;
    record.schedule = b.schedule;
    record.tags = b.tags;
    record.of_manual = b.of_manual;
    record.of_history = b.born < run_.start;
    record.is_protected = b.is_protected;
    record.state = state_of(b);
    record.born = b.born;
    record.available = b.available.value_or(sim::kNever);
    record.deleted = b.deleted.value_or(sim::kNever);
    record.expires = b.expires.value_or(sim::kNever);
    record.size_bytes = b.size_bytes;
    record.added_bytes = b.added_bytes;
    return record;
  }

  // What counts against a project's quota is what all of its clusters hold.
  void add_project_bytes() {
    for (const sim::Project& project : scenario_.projects) {
      std::vector<std::pair<Instant, std::int64_t>> steps;
      for (const Held& held : state_.clusters) {
        if (held.cluster.project != project.name) continue;
        for (const control::Backup& b : held.backups) {
          if (!b.available) continue;
          steps.emplace_back(*b.available, static_cast<std::int64_t>(b.size_bytes));
          if (b.deleted) steps.emplace_back(*b.deleted, -static_cast<std::int64_t>(b.size_bytes));
        }
      }
      run_.series.push_back({sim::SeriesKind::kQuotaBytes,
                             sim::kNone,
                             project.name,
                             {},
                             project.quota_bytes,
                             summed(std::move(steps))});
    }
  }

  std::vector<sim::SeriesPoint> summed(std::vector<std::pair<Instant, std::int64_t>> steps) const {
    std::sort(steps.begin(), steps.end());
    std::vector<sim::SeriesPoint> points{{run_.start, 0}};
    std::int64_t bytes = 0;
    for (const auto& [at, step] : steps) {
      bytes += step;
      const Instant when = std::max(at, run_.start);
      if (points.back().at != when) points.push_back({when, 0});
      points.back().value = static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0));
    }
    return points;
  }

  const sim::Scenario& scenario_;
  const control::AppliedScenario& applied_;
  const ServiceState& state_;
  sim::RunResult run_;
  std::vector<const Held*> clusters_;  // by service of the scenario
  std::map<std::string, std::uint32_t> places_;
  std::vector<std::string> missing_;
};

LiveRequirement told(const control::AppliedScenario& applied,
                     const sim::RequirementOutcome& outcome, const sim::RequirementTally& tally,
                     Instant now) {
  LiveRequirement live;
  live.scenario = applied.name;
  live.name = outcome.name;
  live.statement = outcome.statement;
  live.limit = outcome.limit;
  live.observed = outcome.observed;
  live.broken_for = outcome.failing_time;
  // What is tolerated of the time is not broken.
  const bool is_broken = outcome.verdict == sim::Verdict::kFails && !tally.failing.empty() &&
                         tally.failing.back().until >= now;
  // A budget's failure is that of its month.
  const bool is_over = tally.failing.empty() && outcome.verdict == sim::Verdict::kFails;
  live.state = is_broken || is_over                        ? "broken"
               : outcome.verdict == sim::Verdict::kUnknown ? "unknown"
                                                           : "holds";
  if (is_broken) {
    live.since = tally.failing.back().from;
    if (!outcome.trace.empty() && tally.failing.size() == 1) live.why = outcome.trace.back().text;
  } else if (is_over) {
    if (outcome.first_failure != sim::kNever) live.since = outcome.first_failure;
  } else if (live.state == "unknown") {
    live.why =
        fmt::format("since {}: {}", format_instant(applied.applied), outcome.unknown_because);
  }
  return live;
}

// What no book prices leaves its budget unknown.
void check_budgets(scenario::Loaded& loaded, const std::vector<UsageRecord>& usage,
                   sim::RunResult& run) {
  if (loaded.pricing.books.empty()) return;
  const auto book = scenario::price_book_of(loaded);
  if (!book.ok()) return;
  const auto& options = loaded.pricing.options;
  const auto invoice = cost::bill(*book, usage, {{options.begin(), options.end()}});
  if (invoice.ok()) sim::check_budgets(loaded.scenario, *invoice, run);
}

LiveRequirement unreadable(const control::AppliedScenario& applied, const Error& error) {
  LiveRequirement live;
  live.scenario = applied.name;
  live.statement = "the scenario can be read";
  live.state = "unknown";
  live.why = to_string(error);
  return live;
}

}  // namespace

std::vector<LiveRequirement> judge_live(const control::AppliedScenario& applied,
                                        const ServiceState& state,
                                        const std::vector<control::Job>& restores,
                                        const std::function<std::vector<UsageRecord>()>& usage) {
  const auto document = Document::parse_file(applied.document, "-");  // of either form
  if (!document.ok()) return {unreadable(applied, document.error())};
  scenario::Given given;
  given.start = applied.applied;
  auto loaded = scenario::load(*document, given);
  if (!loaded.ok()) return {unreadable(applied, loaded.error().front())};
  sim::Scenario& scenario = loaded->scenario;
  scenario.end = state.now;
  AsRun as_run(scenario, applied, state);
  as_run.add_restores(restores);
  sim::RunResult& run = as_run.run();
  const auto tallies = sim::tally_requirements(scenario, run);
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    run.requirements.push_back(sim::outcome_of(scenario, scenario.requirements[i], tallies[i]));
  }
  const bool has_budget =
      std::any_of(scenario.requirements.begin(), scenario.requirements.end(),
                  [](const auto& r) { return r.kind == sim::RequirementKind::kBudget; });
  if (has_budget) check_budgets(*loaded, usage(), run);
  std::vector<LiveRequirement> all;
  for (std::size_t i = 0; i < tallies.size(); ++i) {
    const sim::Requirement& requirement = scenario.requirements[i];
    all.push_back(told(applied, run.requirements[i], tallies[i], state.now));
    if (requirement.kind == sim::RequirementKind::kRestoreTime &&
        !as_run.has_measured(requirement)) {
      all.back().state = "unknown";
      all.back().observed.clear();
      all.back().why = "no restore has been measured since " + format_instant(applied.applied);
    }
    for (const std::uint32_t service : requirement.services) {
      const std::string& name = scenario.services[service].name;
      const auto& missing = as_run.missing();
      if (std::find(missing.begin(), missing.end(), name) == missing.end()) continue;
      all.back().state = "unknown";
      all.back().why = "there is no cluster " + name + " any more";
    }
  }
  return all;
}

}  // namespace backcast::study
