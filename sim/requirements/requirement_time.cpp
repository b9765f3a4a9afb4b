// What is asked at every instant: age, number and reach of restore points, and stored bytes.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/time_math.h"
#include "sim/requirements/requirement_checker.h"

namespace backcast::sim {
namespace {

uint128 length(const Span& span) {
  return static_cast<uint128>((span.until - span.from).count());
}

}  // namespace

void Checker::judge(Span checked, const std::vector<Span>& broken) {
  if (checked.from < checked.until) tally_.nearness.judged += length(checked);
  for (const Span& span : broken) tally_.nearness.broken += length(span);
}

void Checker::check_rpo(const Requirement& r) {
  Duration worst{0};
  bool any = false;
  for (const std::uint32_t service : r.services) {
    const Span checked = span_of(r, service);
    if (checked.from >= checked.until) continue;
    any = true;
    const auto all = points(r, service);
    const Instant protected_from = protected_[service].from;
    const auto steps = age_steps(all, checked, protected_from);
    if (const AgeStep* oldest = sim::worst(steps)) {
      worst = std::max(worst, between(oldest->born, oldest->until));
    }
    auto spans = stale_spans(steps, r.at_most);
    // Without any backup the age would not reach the limit before the run is over.
    if (between(protected_from, checked_span(r).until) <= r.at_most) tally_.unreached = true;
    judge(checked, spans);
    if (spans.empty()) continue;
    const Instant first = spans.front().from;
    const auto step =
        std::find_if(steps.begin(), steps.end(), [&](const AgeStep& s) { return s.until > first; });
    const std::uint32_t newest = step->backup;
    const Instant since = newest == kNone ? result_.start : step->born;
    const std::string age = format_duration(between(step->born, first));
    const std::string what =
        newest == kNone ? fmt::format("{} has no restore point {}, {} after protection began",
                                      service_name(service), place(r, service), age)
                        : fmt::format("the newest restore point of {} {} is {} old",
                                      service_name(service), place(r, service), age);
    note({std::move(spans), service, region_of(r, service), newest, since,
          what + ", and the next one is not there yet"});
  }
  tally_.checked = any;
  tally_.nearness.worst = count_of(worst);
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
      Instant reached = std::min(checked.until, plus(protected_[service].from, r.within));
      std::vector<Span> sparse = sparse_spans(all, checked, r.at_least, r.within, nullptr);
      if (r.within == Duration{0} && !sparse.empty() && sparse.front().from == checked.from) {
        reached = sparse.front().until == checked.until ? checked.from : sparse.front().until;
      }
      checked.from = std::max(checked.from, reached);
    }
    if (checked.from >= checked.until) {
      tally_.unreached = tally_.unreached || checked.from >= checked_span(r).until;
      continue;
    }
    std::uint32_t least = 0;
    auto spans = sparse_spans(all, checked, r.at_least, r.within, &least);
    fewest = std::min(fewest, least);
    judge(checked, spans);
    if (spans.empty()) continue;
    const Instant first = spans.front().from;
    const Instant from = r.within > Duration{0} && plus(first, -r.within) > result_.start
                             ? first - r.within
                             : result_.start;
    note({std::move(spans), service, region_of(r, service), kNone, from,
          fmt::format("{} {} is down to fewer than {} restore points{}", service_name(service),
                      place(r, service), r.at_least, window)});
  }
  tally_.checked = fewest != UINT32_MAX;
  tally_.nearness.worst = fewest;
}

std::optional<Span> Checker::rung_span(const Requirement& r, std::uint32_t service,
                                       Duration rung) const {
  Span checked = span_of(r, service);
  if (r.from) return checked;
  const Duration rest = between(protected_[service].from, checked_span(r).until);
  if (rest / 2 < rung) return std::nullopt;  // nothing overflows
  checked.from = std::max(checked.from, protected_[service].from + 2 * rung);
  return checked;
}

void Checker::check_coverage(const Requirement& r) {
  Duration uncovered{0};
  bool any = false;
  for (const std::uint32_t service : r.services) {
    const auto all = points(r, service);
    Duration own{0};
    std::vector<Span> asked, lacking;  // over all rungs
    for (const Duration rung : r.ladder) {
      const auto checked = rung_span(r, service, rung);
      if (!checked) tally_.unreached = true;
      if (!checked || checked->from >= checked->until) continue;
      any = true;
      auto spans = uncovered_spans(all, *checked, rung, 2 * rung);
      asked.push_back(*checked);
      if (spans.empty()) continue;
      lacking.insert(lacking.end(), spans.begin(), spans.end());
      own = plus(own, total(spans));
      uncovered = std::max(uncovered, own);
      const Instant first = spans.front().from;
      note({std::move(spans), service, region_of(r, service), kNone,
            std::max(result_.start, first - 2 * rung),
            fmt::format("no restore point of {} {} is between {} and {} old", service_name(service),
                        place(r, service), format_duration(rung), format_duration(2 * rung))});
    }
    for (const Span& span : joined(std::move(asked))) tally_.nearness.judged += length(span);
    for (const Span& span : joined(std::move(lacking))) tally_.nearness.broken += length(span);
  }
  tally_.checked = any;
  tally_.nearness.worst = count_of(uncovered);
}

bool Checker::counts_for(const Requirement& r, const Series& series) const {
  if (r.project) {
    return series.kind == SeriesKind::kQuotaBytes &&
           series.project == scenario_.projects[*r.project].name;
  }
  if (series.kind != SeriesKind::kStoredBytes) return false;
  if (std::find(r.services.begin(), r.services.end(), series.service) == r.services.end()) {
    return false;
  }
  return r.region == "any" || series.region == region_of(r, series.service);
}

void Checker::check_quota(const Requirement& r) {
  const std::string of =
      r.project ? "project " + scenario_.projects[*r.project].name : subject_of(r, scenario_);
  std::uint64_t highest = 0;
  for (const Series& series : result_.series) {
    if (!counts_for(r, series)) continue;
    std::uint64_t top = 0;
    auto spans = spans_above(series.points, checked_span(r), r.at_most_bytes, &top);
    highest = std::max(highest, top);
    judge(checked_span(r), spans);
    if (spans.empty()) continue;
    const Instant first = spans.front().from;
    note({std::move(spans), series.service, series.region, kNone, first,
          fmt::format("the backups of {} pass {}", of, format_bytes(r.at_most_bytes))});
  }
  tally_.nearness.worst = highest;
}

}  // namespace backcast::sim
