// What the planner and the dialects share; not part of the public interface.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "engine/base/time_math.h"
#include "engine/policy/retention/retention.h"

namespace backcast::policy {

// Writes the verdicts of one group. Positions are those of the sorted points, newest first. All
// reasons of one point are given in a row.
class Verdicts {
 public:
  Verdicts(Plan& plan, std::span<const std::uint32_t> order) : plan_(plan), order_(order) {}

  void keep(std::size_t position, Reason reason) { add(position, reason, true); }
  // Deletes a point; `reason` is the rule that came closest to keeping it, or deletes it.
  void drop(std::size_t position, Reason reason) { add(position, reason, false); }
  bool is_kept(std::size_t position) const { return plan_.verdicts[order_[position]].keep; }
  bool is_decided(std::size_t position) const {
    return plan_.verdicts[order_[position]].reason_count > 0;
  }
  // Replaces the one reason a point was given.
  void revise(std::size_t position, bool keeps, Reason reason) {
    Verdict& v = plan_.verdicts[order_[position]];
    BACKCAST_ASSERT(v.reason_count == 1);
    v.keep = keeps;
    plan_.reasons[v.first_reason] = reason;
  }

 private:
  void add(std::size_t position, Reason reason, bool keeps) {
    Verdict& v = plan_.verdicts[order_[position]];
    if (v.reason_count == 0) v.first_reason = static_cast<std::uint32_t>(plan_.reasons.size());
    BACKCAST_ASSERT(v.first_reason + v.reason_count == plan_.reasons.size());
    v.keep = keeps;
    ++v.reason_count;
    plan_.reasons.push_back(reason);
  }

  Plan& plan_;
  std::span<const std::uint32_t> order_;
};

// The points of one group, newest first; equal times in input order.
using Points = std::span<const Point>;

// One per dialect: its file in this folder states the rules in words, with their source.
void decide(const NativePolicy&, Points, const PlanContext&, Verdicts&);
void decide(const ResticPolicy&, Points, const PlanContext&, Verdicts&);
void decide(const BorgPolicy&, Points, const PlanContext&, Verdicts&);
void decide(const Borg2Policy&, Points, const PlanContext&, Verdicts&);
void decide(const KopiaPolicy&, Points, const PlanContext&, Verdicts&);
void decide(const PbsPolicy&, Points, const PlanContext&, Verdicts&);
void decide(const SanoidPolicy&, Points, const PlanContext&, Verdicts&);
void decide(const DuplicacyPolicy&, Points, const PlanContext&, Verdicts&);
void decide(const VeeamPolicy&, Points, const PlanContext&, Verdicts&);
void decide(const AwsPolicy&, Points, const PlanContext&, Verdicts&);

bool has_rules(const ResticPolicy& policy);
KopiaPolicy effective(const KopiaPolicy& policy, const Snapshot& any_of_source);
std::string to_text(const CalendarSpan& span);  // "1y2m3d4h"

// The classes of the snapshots a run makes, as tags. Empty: nothing is due.
std::vector<std::string> classes_due(const SanoidPolicy&, Instant when,
                                     std::optional<Instant> previous, const Zone&);

// What a dialect reads from tags and names, beyond what every snapshot carries.
void mark(const NativePolicy&, const Snapshot&, Point&);
void mark(const ResticPolicy&, const Snapshot&, Point&);
void mark(const BorgPolicy&, const Snapshot&, Point&);
void mark(const Borg2Policy&, const Snapshot&, Point&);
void mark(const SanoidPolicy&, const Snapshot&, Point&);
void mark(const VeeamPolicy&, const Snapshot&, Point&);
template <typename Other>
void mark(const Other&, const Snapshot&, Point&) {}

// The verdict at birth; most tools have none.
Birth born(const NativePolicy&, const Point&, Points older, const PlanContext&);
Birth born(const VeeamPolicy&, const Point&, Points older, const PlanContext&);
Birth born(const AwsPolicy&, const Point&, Points older, const PlanContext&);
template <typename Other>
Birth born(const Other&, const Point&, Points, const PlanContext&) {
  return {};
}

// A reason in the dialect's own words.
std::string words(const NativePolicy&, const Reason&);
std::string words(const ResticPolicy&, const Reason&);
std::string words(const BorgPolicy&, const Reason&);
std::string words(const Borg2Policy&, const Reason&);
std::string words(const KopiaPolicy&, const Reason&);
std::string words(const PbsPolicy&, const Reason&);
std::string words(const SanoidPolicy&, const Reason&);
std::string words(const DuplicacyPolicy&, const Reason&);
std::string words(const VeeamPolicy&, const Reason&);
std::string words(const AwsPolicy&, const Reason&);

// Bit i is set if every tag of list i is carried; the tag "" is carried by a snapshot without tags.
std::uint32_t match_tag_lists(const std::vector<std::vector<std::string>>& lists,
                              const std::vector<std::string>& tags);
bool has_any_tag(const std::vector<std::string>& wanted, const std::vector<std::string>& tags);

// "daily", "weekly", ... and what a period of the rule is called: "day", "week".
std::string_view rule_name(Rule rule);
std::string_view period_name(Rule rule);
// Why a restore point went although `reason.rule` exists: shared by all dialects that look back.
std::string why_not(const Reason& reason, std::string_view name);
inline std::string why_not(const Reason& reason) {
  return why_not(reason, rule_name(reason.rule));
}

// ---------------------------------------------------------------------------------------------
// Counts, for a plan of a history from which some that stay are left out (contracted.h).

enum class Period : std::uint8_t;

// A rule with its count in a policy; nullptr: it has none.
struct Limit {
  Rule rule;
  Period period;
  std::int32_t* count;
  bool in_utc = false;  // its periods, whatever the zone
};
struct Limits {
  // Rules run one after another, each over what those before it left; otherwise each sees all.
  bool is_sequence = false;
  std::vector<Limit> rules{};         // in their order
  std::int32_t* total = nullptr;      // at most so many in all
  std::uint16_t uncounted_marks = 0;  // points that no rule counts, where each sees all
  bool tells_periods = false;  // how many are missing is told in periods, where each sees all
};

// Nothing where the rules cannot be told like this.
std::optional<Limits> limits(NativePolicy&);
std::optional<Limits> limits(BorgPolicy&);
std::optional<Limits> limits(Borg2Policy&);
std::optional<Limits> limits(KopiaPolicy&);
std::optional<Limits> limits(PbsPolicy&);
template <typename Other>
std::optional<Limits> limits(Other&) {
  return std::nullopt;
}

// So many left out before a point that a rule meets past its count: periods, or restore points of
// kopia. In the order of the points.
struct Passed {
  std::size_t position = 0, rule = 0;
  std::int32_t count = 0;
};
void decide(const NativePolicy& policy, std::span<const Passed> passed, Points, const PlanContext&,
            Verdicts&);
// kopia's counts also say how far back its rules reach: as `policy` says, with `counts` to keep.
void decide(const KopiaPolicy& policy, const KopiaCounts& counts, std::span<const Passed> passed,
            Points, const PlanContext&, Verdicts&);

// A rule and the field of the policy that counts it.
template <typename Policy, typename Value>
struct RuleField {
  Rule rule;
  Period period;
  Value Policy::*value;
};

// ---------------------------------------------------------------------------------------------
// Periods. A period is numbered so that equal numbers are the same period and later periods have
// greater numbers.

enum class Period : std::uint8_t {
  kEach,  // every restore point is a period of its own
  kSecond,
  kMinute,
  kHour,
  kDay,
  kWeek,  // ISO weeks
  kMonth,
  kThirteenWeeks,  // quarters of the ISO year
  kThreeMonths,    // quarters of the calendar year
  kYear,
};

inline constexpr std::int64_t kNoPeriod = std::numeric_limits<std::int64_t>::min();

// The period a local time (seconds since 1970 on the wall clock) falls into.
std::int64_t period_number(Period period, std::int64_t local_seconds);

// Wall-clock seconds of each point in a zone.
std::vector<std::int64_t> local_seconds(Points points, const Zone& zone);
// Wall-clock seconds of each point in the offset stored with it.
std::vector<std::int64_t> stored_local_seconds(Points points);

// t minus whole years, months and days on the wall clock of `offset`, with Go's overflow (31 March
// minus one month is 2 or 3 March), and minus hours of elapsed time.
Instant minus_calendar(Instant t, const CalendarSpan& span, const Zone& zone);

// Whole seconds from one instant to a later one; two instants can lie further apart than a Duration
// can say.
inline std::int64_t seconds_between(Instant from, Instant to) {
  return unix_seconds(to) - unix_seconds(from);
}
// "3d 2h", for any number of seconds.
std::string span_text(std::int64_t seconds);

// Times at the edge of what an Instant can hold stay there.
inline Instant minus(Instant t, Duration d) {
  return plus(t, -d);
}

// Which periods have been seen. Newest-first walks see almost sorted numbers, so the usual
// question costs one comparison.
class PeriodSet {
 public:
  // True if it was not yet in the set.
  bool insert(std::int64_t period) {
    if (is_empty_ || period < lowest_) {
      is_empty_ = false;
      lowest_ = period;
      seen_.push_back(period);
      return true;
    }
    if (contains(period)) return false;
    out_of_order_.insert(period);
    return true;
  }
  bool contains(std::int64_t period) const {
    if (is_empty_ || period < lowest_) return false;
    if (period == lowest_) return true;
    return std::binary_search(seen_.begin(), seen_.end(), period, std::greater<>()) ||
           out_of_order_.contains(period);
  }
  std::size_t size() const { return seen_.size() + out_of_order_.size(); }

 private:
  bool is_empty_ = true;
  std::int64_t lowest_ = 0;
  std::vector<std::int64_t> seen_;  // descending
  std::set<std::int64_t> out_of_order_;
};

// Keeps the rule that came closest to keeping a point, over all rules of a policy: one that is full
// (the fewer places missing, the closer) before one whose window it missed, before one where
// another restore point stands for its period.
class Closest {
 public:
  void used_up(Rule rule, std::int32_t would_need, std::int32_t missing) {
    offer({rule, Effect::kUsedUp, would_need, missing}, missing);
  }
  void too_old(Rule rule, std::int64_t by_seconds) {
    offer({rule, Effect::kTooOld, 0, by_seconds}, (1LL << 40) + by_seconds);
  }
  void covered(Rule rule) { offer({rule, Effect::kCovered, 0, 0}, (1LL << 62)); }
  const Reason& reason() const { return reason_; }

 private:
  void offer(const Reason& reason, std::int64_t distance) {
    if (distance >= distance_) return;
    distance_ = distance;
    reason_ = reason;
  }
  Reason reason_{Rule::kNone, Effect::kDrops, 0, 0};
  std::int64_t distance_ = std::numeric_limits<std::int64_t>::max();
};

}  // namespace backcast::policy
