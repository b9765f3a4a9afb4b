// Proxmox Backup Server: prune jobs, `proxmox-backup-client prune`, per backup group.
//
// The options run in the order last, hourly, daily, weekly, monthly, yearly over the snapshots of a
// group, newest first. Each option first notes the periods that a finer one already keeps something
// in: they are covered and not counted. Then it keeps the newest undecided snapshot of each further
// period until n periods are kept; a snapshot that loses its period is removed there and then, and
// no coarser option can bring it back. Protected snapshots stay and never count. Of unfinished
// snapshots only one that is the newest of its group stays. Periods are local time of the server;
// weeks are ISO weeks. An option of 0 keeps nothing; without any option everything stays.
// Source: proxmox-backup pbs-datastore/src/prune.rs, tests/prune.rs.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/policy/retention/dialects/decide.h"
#include "engine/policy/retention/dialects/flags.h"

namespace backcast::policy {
namespace {

constexpr RuleField<PbsPolicy, std::optional<std::int32_t>> kRules[]{
    {Rule::kLast, Period::kSecond, &PbsPolicy::last},
    {Rule::kHourly, Period::kHour, &PbsPolicy::hourly},
    {Rule::kDaily, Period::kDay, &PbsPolicy::daily},
    {Rule::kWeekly, Period::kWeek, &PbsPolicy::weekly},
    {Rule::kMonthly, Period::kMonth, &PbsPolicy::monthly},
    {Rule::kYearly, Period::kYear, &PbsPolicy::yearly}};

struct Selection {
  Points points;
  const std::vector<std::int64_t>& local;
  std::vector<std::uint8_t>& is_counted_keep;  // kept by an option, not by protection
  std::vector<Closest>& closest;
  Verdicts& verdicts;
};

void select(Rule rule, Period period, std::optional<std::int32_t> count, Selection& s) {
  if (!count) return;
  const auto number = [&](std::size_t i) { return period_number(period, s.local[i]); };
  PeriodSet covered, included;
  for (std::size_t i = 0; i < s.points.size(); ++i) {
    if (s.is_counted_keep[i]) covered.insert(number(i));
  }
  std::int32_t past = 0;
  for (std::size_t i = 0; i < s.points.size(); ++i) {
    if (s.verdicts.is_decided(i)) continue;
    const std::int64_t id = number(i);
    if (covered.contains(id)) {
      s.closest[i].covered(rule);
    } else if (included.contains(id)) {
      if (past == 0) s.verdicts.drop(i, {rule, Effect::kCovered, 0, 0});
    } else if (past == 0 && static_cast<std::int32_t>(included.size()) < *count) {
      included.insert(id);
      s.is_counted_keep[i] = 1;
      s.verdicts.keep(i, {rule, Effect::kKeeps, static_cast<std::int32_t>(included.size()), 0});
    } else {
      ++past;  // from the first period beyond the count on, this option decides nothing more
      s.closest[i].used_up(rule, *count + past, past);
    }
  }
}

void decide_unfinished(Points points, Verdicts& verdicts) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!(points[i].marks & kMarkIncomplete) || verdicts.is_decided(i)) continue;
    if (i == 0) {
      verdicts.keep(i, {Rule::kIncomplete, Effect::kKeeps, 0, 0});
    } else {
      verdicts.drop(i, {Rule::kIncomplete, Effect::kDrops, 0, 0});
    }
  }
}

}  // namespace

void decide(const PbsPolicy& p, Points points, const PlanContext& context, Verdicts& verdicts) {
  const std::vector<std::int64_t> local = local_seconds(points, context.zone);
  std::vector<std::uint8_t> is_counted_keep(points.size(), 0);
  std::vector<Closest> closest(points.size());
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].marks & kMarkProtected) {
      verdicts.keep(i, {Rule::kProtected, Effect::kKeeps, 0, 0});
    }
  }
  decide_unfinished(points, verdicts);
  Selection s{points, local, is_counted_keep, closest, verdicts};
  bool has_rule = false;
  for (const auto& [rule, period, count] : kRules) {
    has_rule = has_rule || p.*count;
    select(rule, period, p.*count, s);
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (verdicts.is_decided(i)) continue;
    if (has_rule) {
      verdicts.drop(i, closest[i].reason());
    } else {
      verdicts.keep(i, {Rule::kEverything, Effect::kKeeps, 0, 0});
    }
  }
}

std::optional<Limits> limits(PbsPolicy& policy) {
  Limits limits{.is_sequence = true};
  for (const auto& [rule, period, count] : kRules) {
    limits.rules.push_back({rule, period, policy.*count ? &*(policy.*count) : nullptr});
  }
  return limits;
}

namespace {

using P = PbsPolicy;

constexpr Flag<P> kFlags[] = {
    count_flag<P, &P::last>("--keep-last", "keep-last"),
    count_flag<P, &P::hourly>("--keep-hourly", "keep-hourly"),
    count_flag<P, &P::daily>("--keep-daily", "keep-daily"),
    count_flag<P, &P::weekly>("--keep-weekly", "keep-weekly"),
    count_flag<P, &P::monthly>("--keep-monthly", "keep-monthly"),
    count_flag<P, &P::yearly>("--keep-yearly", "keep-yearly"),
};

}  // namespace

const Dialect<PbsPolicy>& pbs_dialect() {
  static const Dialect<P> kDialect{"pbs",
                                   kFlags,
                                   {"--dry-run", "--quiet"},
                                   {"--ns", "--group", "--backup-id", "--backup-type"},
                                   {"proxmox-backup-client", "prune"},
                                   {},
                                   nullptr};
  return kDialect;
}

std::string words(const PbsPolicy&, const Reason& reason) {
  switch (reason.rule) {
    case Rule::kProtected:
      return "protected";
    case Rule::kEverything:
      return "keep-all";
    case Rule::kIncomplete:
      return reason.effect == Effect::kKeeps ? "keep-partial"
                                             : "unfinished, and a newer one exists";
    default:
      return reason.effect == Effect::kKeeps
                 ? fmt::format("keep-{} #{}", rule_name(reason.rule), reason.ordinal)
                 : why_not(reason);
  }
}

}  // namespace backcast::policy
