// restic: `restic forget`, 0.16 and newer.
//
// Looks back from the newest snapshot of a group (by default: same host and paths) that is not in
// the future. Every rule sees every snapshot, newest first:
//   keep-last .. keep-yearly n  keeps a snapshot whose period differs from that of the last one the
//                  same rule kept, until n are kept; -1 keeps one of every period. Kept by one rule
//                  or by a tag, a snapshot still counts in all others.
//   keep-within d  keeps what is strictly younger than newest minus d (calendar units).
//   keep-within-hourly .. -yearly d   one per period inside that window.
//   keep-tag l     keeps what carries all tags of the list; "" stands for "no tags".
// The oldest snapshot of the group is also kept by each counted or windowed period rule that has
// room left ("oldest ..."). Periods are those of the UTC offset stored with each snapshot.
// Before 0.16 (named option): windowed rules do not keep the oldest, reasons do not say "oldest",
// -1 keeps nothing, and a policy without rules keeps everything. From 0.17 a group is never emptied
// unless
// --unsafe-allow-remove-all is given.
// Source: restic internal/data/snapshot_policy.go and cmd/restic/cmd_forget.go.
#include <fmt/format.h>

#include <algorithm>

#include "engine/policy/retention/dialects/restic_scan.h"

namespace backcast::policy {
namespace {

// The newest time that is not in the future; the earliest instant if there is none.
Instant anchor_of(Points points, Instant now, std::int32_t& offset_seconds) {
  for (const Point& point : points) {
    if (point.time < now) {
      offset_seconds = point.offset_seconds;
      return point.time;
    }
  }
  return Instant::min();
}

// Go reads a stamp whose offset is that of the local zone as local time, and as a fixed offset
// otherwise; calendar arithmetic follows.
Zone zone_of(Instant t, std::int32_t offset_seconds, const Zone& local) {
  if (local.offset_at(t).count() == offset_seconds) return local;
  return Zone::fixed(std::chrono::seconds(offset_seconds));
}

}  // namespace

void mark(const ResticPolicy& policy, const Snapshot& snapshot, Point& point) {
  point.tag_lists = match_tag_lists(policy.keep_tags, snapshot.tags);
}

ResticScan::ResticScan(const ResticPolicy& p, Points points, const PlanContext& context)
    : policy_(p) {
  const auto rule = [&](Rule name, Period period, std::int32_t count) {
    const std::int32_t used = p.v0_14 ? std::max(count, 0) : count;
    return Counted{name, period, used, used};
  };
  counted_ = {rule(Rule::kLast, Period::kEach, p.last),
              rule(Rule::kHourly, Period::kHour, p.hourly),
              rule(Rule::kDaily, Period::kDay, p.daily),
              rule(Rule::kWeekly, Period::kWeek, p.weekly),
              rule(Rule::kMonthly, Period::kMonth, p.monthly),
              rule(Rule::kYearly, Period::kYear, p.yearly)};
  windowed_ = {{{Rule::kWithin, Period::kEach, &p.within},
                {Rule::kWithinHourly, Period::kHour, &p.within_hourly},
                {Rule::kWithinDaily, Period::kDay, &p.within_daily},
                {Rule::kWithinWeekly, Period::kWeek, &p.within_weekly},
                {Rule::kWithinMonthly, Period::kMonth, &p.within_monthly},
                {Rule::kWithinYearly, Period::kYear, &p.within_yearly}}};
  // All in the future: the anchor lies before every snapshot, so a window keeps them all.
  std::int32_t offset = 0;
  const Instant anchor = anchor_of(points, context.now, offset);
  const Zone zone = zone_of(anchor, offset, context.zone);
  for (Windowed& window : windowed_) {
    window.after = anchor == Instant::min() ? anchor : minus_calendar(anchor, *window.span, zone);
  }
}

void ResticScan::resume(const std::array<std::int32_t, kCounted>& periods, std::int64_t local) {
  for (std::size_t r = 0; r < counted_.size(); ++r) {
    Counted& rule = counted_[r];
    rule.periods_seen = periods[r];
    if (rule.left > 0) rule.left = std::max(rule.count - periods[r], 0);
    // Behind the last one that the rule keeps only last_seen matters.
    rule.last = rule.last_seen =
        rule.period == Period::kEach ? each_ : period_number(rule.period, local);
  }
  for (Windowed& rule : windowed_) {
    if (rule.period != Period::kEach) rule.last = period_number(rule.period, local);
  }
  --each_;
}

void decide(const ResticPolicy& policy, Points points, const PlanContext& context,
            Verdicts& verdicts) {
  if (policy.v0_14 && !has_rules(policy)) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      verdicts.keep(i, {Rule::kEverything, Effect::kKeeps, 0, 0});
    }
    return;
  }
  ResticScan scan(policy, points, context);
  const std::vector<std::int64_t> local = stored_local_seconds(points);
  bool is_emptied = true;
  for (std::size_t i = 0; i < points.size(); ++i) {
    bool is_kept = false;
    const Reason why_not = scan.step(points[i], local[i], i + 1 == points.size(), [&](Reason why) {
      is_kept = true;
      verdicts.keep(i, why);
    });
    if (!is_kept) verdicts.drop(i, why_not);
    is_emptied = is_emptied && !is_kept;
  }
  if (!is_emptied || !policy.refuses_to_empty_group) return;
  for (std::size_t i = 0; i < points.size(); ++i) {
    verdicts.revise(i, true, {Rule::kNewest, Effect::kKeeps, 0, 0});
  }
}

std::string words(const ResticPolicy& policy, const Reason& reason) {
  if (reason.effect != Effect::kKeeps && reason.effect != Effect::kOldest) return why_not(reason);
  const auto span = [&]() -> const CalendarSpan* {
    switch (reason.rule) {
      case Rule::kWithin:
        return &policy.within;
      case Rule::kWithinHourly:
        return &policy.within_hourly;
      case Rule::kWithinDaily:
        return &policy.within_daily;
      case Rule::kWithinWeekly:
        return &policy.within_weekly;
      case Rule::kWithinMonthly:
        return &policy.within_monthly;
      case Rule::kWithinYearly:
        return &policy.within_yearly;
      default:
        return nullptr;
    }
  }();
  const std::string_view oldest = reason.effect == Effect::kOldest ? "oldest " : "";
  if (span) return fmt::format("{}{} {}", oldest, rule_name(reason.rule), to_text(*span));
  switch (reason.rule) {
    case Rule::kEverything:
      return "policy is empty";
    case Rule::kNewest:
      return "refusing to empty the group";
    case Rule::kTag: {
      const auto& list = policy.keep_tags[static_cast<std::size_t>(reason.detail)];
      return fmt::format("has tags [{}]", fmt::join(list, ", "));
    }
    default:
      return fmt::format("{}{} snapshot", oldest, rule_name(reason.rule));
  }
}

}  // namespace backcast::policy
