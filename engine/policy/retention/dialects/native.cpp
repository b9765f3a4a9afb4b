// Backcast's own rules, which the services' policies are compiled into. In order of who wins:
//
//   1. Protected (in the store or by tag), permanent, made by hand where that means permanent, and
//      stamped in the future: kept, and counted by no rule. Held: kept, but counted.
//   2. Minimums: the newest of each class (a backup has one class: monthly before weekly before
//      daily), and the newest of all.
//   3. Selectors, if any: the newest so many, one (the newest) per period by count, window or both,
//      tag lists. A restore point feeds every selector. What none selects goes.
//   4. Expiry: the one stored at birth, or time + ttl.
//   5. Maximum per class, newest first.
//   6. Totals, newest first: one that would pass the total size or count goes; a smaller, older one
//      may still fit. What 1 and 2 keep counts toward the totals and stands even past them.
//
// Unfinished restore points count nowhere and go as soon as a newer finished one exists. Periods
// are those of the context's zone (UTC for all three services).
//
// Zerops: 1, 2, 5, 6; its simulator keeps one more than each type maximum
// (--keep-max-plus-one). Zilliz: expiry 1..30 days after creation, manual ones
// never. Qdrant: expiry 1..365 days after creation for what a schedule made; unset keeps for
// ever. Sources: vendors' documentation and API descriptions; the vendor's published simulator
// (Zerops).
#include <algorithm>
#include <array>
#include <utility>

#include "engine/base/checked.h"
#include "engine/policy/retention/dialects/decide.h"

namespace backcast::policy {
namespace {

constexpr std::uint8_t kNoClass = 3;

constexpr RuleField<NativePolicy, NativePolicy::Keep> kSelectors[]{
    {Rule::kLast, Period::kEach, &NativePolicy::last},
    {Rule::kHourly, Period::kHour, &NativePolicy::hourly},
    {Rule::kDaily, Period::kDay, &NativePolicy::daily},
    {Rule::kWeekly, Period::kWeek, &NativePolicy::weekly},
    {Rule::kMonthly, Period::kMonth, &NativePolicy::monthly},
    {Rule::kQuarterly, Period::kThreeMonths, &NativePolicy::quarterly},
    {Rule::kYearly, Period::kYear, &NativePolicy::yearly}};
constexpr std::uint16_t kUnselected = kMarkProtected | kMarkIncomplete;

struct Selector {
  Rule rule = Rule::kNone;
  Period period{};
  NativePolicy::Keep keep{};
  std::int32_t kept = 0, past = 0;
  std::int64_t last = kNoPeriod;
};

class Planner {
 public:
  Planner(const NativePolicy& policy, std::span<const Passed> passed, Points points,
          const PlanContext& context, Verdicts& verdicts)
      : policy_(policy), passed_(passed), points_(points), context_(context), verdicts_(verdicts) {}

  void run() {
    classify();
    exempt();
    keep_minimums();
    if (has_selectors()) select();
    expire();
    limit_types();
    limit_totals();
  }

 private:
  void keep(std::size_t i, Rule rule, std::int32_t ordinal = 0, std::int64_t detail = 0) {
    verdicts_.keep(i, {rule, Effect::kKeeps, ordinal, detail});
    ++kept_count_;
    kept_bytes_ = kept_bytes_ + points_[i].size_bytes;
  }

  void classify() {
    class_.assign(points_.size(), kNoClass);
    is_extra_daily_.assign(points_.size(), false);
    std::int64_t daily_day = kNoPeriod;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const std::uint16_t marks = points_[i].marks;
      if (marks & (kMarkProtected | kMarkIncomplete)) continue;
      if (marks & kMarkMonthly) {
        class_[i] = static_cast<std::uint8_t>(BackupClass::kMonthly);
      } else if (marks & kMarkWeekly) {
        class_[i] = static_cast<std::uint8_t>(BackupClass::kWeekly);
      } else if (marks & kMarkDaily) {
        const std::int64_t day = period_number(Period::kDay, unix_seconds(points_[i].time));
        class_[i] = static_cast<std::uint8_t>(BackupClass::kDaily);
        is_extra_daily_[i] = policy_.one_daily_per_day && std::exchange(daily_day, day) == day;
      }
    }
  }

  void exempt() {
    bool has_newer_finished = false;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const std::uint16_t marks = points_[i].marks;
      const bool is_incomplete = marks & kMarkIncomplete;
      if (marks & kMarkProtected) {
        keep(i, Rule::kProtected, 0, points_[i].tag_index);
      } else if (marks & kMarkHeld) {
        keep(i, Rule::kHeld, 0, points_[i].tag_index);
        if (class_[i] != kNoClass) ++in_class_[class_[i]];
      } else if (points_[i].time > context_.now) {
        verdicts_.keep(i, {Rule::kFuture, Effect::kKeeps, 0, 0});  // in no total either
      } else if (is_incomplete && has_newer_finished) {
        verdicts_.drop(i, {Rule::kIncomplete, Effect::kDrops, 0, 0});
      } else if (is_incomplete) {
        keep(i, Rule::kIncomplete);
      } else if (policy_.permanent || (policy_.manual_is_permanent && marks & kMarkManual)) {
        keep(i, Rule::kPermanent);
      }
      has_newer_finished |= !is_incomplete && points_[i].time <= context_.now;
    }
  }

  void keep_minimums() {
    std::int32_t newest = 0;
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (verdicts_.is_decided(i)) continue;
      const std::uint8_t type = class_[i];
      const bool is_counted = type != kNoClass && !is_extra_daily_[i];
      if (is_counted && in_class_[type] < policy_.types[type].minimum) {
        keep(i, Rule::kMinimum, ++in_class_[type], type);
        ++newest;
      } else if (newest < policy_.min_count) {
        keep(i, Rule::kMinimum, ++newest, kNoClass);
        if (type != kNoClass) ++in_class_[type];
      }
    }
  }

  bool has_selectors() const {
    const bool selects = std::any_of(std::begin(kSelectors), std::end(kSelectors),
                                     [&](const auto& s) { return (policy_.*s.value).is_set(); });
    return selects || !policy_.keep_tags.empty();
  }

  // Restore points that a selector keeps still pass expiry, maxima and totals, so they stay
  // undecided here; `selected_` remembers why they stay if nothing else speaks against them.
  void select() {
    selected_.assign(points_.size(), Reason{});
    std::array<Selector, std::size(kSelectors)> selectors{};
    for (std::size_t r = 0; r < selectors.size(); ++r) {
      const auto& [rule, period, keep] = kSelectors[r];
      selectors[r] = {rule, period, policy_.*keep};
    }
    const std::vector<std::int64_t> local = local_seconds(points_, context_.zone);
    for (std::size_t i = 0; i < points_.size(); ++i) {
      for (; !passed_.empty() && passed_.front().position == i; passed_ = passed_.subspan(1)) {
        selectors[passed_.front().rule].past += passed_.front().count;
      }
      if (points_[i].marks & kUnselected || points_[i].time > context_.now) continue;
      Closest closest;
      for (Selector& s : selectors) {
        if (s.keep.is_set()) offer(s, i, local[i], closest);
      }
      if (selected_[i].rule == Rule::kNone && points_[i].tag_lists != 0) {
        selected_[i] = {Rule::kTag, Effect::kKeeps, 0, __builtin_ctz(points_[i].tag_lists)};
      }
      if (selected_[i].rule == Rule::kNone && !verdicts_.is_decided(i)) {
        verdicts_.drop(i, closest.reason());
      }
    }
  }

  void offer(Selector& s, std::size_t i, std::int64_t local, Closest& closest) {
    const std::int64_t period =
        s.period == Period::kEach ? static_cast<std::int64_t>(i) : period_number(s.period, local);
    if (s.last == period) return closest.covered(s.rule);
    s.last = period;
    const std::int32_t limit = s.keep.count != 0 ? s.keep.count : kAll;
    const Instant cutoff = s.keep.window ? minus(context_.now, *s.keep.window) : Instant::min();
    if (points_[i].time < cutoff) {
      return closest.too_old(s.rule, seconds_between(points_[i].time, cutoff));
    }
    if (limit != kAll && s.kept >= limit) {
      ++s.past;
      return closest.used_up(s.rule, limit + s.past, s.past);
    }
    ++s.kept;
    if (selected_[i].rule == Rule::kNone) selected_[i] = {s.rule, Effect::kKeeps, s.kept, 0};
  }

  void expire() {
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (verdicts_.is_decided(i)) continue;
      const Instant expires = expiry_of(i);
      if (expires > context_.now) continue;
      verdicts_.drop(i,
                     {Rule::kExpiry, Effect::kTooOld, 0, seconds_between(expires, context_.now)});
    }
  }

  Instant expiry_of(std::size_t i) const {
    if (points_[i].expires != kNoExpiry) return points_[i].expires;
    return policy_.ttl ? plus(points_[i].time, *policy_.ttl) : kNoExpiry;
  }

  void limit_types() {
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const std::uint8_t type = class_[i];
      if (verdicts_.is_decided(i) || type == kNoClass) continue;
      const std::int32_t maximum = policy_.types[type].maximum;
      ++in_class_[type];
      if (maximum == 0) continue;
      if (in_class_[type] > maximum + (policy_.keeps_maximum_plus_one ? 1 : 0)) {
        verdicts_.drop(i, {Rule::kMaximum, Effect::kDrops, in_class_[type], type});
      }
    }
  }

  void limit_totals() {
    for (std::size_t i = 0; i < points_.size(); ++i) {
      if (verdicts_.is_decided(i)) continue;
      if (policy_.max_count > 0 && kept_count_ >= policy_.max_count) {
        verdicts_.drop(i, {Rule::kTotalCount, Effect::kDrops, kept_count_ + 1, policy_.max_count});
      } else if (policy_.max_size_bytes > 0 &&
                 kept_bytes_ + points_[i].size_bytes > policy_.max_size_bytes) {
        verdicts_.drop(i, {Rule::kTotalSize, Effect::kDrops, 0,
                           static_cast<std::int64_t>(policy_.max_size_bytes)});
      } else {
        const Reason why = kept_because(i);
        keep(i, why.rule, why.ordinal, why.detail);
      }
    }
  }

  Reason kept_because(std::size_t i) const {
    if (!selected_.empty()) return selected_[i];
    const Instant expires = expiry_of(i);
    if (expires != kNoExpiry) {
      return {Rule::kExpiry, Effect::kKeeps, 0, seconds_between(context_.now, expires)};
    }
    const bool has_limits = policy_.max_count > 0 || policy_.max_size_bytes > 0;
    return {has_limits ? Rule::kTotalCount : Rule::kEverything, Effect::kKeeps, kept_count_ + 1,
            class_[i]};
  }

  const NativePolicy& policy_;
  std::span<const Passed> passed_;  // yet to come
  Points points_;
  const PlanContext& context_;
  Verdicts& verdicts_;
  std::vector<std::uint8_t> class_;
  std::vector<bool> is_extra_daily_;  // not the newest of its day, where that matters
  std::array<std::int32_t, 3> in_class_{};
  std::vector<Reason> selected_;
  std::int32_t kept_count_ = 0;
  uint128 kept_bytes_ = 0;
};

}  // namespace

void decide(const NativePolicy& policy, Points points, const PlanContext& context,
            Verdicts& verdicts) {
  decide(policy, {}, points, context, verdicts);
}

void decide(const NativePolicy& policy, std::span<const Passed> passed, Points points,
            const PlanContext& context, Verdicts& verdicts) {
  Planner(policy, passed, points, context, verdicts).run();
}

std::optional<Limits> limits(NativePolicy& policy) {
  // Bytes and classes are counted over all restore points.
  if (policy.max_size_bytes > 0 || policy.types != NativePolicy{}.types) return std::nullopt;
  Limits limits{.uncounted_marks = kUnselected, .tells_periods = true};
  for (const auto& [rule, period, keep] : kSelectors) {
    std::int32_t& count = (policy.*keep).count;
    limits.rules.push_back({rule, period, count > 0 ? &count : nullptr});
  }
  if (policy.max_count > 0) limits.total = &policy.max_count;
  return limits;
}

}  // namespace backcast::policy
