// sanoid: `sanoid --prune-snapshots`, the numbers of a sanoid.conf template.
//
// Only sanoid's own snapshots are judged (autosnap_..._hourly and so on), each in the class its
// name says, per dataset. A snapshot goes only if both hold: it is strictly older than number times
// the class's period, and its class still holds more than that number; the oldest go first.
// Periods: frequently = frequent_period minutes, hour, day, week, month = 31 days, year = 365.25
// days. Deferral until a pool fills up (prune_defer) is not modelled. Source: sanoid, sub
// prune_snapshots; sanoid.defaults.conf.
#include <fmt/format.h>

#include <array>

#include "engine/policy/dialects/decide.h"
#include "engine/policy/dialects/flags.h"

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

void prune_class(const Class& type, Points points, Instant now, Verdicts& verdicts) {
  const auto is_in_class = [&](std::size_t i) {
    return (points[i].marks & type.mark) != 0 && !verdicts.is_decided(i);
  };
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
      verdicts.drop(i, {type.rule, Effect::kTooOld, rank, age});
    } else {
      // Which of the two conditions saves it: its rank, or its age.
      verdicts.keep(i, {type.rule, Effect::kKeeps, rank, is_old ? 1 : 0});
    }
    --rank;
  }
}

}  // namespace

void mark(const SanoidPolicy& policy, const Snapshot& snapshot, Point& point) {
  const std::string_view name = std::string_view(snapshot.id).substr(snapshot.id.find('@') + 1);
  if (!name.starts_with("autosnap_")) return;
  for (const Class& type : classes_of(policy)) {
    if (name.ends_with(type.suffix)) point.marks |= type.mark;
  }
}

void decide(const SanoidPolicy& policy, Points points, const PlanContext& context,
            Verdicts& verdicts) {
  for (const Class& type : classes_of(policy)) prune_class(type, points, context.now, verdicts);
  for (std::size_t i = 0; i < points.size(); ++i) {
    if (!verdicts.is_decided(i)) verdicts.keep(i, {Rule::kEverything, Effect::kKeeps, 0, 0});
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
};

}  // namespace

const Dialect<SanoidPolicy>& sanoid_dialect() {
  static const Dialect<S> kDialect{"sanoid", kFlags, {"autoprune", "autosnap"}, {}, {"sanoid"},
                                   {},       nullptr};
  return kDialect;
}

std::string words(const SanoidPolicy&, const Reason& reason) {
  if (reason.rule == Rule::kEverything) return "not one of sanoid's";
  const std::string_view name = rule_name(reason.rule);
  if (reason.effect == Effect::kKeeps) {
    return fmt::format("{} #{}{}", name, reason.ordinal,
                       reason.detail != 0 ? " (minimum count)" : "");
  }
  return fmt::format("{} #{}: too old by {}", name, reason.ordinal, span_text(reason.detail));
}

}  // namespace backcast::policy
