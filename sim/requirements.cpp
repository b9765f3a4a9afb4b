#include "sim/requirements.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "costmodel/invoice.h"
#include "engine/base/bytes.h"
#include "sim/timeline.h"
#include "sim/trace.h"

namespace backcast::sim {
namespace {

// What one service, region or backup contributes to an outcome.
struct Finding {
  std::vector<Span> spans;
  std::uint32_t service = kNone;
  std::string region;
  std::uint32_t last_good = kNone;  // the restore point that was newest when it failed
  Instant causes_from{};
  std::string conclusion;
};

class Checker {
 public:
  Checker(const Scenario& scenario, const RunResult& result)
      : scenario_(scenario),
        result_(result),
        backups_of_(result.services.size()),
        deleted_at_(result.services.size(), kNever) {
    for (std::uint32_t i = 0; i < result.backups.size(); ++i) {
      backups_of_[result.backups[i].service].push_back(i);
    }
    for (const LogEvent& event : result.log) {
      if (event.kind == LogKind::kServiceDeleted) deleted_at_[event.service] = event.at;
    }
  }

  RequirementTally check(const Requirement& requirement);

 private:
  const std::string& service_name(std::uint32_t service) const {
    return result_.services[service].name;
  }
  // "" in the requirement means each service's home.
  std::string region_of(const Requirement& r, std::uint32_t service) const {
    return r.region.empty() ? result_.services[service].region : r.region;
  }
  std::string place(const Requirement& r, std::uint32_t service) const {
    return r.region == "any" ? "anywhere" : "in " + region_of(r, service);
  }
  Span checked_span(const Requirement& r) const {
    return {std::max(r.from.value_or(result_.start), result_.start),
            std::min(r.until.value_or(result_.end), result_.end)};
  }
  // A requirement on a service that is deleted by the scenario ends with it.
  Span span_of(const Requirement& r, std::uint32_t service) const;
  std::vector<PointInTime> points(const Requirement& r, std::uint32_t service) const;
  std::uint32_t newest_before(const std::vector<PointInTime>& points, Instant t) const;

  void check_rpo(const Requirement& r);
  void check_restore_points(const Requirement& r);
  void check_coverage(const Requirement& r);
  void check_protected(const Requirement& r);
  void check_quota(const Requirement& r);
  void check_copy_within(const Requirement& r);
  void check_restore_time(const Requirement& r);

  // When the service came under protection: with the run, or with what its history holds.
  Instant protected_since(std::uint32_t service) const;

  void note(Finding finding);
  RequirementTally conclude();

  const Scenario& scenario_;
  const RunResult& result_;
  std::vector<std::vector<std::uint32_t>> backups_of_;  // by service
  std::vector<Instant> deleted_at_;                     // by service
  RequirementTally tally_;
  std::vector<Finding> findings_;
};

std::uint64_t count_of(Duration d) {
  return static_cast<std::uint64_t>(d.count());
}

Span Checker::span_of(const Requirement& r, std::uint32_t service) const {
  Span span = checked_span(r);
  span.until = std::min(span.until, deleted_at_[service]);
  return span;
}

std::vector<PointInTime> Checker::points(const Requirement& r, std::uint32_t service) const {
  std::vector<PointInTime> found;
  const std::string region = region_of(r, service);
  for (const std::uint32_t i : backups_of_[service]) {
    const BackupRecord& b = result_.backups[i];
    if (b.available == kNever) continue;
    if (region != "any" && b.region != region) continue;
    found.push_back({b.born, b.available, b.deleted, i});
  }
  return found;
}

Instant Checker::protected_since(std::uint32_t service) const {
  const auto& backups = backups_of_[service];  // in order of birth
  return backups.empty() ? result_.start
                         : std::min(result_.start, result_.backups[backups.front()].born);
}

std::uint32_t Checker::newest_before(const std::vector<PointInTime>& points, Instant t) const {
  std::uint32_t best = kNone;
  for (const PointInTime& p : points) {
    if (p.available > t) continue;
    if (best == kNone || p.born > result_.backups[best].born) best = p.backup;
  }
  return best;
}

void Checker::check_rpo(const Requirement& r) {
  Duration worst{0};
  for (const std::uint32_t service : r.services) {
    const auto all = points(r, service);
    Duration oldest{0};
    auto spans =
        stale_spans(all, span_of(r, service), protected_since(service), r.at_most, &oldest);
    worst = std::max(worst, oldest);
    if (spans.empty()) continue;
    const Instant first = spans.front().from;
    const std::uint32_t newest = newest_before(all, first);
    const Instant since = newest == kNone ? result_.start : result_.backups[newest].born;
    const std::string what =
        newest == kNone
            ? fmt::format("{} has had no restore point {} for {}", service_name(service),
                          place(r, service), format_duration(first - result_.start))
            : fmt::format("the newest restore point of {} {} is {} old", service_name(service),
                          place(r, service), format_duration(first - since));
    note({std::move(spans), service, region_of(r, service), newest, since,
          what + ", and the next one is not there yet"});
  }
  tally_.worst = count_of(worst);
}

void Checker::check_restore_points(const Requirement& r) {
  const std::string window =
      r.within > Duration{0} ? " of the last " + format_duration(r.within) : "";
  std::uint32_t fewest = UINT32_MAX;
  for (const std::uint32_t service : r.services) {
    const auto all = points(r, service);
    Span checked = span_of(r, service);
    if (!r.from) {
      // Without a stated start the count must first be reached: within the window, or at all.
      Instant reached = std::min(checked.until, protected_since(service) + r.within);
      std::vector<Span> sparse = sparse_spans(all, checked, r.at_least, r.within, nullptr);
      if (r.within == Duration{0} && !sparse.empty() && sparse.front().from == checked.from) {
        reached = sparse.front().until == checked.until ? checked.from : sparse.front().until;
      }
      checked.from = std::max(checked.from, reached);
    }
    if (checked.from >= checked.until) continue;
    std::uint32_t least = 0;
    auto spans = sparse_spans(all, checked, r.at_least, r.within, &least);
    fewest = std::min(fewest, least);
    if (spans.empty()) continue;
    const Instant first = spans.front().from;
    const Instant from = r.within > Duration{0} && first - r.within > result_.start
                             ? first - r.within
                             : result_.start;
    note({std::move(spans), service, region_of(r, service), kNone, from,
          fmt::format("{} {} is down to fewer than {} restore points{}", service_name(service),
                      place(r, service), r.at_least, window)});
  }
  tally_.checked = fewest != UINT32_MAX;
  tally_.worst = fewest;
}

void Checker::check_coverage(const Requirement& r) {
  Duration uncovered{0};
  bool any = false;
  for (const std::uint32_t service : r.services) {
    const auto all = points(r, service);
    Duration own{0};
    for (const Duration rung : r.ladder) {
      Span checked = span_of(r, service);
      // A rung can be asked for once the service has been protected twice as long.
      if (!r.from) checked.from = std::max(checked.from, protected_since(service) + 2 * rung);
      if (checked.from >= checked.until) continue;
      any = true;
      auto spans = uncovered_spans(all, checked, rung, 2 * rung);
      if (spans.empty()) continue;
      own += total(spans);
      uncovered = std::max(uncovered, own);
      const Instant first = spans.front().from;
      note({std::move(spans), service, region_of(r, service), kNone,
            std::max(result_.start, first - 2 * rung),
            fmt::format("no restore point of {} {} is between {} and {} old", service_name(service),
                        place(r, service), format_duration(rung), format_duration(2 * rung))});
    }
  }
  tally_.checked = any;
  tally_.worst = count_of(uncovered);
}

void Checker::check_protected(const Requirement& r) {
  std::uint32_t lost = 0, seen = 0;
  for (std::uint32_t i = 0; i < result_.backups.size(); ++i) {
    const BackupRecord& b = result_.backups[i];
    if (!b.is_protected || b.available == kNever) continue;
    if (std::find(r.services.begin(), r.services.end(), b.service) == r.services.end()) continue;
    ++seen;
    if (b.deleted == kNever || b.deleted >= result_.end) continue;
    ++lost;
    note({{{b.deleted, result_.end}},
          b.service,
          b.region,
          i,
          b.deleted,
          fmt::format("the protected backup {} is gone: {}", b.id, b.reason)});
  }
  tally_.checked = seen > 0;
  tally_.worst = lost;
  tally_.seen = seen;
}

void Checker::check_quota(const Requirement& r) {
  const std::string of =
      r.project ? "project " + scenario_.projects[*r.project].name : subject_of(r, scenario_);
  std::uint64_t highest = 0;
  for (const Series& series : result_.series) {
    if (r.project) {
      if (series.kind != SeriesKind::kQuotaBytes ||
          series.project != scenario_.projects[*r.project].name) {
        continue;
      }
    } else {
      if (series.kind != SeriesKind::kStoredBytes) continue;
      if (std::find(r.services.begin(), r.services.end(), series.service) == r.services.end()) {
        continue;
      }
      if (r.region != "any" && series.region != region_of(r, series.service)) continue;
    }
    std::uint64_t top = 0;
    auto spans = spans_above(series.points, checked_span(r), r.at_most_bytes, &top);
    highest = std::max(highest, top);
    if (spans.empty()) continue;
    const Instant first = spans.front().from;
    note({std::move(spans), series.service, series.region, kNone, first,
          fmt::format("the backups of {} pass {}", of, format_bytes(r.at_most_bytes))});
  }
  tally_.worst = highest;
}

void Checker::check_copy_within(const Requirement& r) {
  const Span checked = checked_span(r);
  std::map<std::uint32_t, Instant> copied;
  for (const BackupRecord& b : result_.backups) {
    if (b.original != kNone && b.region == r.region) copied[b.original] = b.available;
  }
  Duration slowest{0};
  std::uint32_t seen = 0;
  for (std::uint32_t i = 0; i < result_.backups.size(); ++i) {
    const BackupRecord& b = result_.backups[i];
    if (b.original != kNone || b.available == kNever || b.region == r.region) continue;
    if (b.of_history) continue;  // made, and copied or not, before the run
    if (std::find(r.services.begin(), r.services.end(), b.service) == r.services.end()) continue;
    if (b.born < checked.from || b.born >= checked.until) continue;
    const Instant deadline = b.born + r.at_most;
    const auto found = copied.find(i);
    const Instant there = found == copied.end() ? kNever : found->second;
    if (there == kNever && deadline >= result_.end) continue;  // still time when the run ends
    ++seen;
    if (there != kNever) slowest = std::max(slowest, there - b.born);
    if (there <= deadline) continue;
    note({{{deadline, std::min(there, result_.end)}},
          b.service,
          r.region,
          i,
          b.born,
          fmt::format("{} still has no copy in {}", b.id, r.region)});
  }
  tally_.checked = seen > 0;
  tally_.worst = count_of(slowest);
}

void Checker::check_restore_time(const Requirement& r) {
  const Span checked = checked_span(r);
  Duration slowest{0};
  bool any = false;
  for (const std::uint32_t service : r.services) {
    for (const PointInTime& p : points(r, service)) {
      const Duration takes = result_.backups[p.backup].restore_time;
      if (p.available >= checked.until || p.deleted <= checked.from) continue;
      any = true;
      slowest = std::max(slowest, takes);
      if (takes <= r.at_most) continue;
      note({{{std::max(p.available, checked.from), std::min(p.deleted, checked.until)}},
            service,
            region_of(r, service),
            p.backup,
            p.available,
            fmt::format("restoring {} ({}) takes {}", result_.backups[p.backup].id,
                        format_bytes(result_.backups[p.backup].size_bytes),
                        format_duration(takes))});
    }
  }
  for (const RestoreRecord& restore : result_.restores) {
    if (std::find(r.services.begin(), r.services.end(), restore.service) == r.services.end() ||
        restore.started < checked.from || restore.started >= checked.until) {
      continue;
    }
    any = true;
    const Instant deadline = restore.started + r.at_most;
    if (restore.completed <= deadline) continue;
    if (restore.completed == kNever && deadline >= result_.end && restore.backup != kNone) continue;
    note({{{deadline, std::min(restore.completed, result_.end)}},
          restore.service,
          restore.from_region,
          restore.backup,
          restore.started,
          fmt::format("the restore of {} begun at {} is not done", service_name(restore.service),
                      format_instant(restore.started))});
  }
  tally_.checked = any;
  tally_.worst = count_of(slowest);
}

void Checker::note(Finding finding) {
  findings_.push_back(std::move(finding));
}

// Joins what was found, takes the earliest as the counterexample and explains it.
RequirementTally Checker::conclude() {
  if (findings_.empty()) return std::move(tally_);
  for (const Finding& f : findings_) {
    tally_.failing.insert(tally_.failing.end(), f.spans.begin(), f.spans.end());
  }
  tally_.failing = joined(std::move(tally_.failing));
  const auto first =
      std::min_element(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
        return a.spans.front().from < b.spans.front().from;
      });
  tally_.checked = true;
  tally_.service = first->service;
  tally_.region = first->region;
  TraceQuery query;
  query.service = first->service;
  if (!first->region.empty() && first->region != "any") query.regions = {first->region};
  if (first->service != kNone) query.regions.push_back(result_.services[first->service].region);
  query.from = first->causes_from;
  query.until = tally_.failing.front().from;
  query.begins_with = first->last_good;
  tally_.trace = trace(result_, query, first->conclusion);
  return std::move(tally_);
}

RequirementTally Checker::check(const Requirement& requirement) {
  tally_ = {};
  findings_.clear();
  switch (requirement.kind) {
    case RequirementKind::kRpo:
      check_rpo(requirement);
      break;
    case RequirementKind::kRestorePoints:
      check_restore_points(requirement);
      break;
    case RequirementKind::kCoverage:
      check_coverage(requirement);
      break;
    case RequirementKind::kProtected:
      check_protected(requirement);
      break;
    case RequirementKind::kQuota:
      check_quota(requirement);
      break;
    case RequirementKind::kBudget:
      tally_.checked = false;
      break;
    case RequirementKind::kCopyWithin:
      check_copy_within(requirement);
      break;
    case RequirementKind::kRestoreTime:
      check_restore_time(requirement);
      break;
  }
  return conclude();
}

}  // namespace

std::vector<RequirementTally> tally_requirements(const Scenario& scenario,
                                                 const RunResult& result) {
  Checker checker(scenario, result);
  std::vector<RequirementTally> tallies;
  for (const Requirement& r : scenario.requirements) tallies.push_back(checker.check(r));
  return tallies;
}

}  // namespace backcast::sim
