// borg 1.2 and 1.4: `borg prune`.
//
// First --keep-within keeps every archive strictly younger than now minus the interval (d = 24 h,
// w = 7 d, m = 31 d, y = 365 d). Then the rules run one after another from secondly (= --keep-last)
// to yearly. A rule walks all archives, newest first, and meets a new period whenever the period
// differs from that of the archive before; it keeps that archive unless an earlier rule already
// did, which uses up the period without counting, until it has kept n (negative: no limit). A rule
// that ends with room left keeps the oldest archive too ("daily[oldest]"), if nothing else did.
// Checkpoints (unfinished archives) count nowhere and go, but for one that is the newest of all.
// Periods are local time of the pruning process. 1.4 adds 13weekly and 3monthly, which
// --version 1.2 refuses. Source: borg 1.4-maint src/borg/helpers/misc.py (prune_within,
// prune_split), 1.4 documentation.
#include <fmt/format.h>

#include <array>

#include "engine/base/checked.h"
#include "engine/policy/retention/dialects/decide.h"
#include "engine/policy/retention/dialects/flags.h"

namespace backcast::policy {
namespace {

constexpr RuleField<BorgPolicy, std::int32_t> kRules[]{
    {Rule::kSecondly, Period::kSecond, &BorgPolicy::secondly},
    {Rule::kMinutely, Period::kMinute, &BorgPolicy::minutely},
    {Rule::kHourly, Period::kHour, &BorgPolicy::hourly},
    {Rule::kDaily, Period::kDay, &BorgPolicy::daily},
    {Rule::kWeekly, Period::kWeek, &BorgPolicy::weekly},
    {Rule::kMonthly, Period::kMonth, &BorgPolicy::monthly},
    {Rule::kThirteenWeekly, Period::kThirteenWeeks, &BorgPolicy::thirteen_weekly},
    {Rule::kThreeMonthly, Period::kThreeMonths, &BorgPolicy::three_monthly},
    {Rule::kYearly, Period::kYear, &BorgPolicy::yearly}};

// One rule over the whole history. `closest` learns how near it came to keeping the others.
void split(Rule rule, Period period, std::int32_t count, Points points,
           const std::vector<std::int64_t>& local, Verdicts& verdicts,
           std::vector<Closest>& closest) {
  if (count == 0) return;
  std::int64_t last = kNoPeriod;
  std::int32_t kept = 0, periods_past = 0;
  std::size_t oldest = points.size();
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].marks & kMarkIncomplete) continue;
    oldest = i;
    const std::int64_t number = period_number(period, local[i]);
    const bool is_new = std::exchange(last, number) != number;
    if (verdicts.is_decided(i)) continue;
    if (!is_new) {
      closest[i].covered(rule);
    } else if (count < 0 || kept < count) {
      verdicts.keep(i, {rule, Effect::kKeeps, ++kept, 0});
    } else {
      ++periods_past;
      closest[i].used_up(rule, count + periods_past, periods_past);
    }
  }
  if (kept < count && oldest != points.size() && !verdicts.is_decided(oldest)) {
    verdicts.keep(oldest, {rule, Effect::kOldest, ++kept, 0});
  }
}

}  // namespace

void mark(const BorgPolicy&, const Snapshot& snapshot, Point& point) {
  // "name.checkpoint", "name.checkpoint.2"
  const std::string_view name = snapshot.id;
  const std::string_view stem = name.substr(0, name.find_last_not_of("0123456789") + 1);
  if (name.ends_with(".checkpoint") || (stem != name && stem.ends_with(".checkpoint."))) {
    point.marks |= kMarkIncomplete;
  }
}

void decide(const BorgPolicy& policy, Points points, const PlanContext& context,
            Verdicts& verdicts) {
  const std::vector<std::int64_t> local = local_seconds(points, context.zone);
  std::vector<Closest> closest(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!(points[i].marks & kMarkIncomplete)) continue;
    const bool is_newest = i == 0;
    is_newest ? verdicts.keep(i, {Rule::kIncomplete, Effect::kKeeps, 0, 0})
              : verdicts.drop(i, {Rule::kIncomplete, Effect::kDrops, 0, 0});
  }
  if (policy.within) {
    std::int32_t kept = 0;
    const Instant after = minus(context.now, *policy.within);
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (verdicts.is_decided(i)) continue;
      if (points[i].time > after) {
        verdicts.keep(i, {Rule::kWithin, Effect::kKeeps, ++kept, 0});
      } else {
        closest[i].too_old(Rule::kWithin, seconds_between(points[i].time, after));
      }
    }
  }
  for (const auto& [rule, period, count] : kRules) {
    split(rule, period, policy.*count, points, local, verdicts, closest);
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!verdicts.is_decided(i)) verdicts.drop(i, closest[i].reason());
  }
}

std::optional<Limits> limits(BorgPolicy& policy) {
  Limits limits{.is_sequence = true};
  for (const auto& [rule, period, count] : kRules) {
    limits.rules.push_back({rule, period, policy.*count > 0 ? &(policy.*count) : nullptr});
  }
  return limits;
}

// "12H", "3d": S M H d w m(31d) y(365d).
Result<Duration> parse_borg_interval(std::string_view text) {
  constexpr std::string_view kUnits = "SMHdwmy";
  constexpr std::int64_t kSeconds[] = {1, 60, 3600, 86400, 604800, 31 * 86400, 365 * 86400};
  const std::size_t unit = text.empty() ? kUnits.npos : kUnits.find(text.back());
  if (unit == kUnits.npos) {
    return bad_input("not an interval", "write a number and one of S M H d w m y, such as 2d");
  }
  BACKCAST_TRY(const std::int32_t n, parse_count(text.substr(0, text.size() - 1), 0, kMaxCount));
  const auto seconds = checked_mul<std::int64_t>(n, kSeconds[unit]);
  if (!seconds || *seconds > 9'000'000'000) return bad_input("longer than 285 years");
  return Duration(std::chrono::seconds(*seconds));
}

std::string borg_interval(Duration d) {
  const std::int64_t seconds = d / kSecond;
  if (seconds % 86400 == 0) return fmt::format("{}d", seconds / 86400);
  if (seconds % 3600 == 0) return fmt::format("{}H", seconds / 3600);
  return seconds % 60 == 0 ? fmt::format("{}M", seconds / 60) : fmt::format("{}S", seconds);
}

namespace {

using B = BorgPolicy;
constexpr std::int32_t kFrom = -kMaxCount;  // any negative number means "no limit"

constexpr Flag<B> kFlags[] = {
    {"--keep-within", "", true, false,
     [](B& p, std::string_view value) -> Status {
       BACKCAST_TRY(p.within, parse_borg_interval(value));
       return kOk;
     },
     [](const B& p, Values& out) {
       if (p.within) out.push_back(borg_interval(*p.within));
     }},
    count_flag<B, &B::secondly, kFrom>("--keep-secondly", "--keep-last"),
    count_flag<B, &B::minutely, kFrom>("--keep-minutely"),
    count_flag<B, &B::hourly, kFrom>("--keep-hourly", "-H"),
    count_flag<B, &B::daily, kFrom>("--keep-daily", "-d"),
    count_flag<B, &B::weekly, kFrom>("--keep-weekly", "-w"),
    count_flag<B, &B::monthly, kFrom>("--keep-monthly", "-m"),
    count_flag<B, &B::thirteen_weekly, kFrom>("--keep-13weekly"),
    count_flag<B, &B::three_monthly, kFrom>("--keep-3monthly"),
    count_flag<B, &B::yearly, kFrom>("--keep-yearly", "-y"),
    {"--version", "", true, false,
     [](B& p, std::string_view value) -> Status {
       if (value != "1.2" && value != "1.4") {
         return bad_input("not a version with rules of its own", "give 1.2 or 1.4");
       }
       p.is_1_2 = value == "1.2";
       return kOk;
     },
     [](const B& p, Values& out) {
       if (p.is_1_2) out.emplace_back("1.2");
     }},
};

Status check(B& p) {
  if (p.thirteen_weekly != 0 && p.three_monthly != 0) {
    return bad_input("borg: --keep-13weekly and --keep-3monthly exclude each other");
  }
  if (p.is_1_2 && (p.thirteen_weekly != 0 || p.three_monthly != 0)) {
    return bad_input("borg: 1.2 has no --keep-13weekly and --keep-3monthly",
                     "they came with 1.4; leave --version 1.2 out");
  }
  B rules = p;
  rules.is_1_2 = false;
  if (rules == B{}) {
    return bad_input("borg: at least one --keep-* flag must be given and not be zero");
  }
  return kOk;
}

}  // namespace

const Dialect<BorgPolicy>& borg_dialect() {
  static const Dialect<B> kDialect{"borg",
                                   kFlags,
                                   {"--list", "--dry-run", "-n", "--stats", "-s", "--save-space",
                                    "--force", "--progress", "-p", "--verbose", "-v"},
                                   {"--prefix", "-P", "--glob-archives", "-a", "--match-archives"},
                                   {"borg", "prune"},
                                   {},
                                   check};
  return kDialect;
}

std::string words(const BorgPolicy&, const Reason& reason) {
  if (reason.rule == Rule::kIncomplete) {
    return reason.effect == Effect::kKeeps ? "newest checkpoint" : "checkpoint";
  }
  switch (reason.effect) {
    case Effect::kKeeps:
      return fmt::format("{} #{}", rule_name(reason.rule), reason.ordinal);
    case Effect::kOldest:
      return fmt::format("{}[oldest] #{}", rule_name(reason.rule), reason.ordinal);
    default:
      return why_not(reason);
  }
}

}  // namespace backcast::policy
