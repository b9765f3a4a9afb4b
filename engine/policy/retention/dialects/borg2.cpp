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

#include "engine/policy/retention/dialects/decide.h"
#include "engine/policy/retention/dialects/flags.h"

namespace backcast::policy {
namespace {

constexpr RuleField<Borg2Policy, Borg2Policy::Keep> kRules[]{
    {Rule::kWithin, Period::kEach, &Borg2Policy::within},
    {Rule::kLast, Period::kEach, &Borg2Policy::last},
    {Rule::kKeep, Period::kEach, &Borg2Policy::keep},
    {Rule::kSecondly, Period::kSecond, &Borg2Policy::secondly},
    {Rule::kMinutely, Period::kMinute, &Borg2Policy::minutely},
    {Rule::kHourly, Period::kHour, &Borg2Policy::hourly},
    {Rule::kDaily, Period::kDay, &Borg2Policy::daily},
    {Rule::kWeekly, Period::kWeek, &Borg2Policy::weekly},
    {Rule::kMonthly, Period::kMonth, &Borg2Policy::monthly},
    {Rule::kThirteenWeekly, Period::kThirteenWeeks, &Borg2Policy::thirteen_weekly},
    {Rule::kThreeMonthly, Period::kThreeMonths, &Borg2Policy::three_monthly},
    {Rule::kYearly, Period::kYear, &Borg2Policy::yearly}};

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
  std::int64_t last = kNoPeriod;
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
      run.closest[i].too_old(rule, seconds_between(run.points[i].time, earliest));
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

  std::size_t coarsest = std::size(kRules);
  for (std::size_t r = 0; r < std::size(kRules); ++r) {
    if ((p.*kRules[r].value).is_set()) coarsest = r;
  }
  Run run{points, first, local, p.from.value_or(context.now), verdicts, closest};
  for (std::size_t r = 0; r < std::size(kRules); ++r) {
    apply(p.*kRules[r].value, kRules[r].rule, kRules[r].period, r == coarsest, run);
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!verdicts.is_decided(i)) verdicts.drop(i, closest[i].reason());
  }
}

std::optional<Limits> limits(Borg2Policy& policy) {
  Limits limits{.is_sequence = true};
  for (const auto& [rule, period, value] : kRules) {
    auto& count = (policy.*value).count;
    limits.rules.push_back({rule, period, count.value_or(0) > 0 ? &*count : nullptr});
  }
  return limits;
}

namespace {

using B = Borg2Policy;

template <auto Member>
constexpr Flag<B> keep_flag(std::string_view name, std::string_view alias = "") {
  return {name,
          alias,
          true,
          false,
          [](B& p, std::string_view value) -> Status {
            if (auto count = parse_count(value, kAll, kMaxCount); count.ok()) {
              (p.*Member).count = *count;
              return kOk;
            }
            BACKCAST_TRY((p.*Member).interval, parse_borg_interval(value));
            return kOk;
          },
          [](const B& p, Values& out) {
            const B::Keep& keep = p.*Member;
            if (keep.count) out.push_back(std::to_string(*keep.count));
            if (keep.interval) out.push_back(borg_interval(*keep.interval));
          }};
}

constexpr Flag<B> kFlags[] = {
    keep_flag<&B::within>("--keep-within"),
    keep_flag<&B::last>("--keep-last"),
    keep_flag<&B::keep>("--keep"),
    keep_flag<&B::secondly>("--keep-secondly"),
    keep_flag<&B::minutely>("--keep-minutely"),
    keep_flag<&B::hourly>("--keep-hourly", "-H"),
    keep_flag<&B::daily>("--keep-daily", "-d"),
    keep_flag<&B::weekly>("--keep-weekly", "-w"),
    keep_flag<&B::monthly>("--keep-monthly", "-m"),
    keep_flag<&B::thirteen_weekly>("--keep-13weekly"),
    keep_flag<&B::three_monthly>("--keep-3monthly"),
    keep_flag<&B::yearly>("--keep-yearly", "-y"),
    {"--from", "", true, false,
     [](B& p, std::string_view value) -> Status {
       BACKCAST_TRY(const StampedInstant from, parse_instant(value));
       p.from = from.instant;
       return kOk;
     },
     [](const B& p, Values& out) {
       if (p.from) out.push_back(format_instant(*p.from));
     }},
};

Status check(B& p) {
  if (p.keep.is_set() && (p.last.is_set() || p.within.is_set())) {
    return bad_input("borg2: --keep excludes --keep-last and --keep-within");
  }
  if (p.thirteen_weekly.is_set() && p.three_monthly.is_set()) {
    return bad_input("borg2: --keep-13weekly and --keep-3monthly exclude each other");
  }
  if (p.within.count) return bad_input("borg2: --keep-within takes an interval such as 2d");
  const std::pair<std::string_view, const B::Keep*> rules[] = {
      {"--keep-within", &p.within},
      {"--keep-last", &p.last},
      {"--keep", &p.keep},
      {"--keep-secondly", &p.secondly},
      {"--keep-minutely", &p.minutely},
      {"--keep-hourly", &p.hourly},
      {"--keep-daily", &p.daily},
      {"--keep-weekly", &p.weekly},
      {"--keep-monthly", &p.monthly},
      {"--keep-13weekly", &p.thirteen_weekly},
      {"--keep-3monthly", &p.three_monthly},
      {"--keep-yearly", &p.yearly}};
  bool has_positive = false;
  for (auto coarse = std::begin(rules); coarse != std::end(rules); ++coarse) {
    const B::Keep& hi = *coarse->second;
    has_positive = has_positive || hi.count.value_or(0) != 0 || hi.interval > Duration(0);
    for (auto fine = std::begin(rules); fine != coarse; ++fine) {
      const B::Keep& lo = *fine->second;
      if (!lo.is_set() || !hi.is_set()) continue;
      const bool is_covered_by_all = lo.count == kAll && hi.count != kAll;
      const bool is_shorter = lo.interval && hi.interval && *lo.interval >= *hi.interval;
      if (is_covered_by_all || is_shorter) {
        return bad_input(fmt::format("borg2: {} is useless: {} keeps all of it already",
                                     coarse->first, fine->first),
                         "leave it out, or make it reach further back");
      }
    }
  }
  if (has_positive) return kOk;
  return bad_input("borg2: at least one --keep-* flag must be given and not be zero");
}

}  // namespace

const Dialect<Borg2Policy>& borg2_dialect() {
  static const Dialect<B> kDialect{
      "borg2",
      kFlags,
      {"--list", "--dry-run", "-n", "--verbose", "-v", "--progress", "-p"},
      {"--match-archives", "-a"},
      {"borg", "borg2", "prune"},
      {},
      check};
  return kDialect;
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
