// kopia: `kopia policy set --keep-*`, applied after every snapshot of a source.
//
// Complete snapshots are walked newest first (equal starts: later end first); each of the rules
// latest, hourly, daily, weekly, monthly and annual keeps the first one of a period it has not yet
// kept, while its count is not reached AND the snapshot is not older than the rule's cut-off: the
// newest complete snapshot minus count hours, days, weeks, months or years (calendar units, local
// time). Days, hours, months and years are UTC; ISO weeks are local. A snapshot feeds every rule.
// If all counts add up to zero, everything is kept. Pinned snapshots stay and still count.
// Incomplete ones stay only in the run before the newest complete one: those less than 4 h older
// than the newest snapshot, and the newest 3.
// --week-month-collision: kopia keeps week 2026-01 and month 2026-01 (and the year 2026 and the
// 2026th newest) under one id, so that the second of them is not kept; kopia/kopia#5096, #2964.
// The default does what the documentation says.
// Policies inherit: `--for TARGET` begins the policy of @host, user@host or user@host:/path; each
// count comes from the nearest policy that gives one, from the source's path up its parent folders,
// then user@host, @host, and the flags before the first --for, which are the global policy.
// Source: kopia snapshot/policy/retention_policy.go, expire.go, policy_manager.go; its flags are in
// kopia_flags.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/policy/retention/dialects/decide.h"

namespace backcast::policy {
namespace {

constexpr Duration kYoungIncomplete = 4 * kHour;  // retainIncompleteSnapshotsYoungerThan
constexpr std::size_t kMinIncomplete = 3;         // retainIncompleteSnapshotMinimumCount

struct KopiaRule {
  Rule rule;
  Period period;
  std::optional<std::int32_t> count;
  Instant cutoff = Instant::min();
  std::int32_t kept = 0, past = 0;
  PeriodSet seen{};
};

// kopia's ids as text order: "2026-01" for weeks and months, "2026" for years and ranks.
std::int64_t colliding_id(Period period, std::int64_t number, std::int64_t local,
                          std::size_t rank) {
  switch (period) {
    case Period::kEach:
      return static_cast<std::int64_t>(rank);
    case Period::kYear:
      return number;
    case Period::kMonth:
      return (1LL << 20) + number / 12 * 100 + number % 12 + 1;
    case Period::kWeek: {
      const IsoWeek week =
          iso_week(civil_from_days(static_cast<int>(period_number(Period::kDay, local))));
      return (1LL << 20) + week.year * 100 + week.week;
    }
    default:
      return (static_cast<std::int64_t>(period) << 50) + number;
  }
}

// In kopia's order, which decides who gets an id first when ids collide.
constexpr RuleField<KopiaCounts, std::optional<std::int32_t>> kRules[]{
    {Rule::kLast, Period::kEach, &KopiaCounts::latest},
    {Rule::kYearly, Period::kYear, &KopiaCounts::annual},
    {Rule::kMonthly, Period::kMonth, &KopiaCounts::monthly},
    {Rule::kWeekly, Period::kWeek, &KopiaCounts::weekly},
    {Rule::kDaily, Period::kDay, &KopiaCounts::daily},
    {Rule::kHourly, Period::kHour, &KopiaCounts::hourly}};
constexpr CalendarSpan kReach[]{{},          {.years = 1}, {.months = 1},
                                {.days = 7}, {.days = 1},  {.hours = 1}};  // per unit of the count

bool keeps_all(const KopiaCounts& policy) {
  std::int64_t sum = 0;
  for (const auto& rule : kRules) sum += (policy.*rule.value).value_or(0);
  return sum == 0;
}

std::array<KopiaRule, 6> rules_of(const KopiaPolicy& policy, const KopiaCounts& counts,
                                  Instant newest, const Zone& zone) {
  std::array<KopiaRule, 6> rules;
  for (std::size_t r = 0; r < rules.size(); ++r) {
    rules[r] = {kRules[r].rule, kRules[r].period, counts.*kRules[r].value};
    const auto& reach = policy.*kRules[r].value;
    if (!reach || kRules[r].period == Period::kEach) continue;
    const std::int32_t n = *reach;
    const CalendarSpan& unit = kReach[r];
    rules[r].cutoff = minus_calendar(
        newest, {unit.years * n, unit.months * n, unit.days * n, unit.hours * n}, zone);
  }
  if (keeps_all(policy)) rules[0].count = std::numeric_limits<std::int32_t>::max();
  return rules;
}

void keep_incomplete_run(Points points, Verdicts& verdicts) {
  bool is_run = true;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!(points[i].marks & kMarkIncomplete)) {
      is_run = false;
      continue;
    }
    is_run = is_run &&
             (points[i].time > minus(points.front().time, kYoungIncomplete) || i < kMinIncomplete);
    if (is_run) verdicts.keep(i, {Rule::kIncomplete, Effect::kKeeps, 0, 0});
    if (points[i].marks & kMarkPinned) verdicts.keep(i, {Rule::kPinned, Effect::kKeeps, 0, 0});
    if (!verdicts.is_decided(i)) verdicts.drop(i, {Rule::kIncomplete, Effect::kDrops, 0, 0});
  }
}

}  // namespace

void decide(const KopiaPolicy& policy, Points points, const PlanContext& context,
            Verdicts& verdicts) {
  decide(policy, policy, {}, points, context, verdicts);
}

void decide(const KopiaPolicy& policy, const KopiaCounts& counts, std::span<const Passed> passed,
            Points points, const PlanContext& context, Verdicts& verdicts) {
  const auto complete = std::find_if(points.begin(), points.end(),
                                     [](const Point& p) { return !(p.marks & kMarkIncomplete); });
  const Instant newest = complete == points.end() ? Instant::min() : complete->time;
  auto rules = rules_of(policy, counts, newest, context.zone);
  const std::vector<std::int64_t> local = local_seconds(points, context.zone);
  PeriodSet shared;
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (; !passed.empty() && passed.front().position == i; passed = passed.subspan(1)) {
      rules[passed.front().rule].past += passed.front().count;
    }
    if (points[i].marks & kMarkIncomplete) continue;
    std::array<Reason, 6> reasons{};
    Closest closest;
    bool is_kept = (points[i].marks & kMarkPinned) != 0;
    if (is_kept) verdicts.keep(i, {Rule::kPinned, Effect::kKeeps, 0, 0});
    for (std::size_t r = 0; r < rules.size(); ++r) {
      KopiaRule& rule = rules[r];
      if (!rule.count) continue;
      if (points[i].time < rule.cutoff) {
        closest.too_old(rule.rule, seconds_between(points[i].time, rule.cutoff));
        continue;
      }
      const std::int64_t wall =
          rule.period == Period::kWeek ? local[i] : unix_seconds(points[i].time);
      std::int64_t id = rule.period == Period::kEach ? -static_cast<std::int64_t>(i)
                                                     : period_number(rule.period, wall);
      if (policy.week_month_collision) id = colliding_id(rule.period, id, wall, i);
      PeriodSet& seen = policy.week_month_collision ? shared : rule.seen;
      if (seen.contains(id)) {
        closest.covered(rule.rule);
      } else if (rule.kept >= *rule.count) {
        ++rule.past;
        closest.used_up(rule.rule, rule.kept + rule.past, rule.past);
      } else {
        seen.insert(id);
        reasons[r] = {rule.rule, Effect::kKeeps, ++rule.kept, 0};
      }
    }
    // Shown finest first: latest, hourly, daily, weekly, monthly, annual.
    for (const std::size_t r : {0, 5, 4, 3, 2, 1}) {
      if (reasons[r].rule == Rule::kNone) continue;
      verdicts.keep(i, reasons[r]);
      is_kept = true;
    }
    if (!is_kept) verdicts.drop(i, closest.reason());
  }
  keep_incomplete_run(points, verdicts);
}

std::optional<Limits> limits(KopiaPolicy& policy) {
  if (policy.week_month_collision) return std::nullopt;  // rules see what others kept
  Limits limits{.uncounted_marks = kMarkIncomplete};
  const bool all = keeps_all(policy);
  for (const auto& [rule, period, count] : kRules) {
    std::int32_t* const own = policy.*count && !all ? &*(policy.*count) : nullptr;
    limits.rules.push_back({rule, period, own, period != Period::kWeek});
  }
  return limits;
}

std::string words(const KopiaPolicy&, const Reason& reason) {
  if (reason.rule == Rule::kPinned) return "pin";
  if (reason.rule == Rule::kIncomplete) {
    return reason.effect == Effect::kKeeps ? "incomplete" : "incomplete, and a newer one exists";
  }
  const std::string_view name = reason.rule == Rule::kLast     ? "latest"
                                : reason.rule == Rule::kYearly ? "annual"
                                                               : rule_name(reason.rule);
  if (reason.effect != Effect::kKeeps) return why_not(reason, name);
  return fmt::format("{}-{}", name, reason.ordinal);
}

}  // namespace backcast::policy
