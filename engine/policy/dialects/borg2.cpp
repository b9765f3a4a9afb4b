// borg 2: `borg prune`.
//
// Each rule takes a count or an interval (S M H d w m=31d y=365d): so many periods, or the archives
// not older than the base time minus the interval (inclusive). Rules run from `within`, `last` and
// `keep` (every archive by itself) over secondly to yearly; an archive another rule kept uses up
// its period without counting. Only the coarsest rule given may also keep the oldest archive, and
// only while it has room: count not reached, or the oldest inside the interval. -1 means no limit.
// The base time is now, or --from: archives at or after it stay and are not counted ("skip").
// Archives tagged @PROT are neither pruned nor counted. Periods are local time.
// Refused: no rule at all, all rules zero, --keep with --keep-last or --keep-within, and rules that
// an earlier one makes useless.
// Source: borg master src/borg/archiver/prune_cmd.py.
#include <fmt/format.h>

#include <array>

#include "engine/policy/dialects/decide.h"

namespace backcast::policy {
namespace {

struct Run {
  Points points;
  std::size_t first;  // the newest point that is considered
  const std::vector<std::int64_t>& local;
  Instant base;
  Verdicts& verdicts;
  std::vector<Closest>& closest;
};

void apply(const Borg2Policy::Keep& keep, Rule rule, Period period, bool keeps_oldest, Run& run) {
  const std::int32_t count = keep.count.value_or(kAll);
  if (!keep.is_set() || count == 0 || keep.interval == Duration(0)) return;
  const Instant earliest = keep.interval ? minus(run.base, *keep.interval) : Instant::min();
  std::int32_t kept = 0, periods_past = 0;
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  std::size_t oldest = run.points.size();
  for (std::size_t i = run.first; i < run.points.size(); ++i) {
    if (run.points[i].marks & kMarkProtected) continue;
    oldest = i;
    const std::int64_t number = period == Period::kEach ? -static_cast<std::int64_t>(i)
                                                        : period_number(period, run.local[i]);
    const bool is_new = std::exchange(last, number) != number;
    if (run.verdicts.is_decided(i)) continue;
    if (!is_new) {
      run.closest[i].covered(rule);
    } else if (run.points[i].time < earliest) {
      run.closest[i].too_old(rule, (earliest - run.points[i].time) / kSecond);
    } else if (count != kAll && kept >= count) {
      ++periods_past;
      run.closest[i].used_up(rule, count + periods_past, periods_past);
    } else {
      run.verdicts.keep(i, {rule, Effect::kKeeps, ++kept, 0});
    }
  }
  if (!keeps_oldest || oldest == run.points.size() || run.verdicts.is_decided(oldest)) return;
  const bool has_room =
      keep.interval ? run.points[oldest].time >= earliest : count == kAll || kept < count;
  if (has_room) run.verdicts.keep(oldest, {rule, Effect::kOldest, ++kept, 0});
}

}  // namespace

void mark(const Borg2Policy&, const Snapshot& snapshot, Point& point) {
  if (has_any_tag({"@PROT"}, snapshot.tags)) point.marks |= kMarkProtected;
}

void decide(const Borg2Policy& p, Points points, const PlanContext& context, Verdicts& verdicts) {
  const std::vector<std::int64_t> local = local_seconds(points, context.zone);
  std::vector<Closest> closest(points.size());
  std::int32_t skipped = 0;
  std::size_t first = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].marks & kMarkProtected) {
      verdicts.keep(i, {Rule::kProtected, Effect::kKeeps, 0, 0});
    } else if (p.from && points[i].time >= *p.from) {
      verdicts.keep(i, {Rule::kFuture, Effect::kKeeps, ++skipped, 0});
      first = i + 1;
    }
  }

  struct Step {
    const Borg2Policy::Keep& keep;
    Rule rule;
    Period period;
  };
  const std::array<Step, 12> steps{
      {{p.within, Rule::kWithin, Period::kEach},
       {p.last, Rule::kLast, Period::kEach},
       {p.keep, Rule::kKeep, Period::kEach},
       {p.secondly, Rule::kSecondly, Period::kSecond},
       {p.minutely, Rule::kMinutely, Period::kMinute},
       {p.hourly, Rule::kHourly, Period::kHour},
       {p.daily, Rule::kDaily, Period::kDay},
       {p.weekly, Rule::kWeekly, Period::kWeek},
       {p.monthly, Rule::kMonthly, Period::kMonth},
       {p.thirteen_weekly, Rule::kThirteenWeekly, Period::kThirteenWeeks},
       {p.three_monthly, Rule::kThreeMonthly, Period::kThreeMonths},
       {p.yearly, Rule::kYearly, Period::kYear}}};
  std::size_t coarsest = steps.size();
  for (std::size_t s = 0; s < steps.size(); ++s) {
    if (steps[s].keep.is_set()) coarsest = s;
  }
  Run run{points, first, local, p.from.value_or(context.now), verdicts, closest};
  for (std::size_t s = 0; s < steps.size(); ++s) {
    apply(steps[s].keep, steps[s].rule, steps[s].period, s == coarsest, run);
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!verdicts.is_decided(i)) verdicts.drop(i, closest[i].reason());
  }
}

std::string words(const Borg2Policy&, const Reason& reason) {
  if (reason.rule == Rule::kProtected) return "protected tag @PROT";
  const std::string_view name = reason.rule == Rule::kFuture ? "skip" : rule_name(reason.rule);
  switch (reason.effect) {
    case Effect::kKeeps:
      return fmt::format("{} #{}", name, reason.ordinal);
    case Effect::kOldest:
      return fmt::format("{}[oldest] #{}", name, reason.ordinal);
    default:
      return why_not(reason);
  }
}

}  // namespace backcast::policy
