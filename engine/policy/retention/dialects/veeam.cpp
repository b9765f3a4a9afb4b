// Veeam Backup & Replication: short-term retention with grandfather-father-son flags on fulls.
//
// A full gets its flags when it is created: weekly, if it is the first since the chosen weekday
// last began; monthly, if it is the first of its calendar month; yearly, if it is the first of its
// year from the chosen month on. With several kinds switched on they build on each other: the
// monthly flag goes to a weekly full, the yearly flag to a monthly one. A flag falls off after N *
// 7 days, N months + 1 day, or N years + 1 day (a day that does not exist becomes the last of its
// month: a monthly flag of 31 January for one month falls off on 1 March). A flagged full is never
// deleted and does not count for short-term retention, which keeps the newest restore points by
// number, or those of the last days by local calendar day; never fewer than the newest one. Flags
// fall off during job sessions; here, whenever the plan is made.
// Chains: a restore point is an increment if its file ends in .vib, or it carries the tag
// "increment"; a reverse increment if it ends in .vrb; a full otherwise. Only fulls get flags.
// Every file counts as a restore point. On a forward chain a full or increment stays, whatever the
// rules say, as long as an increment that stays was made on top of it: the whole chain goes at
// once, when its last increment may. Reverse increments need only newer files and go one by one.
// Source: Forward Incremental Backup Retention Policy; Reverse Incremental Backup Retention;
// helpcenter.veeam.com: Removal of GFS Flags, Assignment of GFS Flags, GFS retention policy.
#include <fmt/format.h>

#include <algorithm>

#include "engine/policy/retention/dialects/decide.h"
#include "engine/policy/retention/dialects/flags.h"

namespace backcast::policy {
namespace {

constexpr std::uint16_t kGfsMarks = kMarkWeekly | kMarkMonthly | kMarkYearly;

// What is remembered of the fulls before: the last period that got each flag.
class Flagger {
 public:
  explicit Flagger(const VeeamPolicy& policy) : policy_(policy) {}

  std::uint16_t flags_of(std::int64_t local) {
    std::uint16_t flags = 0;
    // Weeks shifted so that they begin on the chosen weekday.
    const std::int64_t week =
        period_number(Period::kWeek, local - (policy_.weekly_weekday - 1) * 86400LL);
    if (policy_.weekly > 0 && is_new(week_, week)) flags |= kMarkWeekly;
    if (policy_.monthly > 0 && (policy_.weekly == 0 || flags & kMarkWeekly) &&
        is_new(month_, period_number(Period::kMonth, local))) {
      flags |= kMarkMonthly;
    }
    const std::int64_t month = period_number(Period::kMonth, local);
    const bool is_lower_flagged = policy_.monthly > 0  ? (flags & kMarkMonthly) != 0
                                  : policy_.weekly > 0 ? (flags & kMarkWeekly) != 0
                                                       : true;
    if (policy_.yearly > 0 && is_lower_flagged && month % 12 + 1 >= policy_.yearly_month &&
        is_new(year_, month / 12)) {
      flags |= kMarkYearly;
    }
    return flags;
  }

 private:
  static bool is_new(std::int64_t& last, std::int64_t period) {
    return std::exchange(last, period) != period;
  }
  const VeeamPolicy& policy_;
  std::int64_t week_ = kNoPeriod, month_ = kNoPeriod, year_ = kNoPeriod;
};

Instant plus_months_and_a_day(Instant t, std::int32_t months, const Zone& zone) {
  CivilTime civil = to_civil(t, zone);
  civil.date = add_months_clamped(civil.date, months);
  civil.date = civil_from_days(days_from_civil(civil.date) + 1);
  return to_instants(civil, zone).first;
}

// The flag that holds a full longest, and until when.
struct Hold {
  Rule rule = Rule::kNone;
  Instant until = Instant::min();
};
Hold longest_hold(const VeeamPolicy& p, std::uint16_t flags, Instant t, const Zone& zone) {
  Hold hold;
  const auto offer = [&](Rule rule, Instant until) {
    if (until > hold.until) hold = {rule, until};
  };
  if (flags & kMarkWeekly) offer(Rule::kWeekly, plus(t, times(7 * kDay, p.weekly)));
  if (flags & kMarkMonthly) offer(Rule::kMonthly, plus_months_and_a_day(t, p.monthly, zone));
  if (flags & kMarkYearly) offer(Rule::kYearly, plus_months_and_a_day(t, p.yearly * 12, zone));
  return hold;
}

bool is_full(const Point& point) {
  return (point.marks & (kMarkIncrement | kMarkReverse)) == 0;
}

// What increments that stay were made on top of stays with them. Points are newest first.
void keep_chains(Points points, Verdicts& verdicts) {
  std::int32_t needed_by = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (points[i].marks & kMarkReverse) continue;
    if (needed_by > 0 && !verdicts.is_kept(i)) {
      verdicts.revise(i, true, {Rule::kChain, Effect::kKeeps, needed_by, 0});
    }
    if (is_full(points[i])) {
      needed_by = 0;
    } else if (verdicts.is_kept(i)) {
      ++needed_by;
    }
  }
}

// Flags as stored at birth, or worked out from the history where it carries none.
std::vector<std::uint16_t> flags_of(const VeeamPolicy& policy, Points points, const Zone& zone) {
  std::vector<std::uint16_t> flags(points.size());
  bool is_stored = false;
  for (std::size_t i = 0; i < points.size(); ++i) {
    flags[i] = points[i].marks & kGfsMarks;
    is_stored = is_stored || flags[i] != 0;
  }
  if (is_stored) return flags;
  const std::vector<std::int64_t> local = local_seconds(points, zone);
  Flagger flagger(policy);
  for (std::size_t i = points.size(); i-- > 0;) {
    if (is_full(points[i])) flags[i] = flagger.flags_of(local[i]);
  }
  return flags;
}

}  // namespace

void decide(const VeeamPolicy& policy, Points points, const PlanContext& context,
            Verdicts& verdicts) {
  const std::vector<std::uint16_t> flags = flags_of(policy, points, context.zone);
  const std::vector<std::int64_t> local = local_seconds(points, context.zone);
  const std::int64_t today = period_number(
      Period::kDay, unix_seconds(context.now) + context.zone.offset_at(context.now).count());
  const bool has_short_term = policy.restore_points > 0 || policy.days > 0;
  std::int32_t rank = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Hold hold = longest_hold(policy, flags[i], points[i].time, context.zone);
    if (hold.until > context.now) {
      verdicts.keep(i, {hold.rule, Effect::kKeeps, 0, seconds_between(context.now, hold.until)});
      continue;
    }
    ++rank;
    const std::int64_t age_days = today - period_number(Period::kDay, local[i]);
    if (rank <= policy.restore_points || !has_short_term) {
      verdicts.keep(i, {Rule::kLast, Effect::kKeeps, rank, 0});
    } else if (policy.days > 0 && age_days < policy.days) {
      verdicts.keep(i, {Rule::kDaily, Effect::kKeeps, rank, age_days});
    } else if (i == 0) {
      verdicts.keep(i, {Rule::kNewest, Effect::kKeeps, rank, 0});
    } else if (hold.rule != Rule::kNone) {
      verdicts.drop(i, {hold.rule, Effect::kTooOld, 0, seconds_between(hold.until, context.now)});
    } else if (policy.restore_points > 0) {
      verdicts.drop(i, {Rule::kLast, Effect::kUsedUp, rank, rank - policy.restore_points});
    } else {
      verdicts.drop(i, {Rule::kDaily, Effect::kDrops, 0, age_days});
    }
  }
  keep_chains(points, verdicts);
}

void mark(const VeeamPolicy&, const Snapshot& snapshot, Point& point) {
  const auto has_tag = [&](const char* tag) {
    return std::find(snapshot.tags.begin(), snapshot.tags.end(), tag) != snapshot.tags.end();
  };
  if (snapshot.id.ends_with(".vib") || has_tag("increment")) point.marks |= kMarkIncrement;
  if (snapshot.id.ends_with(".vrb")) point.marks |= kMarkReverse;
}

Birth born(const VeeamPolicy& policy, const Point& newborn, Points older,
           const PlanContext& context) {
  Flagger flagger(policy);
  if (!is_full(newborn)) return {};
  for (const Point& point : older) {
    if (!is_full(point)) continue;
    flagger.flags_of(unix_seconds(point.time) + context.zone.offset_at(point.time).count());
  }
  Birth birth;
  birth.marks =
      flagger.flags_of(unix_seconds(newborn.time) + context.zone.offset_at(newborn.time).count());
  const Hold hold = longest_hold(policy, birth.marks, newborn.time, context.zone);
  if (hold.rule == Rule::kNone) return birth;
  // The earliest moment at which it may go; short-term retention may hold it longer.
  birth.expires = hold.until;
  birth.reason = {hold.rule, Effect::kKeeps, 0, seconds_between(newborn.time, hold.until)};
  return birth;
}

namespace {

using V = VeeamPolicy;

constexpr Flag<V> kFlags[] = {
    count_flag<V, &V::restore_points, 1, 100'000>("--restore-points"),
    count_flag<V, &V::days, 1, 100'000>("--days"),
    count_flag<V, &V::weekly, 1, 9'999>("--weekly"),
    count_flag<V, &V::monthly, 1, 2'999>("--monthly"),
    count_flag<V, &V::yearly, 1, 250>("--yearly"),
    count_flag<V, &V::weekly_weekday, 1, 7>("--weekday"),
    count_flag<V, &V::yearly_month, 1, 12>("--month"),
};

Status check(V& p) {
  if (p.restore_points > 0 && p.days > 0) {
    return bad_input("veeam: --restore-points and --days exclude each other");
  }
  if (p.restore_points == 0 && p.days == 0) {
    return bad_input("veeam: short-term retention is missing", "give --restore-points or --days");
  }
  return kOk;
}

}  // namespace

const Dialect<VeeamPolicy>& veeam_dialect() {
  static const Dialect<V> kDialect{"veeam", kFlags, {}, {}, {}, {}, check};
  return kDialect;
}

std::string words(const VeeamPolicy&, const Reason& reason) {
  const std::string_view name = rule_name(reason.rule);
  const auto span = [&] { return span_text(reason.detail); };
  switch (reason.rule) {
    case Rule::kNewest:
      return "newest restore point";
    case Rule::kChain:
      return reason.ordinal == 1 ? std::string("an increment that stays needs it")
                                 : fmt::format("{} increments that stay need it", reason.ordinal);
    case Rule::kLast:
      return reason.effect == Effect::kKeeps
                 ? fmt::format("short-term restore point #{}", reason.ordinal)
                 : fmt::format("short-term: {} restore points instead of {} would keep it",
                               reason.ordinal, reason.ordinal - reason.detail);
    case Rule::kDaily:
      return fmt::format("short-term: {} days old", reason.detail);
    default:
      return reason.effect == Effect::kKeeps
                 ? fmt::format("GFS {} flag, {} left", name, span())
                 : fmt::format("GFS {} flag fell off {} ago", name, span());
  }
}

}  // namespace backcast::policy
