#include "study/history/recorded.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/base/bytes.h"
#include "sim/fit/death_law.h"
#include "sim/model/past.h"
#include "sim/run/run.h"

namespace backcast::study {
namespace {

constexpr Duration kDay = std::chrono::hours(24);
// Where a history says no times: noon of a Monday, and one backup a day from then on.
constexpr Instant kUntold =
    std::chrono::sys_days{std::chrono::year{2024} / 1 / 1} + std::chrono::hours(12);

// The times of all backups, or one a day.
std::vector<Instant> times_of(const sim::ObservedHistory& seen) {
  std::vector<Instant> times;
  const bool are_known = std::all_of(seen.backups.begin(), seen.backups.end(),
                                     [](const auto& backup) { return backup.time.has_value(); });
  for (std::size_t i = 0; i < seen.backups.size(); ++i) {
    times.push_back(are_known ? *seen.backups[i].time
                              : kUntold + kDay * static_cast<std::int64_t>(i));
  }
  return times;
}

Duration usual_step(const std::vector<Instant>& times) {
  std::vector<Duration> steps;
  for (std::size_t i = 1; i < times.size(); ++i) steps.push_back(times[i] - times[i - 1]);
  std::nth_element(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2),
                   steps.end());
  return steps[steps.size() / 2];
}

// Both count bytes as stored: sizes that differ are not of the same restore points.
Status check_sizes(const sim::Trace& trace, const sim::ObservedHistory& seen) {
  constexpr double kMostApart = 0.02;
  for (std::uint32_t g = 0; g < seen.backups.size(); ++g) {
    const auto here = static_cast<double>(seen.backups[g].size_bytes);
    const auto there = static_cast<double>(trace.size(g));
    if (std::fabs(here - there) <= kMostApart * std::max(here, there)) continue;
    return bad_input(
        fmt::format("backup {} holds {} in the history, {} in the presence table", g + 1,
                    format_bytes(seen.backups[g].size_bytes), format_bytes(trace.size(g))),
        "export both from the same repository at the same time");
  }
  return kOk;
}

policy::Snapshot point(const sim::Trace& trace, Instant time, std::uint32_t backup,
                       std::optional<std::uint32_t> older) {
  policy::Snapshot snapshot;
  snapshot.id = fmt::format("backup-{}", backup);
  snapshot.time = time;
  snapshot.size_bytes = trace.size(backup);
  snapshot.new_bytes = trace.size(backup) - (older ? trace.shared(*older, backup) : 0);
  return snapshot;
}

}  // namespace

double stored_at(const sim::RunResult& run, Instant at) {
  double stored_bytes = 0;
  for (const sim::Series& series : run.series) {
    if (series.kind != sim::SeriesKind::kStoredBytes) continue;
    const auto after =
        std::upper_bound(series.points.begin(), series.points.end(), at,
                         [](Instant t, const sim::SeriesPoint& p) { return t < p.at; });
    if (after != series.points.begin()) stored_bytes += static_cast<double>((after - 1)->value);
  }
  return stored_bytes;
}

double freed_by(const sim::RunResult& run, Instant at) {
  double freed_bytes = 0;
  for (const sim::BackupRecord& backup : run.backups) {
    if (backup.deleted <= at) freed_bytes += static_cast<double>(backup.freed_bytes);
  }
  return freed_bytes;
}

Result<Recorded> Recorded::of(sim::Observations seen, RecordedTerms terms) {
  Recorded made;
  made.terms_ = std::move(terms);
  made.seen_ = std::move(seen.history);
  if (made.seen_.backups.size() < sim::kMinBackups) {
    return bad_input(
        fmt::format("{} backups are too few to look back on", made.seen_.backups.size()));
  }
  if (made.seen_.backups.size() > kMostBackups) {
    return bad_input(fmt::format("{} backups are more than the {} that can be gone through",
                                 made.seen_.backups.size(), kMostBackups),
                     "leave out the oldest");
  }
  if (seen.table && seen.table->generations != made.seen_.backups.size()) {
    return bad_input(
        fmt::format("the presence table speaks of {} restore points, the history of {}",
                    seen.table->generations, made.seen_.backups.size()),
        "export both from the same repository at the same time");
  }
  made.times_ = times_of(made.seen_);
  for (std::size_t i = 1; i < made.times_.size(); ++i) {
    if (made.times_[i] > made.times_[i - 1]) continue;
    return sim::not_later(i, made.times_[i], made.times_[i - 1]);
  }
  made.step_ = usual_step(made.times_);
  if (seen.table) {
    made.table_ = std::move(*seen.table);
    made.trace_ = std::make_shared<sim::Trace>(made.table_->trace());
    BACKCAST_CHECK(check_sizes(*made.trace_, made.seen_));
    made.basis_ = "exact, from the presence table";
  } else {
    const sim::DeathLaw law = sim::fit_death_law(made.seen_).law;
    made.trace_ = std::make_shared<sim::Trace>(sim::overlaps_by(law, made.seen_));
    made.basis_ =
        "a model of how long bytes live, fitted to all of the history, with the volumes given";
  }
  made.live();
  return made;
}

sim::Scenario Recorded::scenario(sim::Service service, Instant start,
                                 std::span<const Instant> backups, std::uint64_t seed) const {
  service.name = "history";
  service.region = terms_.region;
  service.store.storage_class = terms_.storage_class;
  service.retention = terms_.retention;
  service.job = {};
  // What a backup leaves is read when it is there, and so is what came.
  service.job.speed.rate_bytes_per_second = 0;
  service.job.overlap = policy::Overlap::kBeside;
  service.schedules.clear();
  for (const Instant at : backups) {
    sim::ServiceSchedule once;
    once.rule = policy::NoSchedule{};
    once.initial_backup = true;
    once.from = at;
    service.schedules.push_back(std::move(once));
  }
  sim::Scenario scenario;
  scenario.name = scenario.title = "history";
  scenario.start = start;
  scenario.end = (backups.empty() ? start : backups.back()) + std::chrono::seconds(1);
  scenario.seed = seed;
  scenario.projects.push_back({});
  scenario.services.push_back(std::move(service));
  if (!terms_.book) scenario.ages.reset();
  return scenario;
}

// All backups, their sizes and overlaps as recorded, under the policy.
void Recorded::live() {
  sim::Service service;
  service.delta.kind = sim::DeltaModel::Kind::kTrace;
  service.delta.trace = trace_;
  if (table_) service.delta.presence = std::make_shared<sim::PresenceTable>(*table_);
  run_ = sim::run(scenario(std::move(service), times_.front(), times_, 0), {.threads = 1});
  std::uint64_t before_bytes = 0;
  for (std::uint32_t g = 0; g < backups(); ++g) {
    const std::vector<std::uint32_t> kept = kept_after(g);
    const std::uint64_t bytes = stored_bytes(kept);
    double added_bytes = static_cast<double>(bytes);
    if (g > 0) {
      std::vector<std::uint32_t> with = kept_after(g - 1);
      with.push_back(g);
      added_bytes = static_cast<double>(stored_bytes(with)) - static_cast<double>(before_bytes);
    }
    stored_.push_back(static_cast<double>(bytes));
    freed_.push_back(std::max(
        0.0, static_cast<double>(before_bytes) + added_bytes - static_cast<double>(bytes)));
    before_bytes = bytes;
  }
}

std::uint64_t Recorded::stored_bytes(const std::vector<std::uint32_t>& kept) const {
  if (table_) return table_->stored_bytes(kept);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) {
    sum += trace_->size(kept[i]) - (i > 0 ? trace_->shared(kept[i - 1], kept[i]) : 0);
  }
  return sum;
}

sim::ObservedHistory Recorded::prefix(std::uint32_t newest) const {
  sim::ObservedHistory history = seen_;
  history.backups.resize(newest + 1);
  // What came back in all of it is not known yet.
  history.resurrection_share.reset();
  return history;
}

std::vector<std::uint32_t> Recorded::kept_after(std::uint32_t backup) const {
  std::vector<std::uint32_t> kept;
  for (std::uint32_t g = 0; g <= backup; ++g) {
    if (run_.backups[g].deleted > times_[backup]) kept.push_back(g);
  }
  return kept;
}

void Recorded::go_on_after(std::uint32_t backup, sim::Service& service) const {
  sim::Trace known;
  const std::vector<std::uint32_t> kept = kept_after(backup);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto older = i > 0 ? std::optional(kept[i - 1]) : std::nullopt;
    service.history.push_back(point(*trace_, times_[kept[i]], kept[i], older));
    known.size_bytes.push_back(trace_->size(kept[i]));
    for (std::size_t a = 0; a < i; ++a) {
      known.shared_bytes.push_back(trace_->shared(kept[a], kept[i]));
    }
  }
  if (!table_ || service.delta.kind != sim::DeltaModel::Kind::kLifetimes) return;
  service.delta.known = std::make_shared<sim::Trace>(std::move(known));
  service.delta.presence = std::make_shared<sim::PresenceTable>(table_->of(kept));
  service.delta.known_until =
      sim::past_generations(service.workload, service.delta, service.history, times_[backup])
          .back()
          .operational_time;
}

Result<Outcome, Errors> Recorded::between(std::uint32_t from, std::uint32_t to) const {
  Outcome outcome;
  outcome.stored_bytes = stored_[to];
  for (std::uint32_t g = from + 1; g <= to; ++g) outcome.freed_bytes += freed_[g];
  BACKCAST_TRY(outcome.bill, bill(run_.billed, times_[from], times_[to]));
  return outcome;
}

Result<double, Errors> Recorded::bill(std::span<const UsageRecord> usage, Instant from,
                                      Instant to) const {
  if (!terms_.book) return 0.0;
  std::vector<UsageRecord> within;
  for (const UsageRecord& whole : usage) {
    const bool lasts = whole.kind == UsageKind::kStorage || whole.kind == UsageKind::kInstance;
    const Instant when = whole.kind == UsageKind::kDeletion ? whole.end : whole.start;
    if (lasts ? whole.end <= from || whole.start >= to : when <= from || when > to) continue;
    UsageRecord record = whole;
    if (lasts) {
      if (!record.born) record.born = record.start;
      record.start = std::max(record.start, from);
      record.end = std::min(record.end, to);
    }
    within.push_back(std::move(record));
  }
  BACKCAST_TRY(const cost::Invoice invoice, cost::bill(*terms_.book, within));
  if (!invoice.is_complete()) return cost::to_errors(invoice.missing);
  return cost::to_double(invoice.total().amount);
}

}  // namespace backcast::study
