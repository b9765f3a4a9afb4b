#include "engine/policy/retention/contracted.h"

#include <algorithm>
#include <numeric>

namespace backcast::policy {
namespace {

constexpr std::size_t kMargin = 4;  // shown at each end of a row

// Near a change of the clock local periods come again.
bool is_near_shift(Instant t, const Zone& zone) {
  constexpr Duration kNear = 3 * kHour;
  return zone.offset_at(minus(t, kNear)) != zone.offset_at(plus(t, kNear));
}

template <typename Policy>
void decide_lowered(const Policy&, const Policy& lowered, std::span<const Passed>, Points points,
                    const PlanContext& context, Verdicts& verdicts) {
  decide(lowered, points, context, verdicts);
}
void decide_lowered(const KopiaPolicy& policy, const KopiaPolicy& lowered,
                    std::span<const Passed> passed, Points points, const PlanContext& context,
                    Verdicts& verdicts) {
  decide(policy, lowered, passed, points, context, verdicts);
}
void decide_lowered(const NativePolicy&, const NativePolicy& lowered,
                    std::span<const Passed> passed, Points points, const PlanContext& context,
                    Verdicts& verdicts) {
  decide(lowered, passed, points, context, verdicts);
}

}  // namespace

std::unique_ptr<ContractedPlan> ContractedPlan::of(const RetentionPolicy& policy) {
  RetentionPolicy copy = policy;
  if (!std::visit([](auto& dialect) { return limits(dialect).has_value(); }, copy)) return nullptr;
  return std::unique_ptr<ContractedPlan>(new ContractedPlan(policy));
}

ContractedPlan::ContractedPlan(const RetentionPolicy& policy) : policy_(policy), lowered_(policy) {
  limits_ = *std::visit([](auto& dialect) { return limits(dialect); }, lowered_);
  BACKCAST_ASSERT(limits_.rules.size() <= kMostRules);
  for (const Limit& limit : limits_.rules) counts_.push_back(limit.count ? *limit.count : 0);
  if (limits_.total != nullptr) total_ = *limits_.total;
}

// ---------------------------------------------------------------------------------------------
// Which are shown

void ContractedPlan::learn(Item& item, const Zone& zone) const {
  if (item.is_known) return;
  item.is_known = true;
  item.is_steady = !is_near_shift(item.point.time, zone);
  if (limits_.is_sequence) return;
  const std::int64_t utc = unix_seconds(item.point.time);
  const std::int64_t local = local_seconds({&item.point, 1}, zone).front();
  for (std::size_t r = 0; r < limits_.rules.size(); ++r) {
    const Limit& limit = limits_.rules[r];
    if (limit.period == Period::kEach) continue;
    item.period[r] = period_number(limit.period, limit.in_utc ? utc : local);
  }
}

bool ContractedPlan::may_hide(const Shown& shown) const {
  if (shown.is_oldest || !shown.item.is_steady || shown.item.point.expires != kNoExpiry) {
    return false;
  }
  const Rule rule = shown.rule;
  return rank(rule) || rule == Rule::kExpiry || rule == Rule::kEverything ||
         rule == Rule::kTotalCount;
}

bool ContractedPlan::differs(std::size_t rule, const Item& a, const Item& b) const {
  return limits_.rules[rule].period == Period::kEach || a.period[rule] != b.period[rule];
}

void ContractedPlan::push_back(Row& row, Item item) const {
  for (std::size_t r = 0; r < limits_.rules.size() && !row.empty(); ++r) {
    item.changes[r] = row.back().changes[r] + (differs(r, row.back(), item) ? 1 : 0);
  }
  row.push_back(std::move(item));
}

void ContractedPlan::push_front(Row& row, Item item) const {
  for (std::size_t r = 0; r < limits_.rules.size() && !row.empty(); ++r) {
    item.changes[r] = row.front().changes[r] - (differs(r, item, row.front()) ? 1 : 0);
  }
  row.push_front(std::move(item));
}

void ContractedPlan::tidy(const Zone& zone) {
  for (Shown& shown : shown_) learn(shown.item, zone);
  Places tidied;
  tidied.reserve(shown_.size() + kMargin);
  for (std::size_t begin = 0; begin < shown_.size();) {
    const bool may = may_hide(shown_[begin]);
    std::size_t end = begin + 1;
    while (end < shown_.size() && may && shown_[end].rule == shown_[begin].rule &&
           may_hide(shown_[end])) {
      ++end;
    }
    tidy_run(begin, end, tidied);
    begin = end;
  }
  shown_ = std::move(tidied);
}

// Places begin .. end stay for one rule; each may have a row behind it.
void ContractedPlan::tidy_run(std::size_t begin, std::size_t end, Places& tidied) {
  const auto has_row = [&](std::size_t place) { return shown_[place].row != nullptr; };
  std::size_t border = begin;
  while (border < end && !has_row(border)) ++border;
  if (border == end && end - begin > 4 * kMargin) border = begin + kMargin - 1;
  if (border == end) {
    std::move(shown_.begin() + static_cast<std::ptrdiff_t>(begin),
              shown_.begin() + static_cast<std::ptrdiff_t>(end), std::back_inserter(tidied));
    return;
  }
  tidy_old_side(begin, border, tidied);
  // Up to the next row, if the run has two.
  std::size_t stop = border + 1;
  while (stop < end && !has_row(stop)) ++stop;
  std::size_t place = border + 1;
  if (stop - place > 2 * kMargin) {
    std::unique_ptr<Row>& row = tidied.back().row;
    if (!row) row = std::make_unique<Row>();
    for (; place + kMargin < stop; ++place) push_back(*row, std::move(shown_[place].item));
  }
  for (; place < end; ++place) tidied.push_back(std::move(shown_[place]));
}

// Shows more of the row behind `border`, or less.
void ContractedPlan::tidy_old_side(std::size_t begin, std::size_t border, Places& tidied) {
  const std::size_t count = border - begin + 1;
  std::size_t last = border;
  if (shown_[border].row && count > 2 * kMargin) {
    last = begin + kMargin - 1;
    std::unique_ptr<Row> row = std::move(shown_[border].row);
    for (std::size_t place = border; place > last; --place) {
      push_front(*row, std::move(shown_[place].item));
    }
    shown_[last].row = std::move(row);
  }
  for (std::size_t place = begin; place <= last; ++place) {
    tidied.push_back(std::move(shown_[place]));
  }
  for (std::size_t more = count; more < kMargin && tidied.back().row; ++more) {
    std::unique_ptr<Row> row = std::move(tidied.back().row);
    Shown shown{std::move(row->front()), tidied.back().rule};
    row->pop_front();
    if (!row->empty()) shown.row = std::move(row);
    tidied.push_back(std::move(shown));
  }
}

// ---------------------------------------------------------------------------------------------
// Fewer to keep

void ContractedPlan::lower() {
  known_from_ = {};
  passed_.clear();
  hidden_ = 0;
  for (const Shown& shown : shown_) {
    if (shown.row) hidden_ += static_cast<std::int32_t>(shown.row->size());
  }
  limits_.is_sequence ? lower_by_members() : lower_by_periods();
  if (limits_.total != nullptr) *limits_.total = total_ - hidden_;
}

void ContractedPlan::lower_by_members() {
  for (std::size_t r = 0; r < counts_.size(); ++r) {
    if (limits_.rules[r].count != nullptr) *limits_.rules[r].count = counts_[r];
  }
  for (std::size_t place = 0; place < shown_.size(); ++place) {
    const Shown& shown = shown_[place];
    if (!shown.row) continue;
    const std::optional<std::size_t> own = rank(shown.rule);
    for (std::size_t r = 0; r < counts_.size(); ++r) {
      if (own && *own == r + 1 && limits_.rules[r].count != nullptr) {
        *limits_.rules[r].count -= static_cast<std::int32_t>(shown.row->size());
      }
      // They are past the count of every earlier rule, or share a period there.
      if (own && r + 1 < *own) known_from_[r] = place + 1;
    }
  }
}

void ContractedPlan::lower_by_periods() {
  for (std::size_t r = 0; r < counts_.size(); ++r) {
    if (limits_.rules[r].count == nullptr) continue;
    std::int64_t count = counts_[r], seen = 0;  // periods of those shown, newest first
    const Item* newer = nullptr;
    for (std::size_t place = shown_.size(); place-- > 0;) {
      const Shown& shown = shown_[place];
      if (shown.row) count = lower_by_row(r, place, count, seen);
      if (shown.item.point.marks & limits_.uncounted_marks) continue;
      if (newer == nullptr || differs(r, *newer, shown.item)) ++seen;
      newer = &shown.item;
    }
    *limits_.rules[r].count = static_cast<std::int32_t>(count);
  }
  std::stable_sort(passed_.begin(), passed_.end(),
                   [](const Passed& a, const Passed& b) { return a.position < b.position; });
}

// Of a count, what is left without the periods that lie within a row.
std::int64_t ContractedPlan::lower_by_row(std::size_t rule, std::size_t place, std::int64_t count,
                                          std::int64_t seen) {
  const Row& row = *shown_[place].row;
  const std::int64_t newest = row.back().changes[rule];
  const std::int64_t first = seen + (differs(rule, row.back(), shown_[place + 1].item) ? 1 : 0);
  const std::int64_t last = first + newest - row.front().changes[rule];  // number of its period
  const std::int64_t within =
      last + (differs(rule, shown_[place].item, row.front()) ? 1 : 0) - seen - 1;
  if (count > seen + std::max<std::int64_t>(within, 0)) {
    return count - std::max<std::int64_t>(within, 0);
  }
  const std::int64_t left = std::min(count, seen);
  std::int64_t passed = std::max<std::int64_t>(within, 0) - (count - left);
  if (!limits_.tells_periods) {
    const auto past = std::partition_point(row.begin(), row.end(), [&](const Item& item) {
      return first + newest - item.changes[rule] > count;
    });
    passed = past - row.begin();
  }
  if (passed > 0) {
    passed_.push_back({shown_.size() - 1 - place, rule, static_cast<std::int32_t>(passed)});
  }
  return left;
}

// ---------------------------------------------------------------------------------------------
// What a plan of those shown tells

// The place of a rule in their order; borg's window comes before them.
std::optional<std::size_t> ContractedPlan::rank(Rule rule) const {
  for (std::size_t r = 0; r < limits_.rules.size(); ++r) {
    if (limits_.rules[r].rule == rule) return r + 1;
  }
  if (rule == Rule::kWithin) return 0;
  return std::nullopt;
}

void ContractedPlan::decide_shown(const PlanContext& context, Plan& plan) const {
  std::vector<Point> points;
  points.reserve(shown_.size());
  for (std::size_t place = shown_.size(); place-- > 0;) points.push_back(shown_[place].item.point);
  plan.verdicts.assign(points.size(), Verdict{});
  plan.newest_first.resize(points.size());
  std::iota(plan.newest_first.begin(), plan.newest_first.end(), 0U);
  Verdicts verdicts(plan, plan.newest_first);
  std::visit(
      [&](const auto& dialect) {
        const auto& lowered = std::get<std::decay_t<decltype(dialect)>>(lowered_);
        decide_lowered(dialect, lowered, passed_, Points(points), context, verdicts);
      },
      policy_);
}

const Reason& ContractedPlan::reason_of(const Plan& plan, std::size_t place) const {
  return plan.reasons_of(shown_.size() - 1 - place).front();
}

bool ContractedPlan::is_kept(const Plan& plan, std::size_t place) const {
  return plan.verdicts[shown_.size() - 1 - place].keep;
}

bool ContractedPlan::keeps_rows(const Plan& plan) const {
  const auto stays = [&](std::size_t place) {
    const Reason& why = reason_of(plan, place);
    return is_kept(plan, place) && why.rule == shown_[place].rule && why.effect == Effect::kKeeps;
  };
  for (std::size_t place = 0; place < shown_.size(); ++place) {
    if (shown_[place].row && !(stays(place) && stays(place + 1))) return false;
  }
  return true;
}

// Of rules that run one after another: none gives back what a later one had, and none has fewer.
bool ContractedPlan::keeps_order(const Plan& plan) const {
  std::array<std::int32_t, kMostRules> more{};
  const auto count = [&](Rule rule, bool is_oldest, std::int32_t change) {
    const auto place = rank(rule);
    if (place && *place > 0 && !is_oldest) more[*place - 1] += change;
  };
  for (std::size_t place = 0; place < shown_.size(); ++place) {
    const Shown& before = shown_[place];
    count(before.rule, before.is_oldest, -1);
    if (!is_kept(plan, place)) continue;
    const Reason& why = reason_of(plan, place);
    count(why.rule, why.effect == Effect::kOldest, 1);
    if (before.rule == Rule::kNone || why.rule == before.rule) continue;
    const auto was = rank(before.rule), is = rank(why.rule);
    if (!was || !is || *is < *was) return false;
  }
  for (std::size_t r = 0; r < counts_.size(); ++r) {
    if (counts_[r] != 0 && more[r] < 0) return false;
  }
  return true;
}

// Whether a reason to go would be the same with all of them.
bool ContractedPlan::tells_all(const Reason& why, std::size_t place) const {
  if (why.effect != Effect::kUsedUp) return true;
  const auto place_of_rule = rank(why.rule);
  if (!place_of_rule || *place_of_rule == 0) return false;
  return place >= known_from_[*place_of_rule - 1];
}

Reason ContractedPlan::restored(Reason reason) const {
  if (reason.rule == Rule::kTotalCount && reason.effect == Effect::kDrops) {
    return {reason.rule, reason.effect, reason.ordinal + hidden_, total_};
  }
  const auto place = rank(reason.rule);
  if (reason.effect != Effect::kUsedUp || !place || *place == 0) return reason;
  const std::size_t r = *place - 1;
  if (limits_.rules[r].count != nullptr) reason.ordinal += counts_[r] - *limits_.rules[r].count;
  return reason;
}

void ContractedPlan::take_over(const Plan& plan) {
  Places left;
  left.reserve(shown_.size() + 1);
  for (std::size_t place = 0; place < shown_.size(); ++place) {
    const Reason& why = reason_of(plan, place);
    if (!is_kept(plan, place)) {
      leaving_.insert(shown_[place].item.id);
      continue;
    }
    shown_[place].rule = why.rule;
    shown_[place].is_oldest = why.effect == Effect::kOldest;
    left.push_back(std::move(shown_[place]));
  }
  shown_ = std::move(left);
}

// ---------------------------------------------------------------------------------------------

void ContractedPlan::add(std::uint32_t id, const Point& point) {
  if (!shown_.empty() && point.time <= shown_.back().item.point.time) is_settled_ = false;
  if (is_settled_) shown_.push_back({Item{.id = id, .point = point}});
}

void ContractedPlan::remove(std::uint32_t id) {
  if (leaving_.erase(id) == 0) is_settled_ = false;
}

std::optional<std::vector<RollingPlan::Dropped>> ContractedPlan::dropped(
    const PlanContext& context) {
  if (!is_settled_ || shown_.empty() || shown_.back().item.point.time > context.now) {
    return std::nullopt;
  }
  tidy(context.zone);
  lower();
  Plan plan;
  decide_shown(context, plan);
  is_settled_ = keeps_rows(plan) && (!limits_.is_sequence || keeps_order(plan));
  std::vector<RollingPlan::Dropped> dropped;
  for (std::size_t place = 0; place < shown_.size() && is_settled_; ++place) {
    if (is_kept(plan, place)) continue;
    const Reason& why = reason_of(plan, place);
    is_settled_ = tells_all(why, place);
    dropped.push_back({shown_[place].item.id, restored(why)});
  }
  if (!is_settled_) return std::nullopt;
  take_over(plan);
  return dropped;
}

void ContractedPlan::settle(std::span<const std::uint32_t> ids, std::span<const Point> points,
                            const Plan& plan) {
  shown_.clear();
  leaving_.clear();
  for (auto at = plan.newest_first.rbegin(); at != plan.newest_first.rend(); ++at) {
    if (!plan.verdicts[*at].keep) {
      leaving_.insert(ids[*at]);
      continue;
    }
    const Reason& why = plan.reasons_of(*at).front();
    shown_.push_back(
        {Item{.id = ids[*at], .point = points[*at]}, why.rule, why.effect == Effect::kOldest});
  }
  is_settled_ = true;
}

}  // namespace backcast::policy
