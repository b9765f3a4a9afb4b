// borg 1.2 and 1.4: `borg prune`.
//
// First --keep-within keeps every archive strictly younger than now minus the interval (d = 24 h,
// w = 7 d, m = 31 d, y = 365 d). Then the rules run one after another from secondly (= --keep-last)
// to yearly. A rule walks all archives, newest first, and meets a new period whenever the period
// differs from that of the archive before; it keeps that archive unless an earlier rule already
// did, which uses up the period without counting, until it has kept n (negative: no limit). A rule
// that ends with room left keeps the oldest archive too ("daily[oldest]"), if nothing else did.
// Periods are local time of the pruning process. 1.4 adds 13weekly and 3monthly.
// Source: borg 1.4-maint src/borg/helpers/misc.py (prune_within, prune_split), 1.4 documentation.
#include <fmt/format.h>

#include <array>

#include "engine/policy/dialects/decide.h"

namespace backcast::policy {
namespace {

// One rule over the whole history. `closest` learns how near it came to keeping the others.
void split(Rule rule, Period period, std::int32_t count, const std::vector<std::int64_t>& local,
           Verdicts& verdicts, std::vector<Closest>& closest) {
  if (count == 0 || local.empty()) return;
  std::int64_t last = std::numeric_limits<std::int64_t>::min();
  std::int32_t kept = 0, periods_past = 0;
  for (std::size_t i = 0; i < local.size(); ++i) {
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
  const std::size_t oldest = local.size() - 1;
  if (kept < count && !verdicts.is_decided(oldest)) {
    verdicts.keep(oldest, {rule, Effect::kOldest, ++kept, 0});
  }
}

}  // namespace

void decide(const BorgPolicy& policy, Points points, const PlanContext& context,
            Verdicts& verdicts) {
  const std::vector<std::int64_t> local = local_seconds(points, context.zone);
  std::vector<Closest> closest(points.size());
  if (policy.within) {
    std::int32_t kept = 0;
    const Instant after = minus(context.now, *policy.within);
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (points[i].time > after) {
        verdicts.keep(i, {Rule::kWithin, Effect::kKeeps, ++kept, 0});
      } else {
        closest[i].too_old(Rule::kWithin, (after - points[i].time) / kSecond);
      }
    }
  }
  split(Rule::kSecondly, Period::kSecond, policy.secondly, local, verdicts, closest);
  split(Rule::kMinutely, Period::kMinute, policy.minutely, local, verdicts, closest);
  split(Rule::kHourly, Period::kHour, policy.hourly, local, verdicts, closest);
  split(Rule::kDaily, Period::kDay, policy.daily, local, verdicts, closest);
  split(Rule::kWeekly, Period::kWeek, policy.weekly, local, verdicts, closest);
  split(Rule::kMonthly, Period::kMonth, policy.monthly, local, verdicts, closest);
  split(Rule::kThirteenWeekly, Period::kThirteenWeeks, policy.thirteen_weekly, local, verdicts,
        closest);
  split(Rule::kThreeMonthly, Period::kThreeMonths, policy.three_monthly, local, verdicts, closest);
  split(Rule::kYearly, Period::kYear, policy.yearly, local, verdicts, closest);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!verdicts.is_decided(i)) verdicts.drop(i, closest[i].reason());
  }
}

std::string words(const BorgPolicy&, const Reason& reason) {
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
