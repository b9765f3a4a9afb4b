// sanoid: `sanoid --prune-snapshots`, the numbers of a sanoid.conf template.
//
// Only sanoid's own snapshots are judged (autosnap_..._hourly and so on), each in the class its
// name says, per dataset. A snapshot goes only if both hold: it is strictly older than number times
// the class's period, and its class still holds more than that number; the oldest go first.
// Periods: frequently = frequent_period minutes, hour, day, week, month = 31 days, year = 365.25
// days. With prune_defer=N nothing goes while the pool is less than N percent full: say how full it
// is with --pool-used. A run of `sanoid --take-snapshots` makes a snapshot of each class whose last
// preferred time (hourly at :00, daily 23:59, weekly Monday 23:30, monthly and yearly on the 1st at
// 00:00, local time) the newest one before it has not reached; here, one restore point of all those
// classes, which goes when every class would let it go. Its classes are tags: autosnap_daily.
// A snapshot with a hold (zfs userrefs) counts, but zfs refuses to destroy it.
// Source: sanoid, sub prune_snapshots and sub take_snapshots; sanoid.defaults.conf.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/policy/retention/dialects/decide.h"
#include "engine/policy/retention/dialects/flags.h"

namespace backcast::policy {
namespace {

struct Class {
  Rule rule;
  Mark mark;
  std::string_view suffix;
  std::int32_t number;
  Duration period;
};

std::array<Class, 6> classes_of(const SanoidPolicy& p) {
  return {{{Rule::kFrequently, kMarkFrequently, "_frequently", p.frequently,
            p.frequent_period_minutes * kMinute},
           {Rule::kHourly, kMarkHourly, "_hourly", p.hourly, kHour},
           {Rule::kDaily, kMarkDaily, "_daily", p.daily, kDay},
           {Rule::kWeekly, kMarkWeekly, "_weekly", p.weekly, 7 * kDay},
           {Rule::kMonthly, kMarkMonthly, "_monthly", p.monthly, 31 * kDay},
           {Rule::kYearly, kMarkYearly, "_yearly", p.yearly, 365 * kDay + 6 * kHour}}};
}

// What the classes say of each point: the first that keeps it, else the first that lets it go.
struct Said {
  bool keeps = false;
  Reason reason{};
};

void prune_class(const Class& type, Points points, Instant now, std::vector<Said>& said) {
  const auto is_in_class = [&](std::size_t i) { return (points[i].marks & type.mark) != 0; };
  std::int32_t held = 0;
  for (std::size_t i = 0; i < points.size(); ++i) held += is_in_class(i);
  const Instant oldest_kept = minus(now, type.number * type.period);
  std::int32_t rank = held;  // from the newest, which is number 1
  for (std::size_t i = points.size(); i-- > 0;) {
    if (!is_in_class(i)) continue;
    const bool is_old = points[i].time < oldest_kept;
    const std::int64_t age = seconds_between(points[i].time, oldest_kept);
    if (is_old && held > type.number) {
      --held;
      if (said[i].reason.rule == Rule::kNone) {
        said[i] = {false, {type.rule, Effect::kTooOld, rank, age}};
      }
    } else if (!said[i].keeps) {
      // Which of the two conditions saves it: its rank, or its age.
      said[i] = {true, {type.rule, Effect::kKeeps, rank, is_old ? 1 : 0}};
    }
    --rank;
  }
}

// The last moment at or before a wall-clock second at which a snapshot of the class was wanted.
std::int64_t last_preferred(const Class& type, std::int64_t local) {
  constexpr std::int64_t kMonday = 4 * 86'400;  // 1970-01-05
  const auto floor_to = [&](std::int64_t step, std::int64_t at) {
    const std::int64_t since = (local - at) % step;
    return local - (since < 0 ? since + step : since);
  };
  const auto first_of = [](int year, int month) {
    return std::int64_t{days_from_civil({year, month, 1})} * 86'400;
  };
  const CivilDate today = civil_from_days(static_cast<int>(period_number(Period::kDay, local)));
  switch (type.rule) {
    case Rule::kFrequently:
      return floor_to(type.period / kSecond, 0);
    case Rule::kHourly:
      return floor_to(3'600, 0);
    case Rule::kDaily:
      return floor_to(86'400, 23 * 3'600 + 59 * 60);
    case Rule::kWeekly:
      return floor_to(7 * 86'400, kMonday + 23 * 3'600 + 30 * 60);
    case Rule::kMonthly:
      return first_of(today.year, today.month);
    default:
      return first_of(today.year, 1);
  }
}

std::string tag_of(const Class& type) {
  return "autosnap" + std::string(type.suffix);
}

}  // namespace

std::vector<std::string> classes_due(const SanoidPolicy& policy, Instant when,
                                     std::optional<Instant> previous, const Zone& zone) {
  const auto local = [&](Instant t) { return unix_seconds(t) + zone.offset_at(t).count(); };
  std::vector<std::string> tags;
  for (const Class& type : classes_of(policy)) {
    if (type.number == 0) continue;
    const bool is_due = !previous || last_preferred(type, local(when)) > local(*previous);
    if (is_due) tags.push_back(tag_of(type));
  }
  return tags;
}

void mark(const SanoidPolicy& policy, const Snapshot& snapshot, Point& point) {
  const std::string_view name = std::string_view(snapshot.id).substr(snapshot.id.find('@') + 1);
  const bool is_named = name.starts_with("autosnap_");
  if (!is_named && snapshot.tags.empty()) return;
  for (const Class& type : classes_of(policy)) {
    const bool is_tagged =
        std::find(snapshot.tags.begin(), snapshot.tags.end(), tag_of(type)) != snapshot.tags.end();
    if (is_tagged || (is_named && name.ends_with(type.suffix))) point.marks |= type.mark;
  }
}

void decide(const SanoidPolicy& policy, Points points, const PlanContext& context,
            Verdicts& verdicts) {
  const bool is_deferred = policy.prune_defer > 0 && policy.pool_used < policy.prune_defer;
  std::vector<Said> said(points.size());
  if (!is_deferred) {
    for (const Class& type : classes_of(policy)) prune_class(type, points, context.now, said);
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (is_deferred) {
      verdicts.keep(i, {Rule::kEverything, Effect::kKeeps, policy.pool_used, policy.prune_defer});
    } else if (said[i].reason.rule == Rule::kNone) {
      verdicts.keep(i, {Rule::kEverything, Effect::kKeeps, 0, 0});
    } else if (said[i].keeps) {
      verdicts.keep(i, said[i].reason);
    } else if (points[i].marks & kMarkProtected) {
      verdicts.keep(i, {Rule::kHeld, Effect::kKeeps, 0, 0});
    } else {
      verdicts.drop(i, said[i].reason);
    }
  }
}

namespace {

using S = SanoidPolicy;

constexpr Flag<S> kFlags[] = {
    count_flag<S, &S::frequently, 0, 1'000'000>("frequently", "--frequently"),
    count_flag<S, &S::hourly, 0, 1'000'000>("hourly", "--hourly"),
    count_flag<S, &S::daily, 0, 100'000>("daily", "--daily"),
    count_flag<S, &S::weekly, 0, 10'000>("weekly", "--weekly"),
    count_flag<S, &S::monthly, 0, 3'000>("monthly", "--monthly"),
    count_flag<S, &S::yearly, 0, 250>("yearly", "--yearly"),
    count_flag<S, &S::frequent_period_minutes, 1, 60>("frequent_period", "--frequent-period"),
    count_flag<S, &S::prune_defer, 0, 100>("prune_defer", "--prune-defer"),
    count_flag<S, &S::pool_used, 0, 100>("--pool-used"),
};

Status check(S& p) {
  if (p.prune_defer > 0 && p.pool_used < 0) {
    return bad_input(
        "sanoid: prune_defer waits until the pool fills up, and nothing says how full "
        "it is",
        "add --pool-used 55 (percent), as zpool list shows it");
  }
  return kOk;
}

}  // namespace

const Dialect<SanoidPolicy>& sanoid_dialect() {
  static const Dialect<S> kDialect{"sanoid", kFlags, {"autoprune", "autosnap"}, {}, {"sanoid"},
                                   {},       check};
  return kDialect;
}

std::string words(const SanoidPolicy&, const Reason& reason) {
  if (reason.rule == Rule::kEverything && reason.detail != 0) {
    return fmt::format("deferred: the pool is {} % full, pruning begins at {} %", reason.ordinal,
                       reason.detail);
  }
  if (reason.rule == Rule::kEverything) return "not one of sanoid's";
  if (reason.rule == Rule::kHeld) return "held: zfs destroy refuses it";
  const std::string_view name = rule_name(reason.rule);
  if (reason.effect == Effect::kKeeps) {
    return fmt::format("{} #{}{}", name, reason.ordinal,
                       reason.detail != 0 ? " (minimum count)" : "");
  }
  return fmt::format("{} #{}: too old by {}", name, reason.ordinal, span_text(reason.detail));
}

}  // namespace backcast::policy
