// One walk of restic's rules over a group, newest first. It can begin anywhere, if it is told how
// many periods the newer snapshots fill: that is how a plan is kept up to date.
#pragma once

#include <array>
#include <utility>

#include "engine/policy/retention/dialects/decide.h"

namespace backcast::policy {

class ResticScan {
 public:
  static constexpr std::size_t kCounted = 6, kWindowed = 6;

  struct Counted {
    Rule rule;
    Period period;
    std::int32_t left;  // kAll, or how many more it keeps
    std::int32_t count;
    std::int64_t last = kNoPeriod;       // period of the last one kept
    std::int64_t last_seen = kNoPeriod;  // the same, past the count
    std::int32_t periods_seen = 0;
  };
  struct Windowed {
    Rule rule;
    Period period;
    const CalendarSpan* span;
    Instant after{};
    std::int64_t last = kNoPeriod;
  };

  // `points` are the group, newest first, or its newest ones down to one that is not in the future.
  ResticScan(const ResticPolicy& policy, Points points, const PlanContext& context);

  const std::array<Counted, kCounted>& counted() const { return counted_; }
  const std::array<Windowed, kWindowed>& windowed() const { return windowed_; }

  // Goes on behind snapshots that fill so many periods of each counted rule; the oldest of them
  // has this wall-clock time.
  void resume(const std::array<std::int32_t, kCounted>& periods, std::int64_t local);

  // The next snapshot. Calls keep(Reason) for every rule that keeps it; returns why it goes if none
  // does.
  template <typename Keep>
  Reason step(const Point& point, std::int64_t local, bool is_oldest, Keep keep);

 private:
  template <typename Keep>
  void try_window(Windowed& rule, const Point& point, std::int64_t local, bool is_oldest,
                  Closest& closest, Keep keep);
  template <typename Keep>
  void try_count(Counted& rule, std::int64_t local, bool is_oldest, Closest& closest, Keep keep);

  const ResticPolicy& policy_;
  std::array<Counted, kCounted> counted_;
  std::array<Windowed, kWindowed> windowed_;
  std::int64_t each_ = 0;  // numbers the snapshots, each a period of its own
};

template <typename Keep>
void ResticScan::try_window(Windowed& rule, const Point& point, std::int64_t local, bool is_oldest,
                            Closest& closest, Keep keep) {
  if (rule.span->is_zero()) return;
  if (point.time <= rule.after) {
    return closest.too_old(rule.rule, seconds_between(point.time, rule.after));
  }
  if (rule.period == Period::kEach) return keep({rule.rule, Effect::kKeeps, 0, 0});
  const std::int64_t period = period_number(rule.period, local);
  if (period != rule.last) {
    keep({rule.rule, Effect::kKeeps, 0, 0});
  } else if (is_oldest && !policy_.v0_14) {
    keep({rule.rule, Effect::kOldest, 0, 0});
  } else {
    closest.covered(rule.rule);
  }
  rule.last = period;
}

template <typename Keep>
void ResticScan::try_count(Counted& rule, std::int64_t local, bool is_oldest, Closest& closest,
                           Keep keep) {
  if (rule.count == 0) return;
  const std::int64_t period =
      rule.period == Period::kEach ? each_ : period_number(rule.period, local);
  const bool is_new = std::exchange(rule.last_seen, period) != period;
  if (is_new) ++rule.periods_seen;
  if (rule.left == 0 && is_new) {
    closest.used_up(rule.rule, rule.periods_seen, rule.periods_seen - rule.count);
  } else if (rule.left == 0 || (period == rule.last && !is_oldest)) {
    closest.covered(rule.rule);
  } else {
    const bool is_own = period != rule.last || policy_.v0_14;
    keep({rule.rule, is_own ? Effect::kKeeps : Effect::kOldest, 0, 0});
    rule.last = period;
    if (rule.left > 0) --rule.left;
  }
}

template <typename Keep>
Reason ResticScan::step(const Point& point, std::int64_t local, bool is_oldest, Keep keep) {
  Closest closest;
  for (std::uint32_t list = 0; list < policy_.keep_tags.size(); ++list) {
    if (point.tag_lists >> list & 1) keep({Rule::kTag, Effect::kKeeps, 0, list});
  }
  try_window(windowed_[0], point, local, is_oldest, closest, keep);
  for (Counted& rule : counted_) try_count(rule, local, is_oldest, closest, keep);
  for (std::size_t w = 1; w < windowed_.size(); ++w) {
    try_window(windowed_[w], point, local, is_oldest, closest, keep);
  }
  --each_;
  return closest.reason();
}

}  // namespace backcast::policy
