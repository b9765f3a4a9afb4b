#include "engine/policy/retention/rolling.h"

#include <algorithm>
#include <bit>
#include <unordered_map>

#include "engine/policy/retention/contracted.h"
#include "engine/policy/retention/dialects/restic_scan.h"

namespace backcast::policy {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;
constexpr std::uint32_t kFewItems = 1024;  // below it nothing is tidied up

// Counts of numbered things, with sums of the first so many; Fenwick, Software: Practice and
// Experience 24, 1994. Numbers from 0.
class Counts {
 public:
  void append(std::int32_t value) {
    const std::size_t i = tree_.size() + 1;
    for (std::size_t child = 1; child < (i & -i); child *= 2) value += tree_[i - child - 1];
    tree_.push_back(value);
  }
  void add(std::size_t number, std::int32_t change) {
    for (std::size_t i = number + 1; i <= tree_.size(); i += i & -i) tree_[i - 1] += change;
  }
  std::int32_t up_to(std::size_t number) const {  // inclusive
    std::int32_t sum = 0;
    for (std::size_t i = number + 1; i > 0; i &= i - 1) sum += tree_[i - 1];
    return sum;
  }
  std::int32_t all() const { return tree_.empty() ? 0 : up_to(tree_.size() - 1); }
  // The number at which the sum reaches `count`, from 1 to all().
  std::uint32_t reaching(std::int32_t count) const {
    std::size_t at = 0;
    for (std::size_t step = std::bit_floor(tree_.size()); step > 0; step /= 2) {
      if (at + step <= tree_.size() && tree_[at + step - 1] < count) {
        at += step;
        count -= tree_[at - 1];
      }
    }
    return static_cast<std::uint32_t>(at);
  }

 private:
  std::vector<std::int32_t> tree_;
};

constexpr std::array<Period, ResticScan::kCounted> kPeriods{
    Period::kEach, Period::kHour, Period::kDay, Period::kWeek, Period::kMonth, Period::kYear};

}  // namespace

struct RollingPlan::State {
  struct Item {
    std::uint32_t id = 0;
    Point point;
    std::int64_t local = 0;  // seconds on the wall clock
    std::uint32_t older = kNone, newer = kNone;
    std::uint8_t heads = 0;  // bit r: the newest of its period of rule r
  };

  explicit State(const ResticPolicy& p) : policy(p) {}

  bool differs(std::size_t rule, const Item& a, const Item& b) const {
    return kPeriods[rule] == Period::kEach ||
           period_number(kPeriods[rule], a.local) != period_number(kPeriods[rule], b.local);
  }

  void set_head(std::uint32_t number, std::size_t rule, bool is_head) {
    Item& item = items[number];
    const auto bit = static_cast<std::uint8_t>(1U << rule);
    if (((item.heads & bit) != 0) == is_head) return;
    item.heads ^= bit;
    periods[rule].add(number, is_head ? 1 : -1);
  }

  void append(Item item) {
    const auto number = static_cast<std::uint32_t>(items.size());
    item.older = newest;
    item.newer = kNone;
    item.heads = (1U << kPeriods.size()) - 1;
    items.push_back(item);
    number_of[item.id] = number;
    for (std::size_t r = 0; r < kPeriods.size(); ++r) {
      periods[r].append(1);
      if (newest != kNone) set_head(newest, r, differs(r, items[newest], item));
    }
    (newest == kNone ? oldest : items[newest].newer) = number;
    newest = number;
    ++held;
  }

  // Numbers those that are there anew.
  void tidy() {
    std::vector<Item> left;
    std::array<std::uint32_t, ResticScan::kWindowed> passed_left{};
    for (std::uint32_t n = oldest; n != kNone; n = items[n].newer) {
      for (std::size_t w = 0; w < passed.size(); ++w) {
        if (n < passed[w]) ++passed_left[w];
      }
      left.push_back(items[n]);
    }
    items.clear();
    number_of.clear();
    periods = {};
    passed = passed_left;
    oldest = newest = kNone;
    held = 0;
    for (Item& item : left) append(item);
  }

  // The newest ones, down to one that is not in the future.
  std::vector<Point> newest_points(Instant now) const {
    std::vector<Point> points;
    for (std::uint32_t n = newest; n != kNone; n = items[n].older) {
      points.push_back(items[n].point);
      if (items[n].point.time < now) break;
    }
    return points;
  }

  // Those that may have lost their last reason since the plan before.
  std::vector<std::uint32_t> candidates(const ResticScan& scan) {
    std::vector<std::uint32_t> numbers{newest, oldest};
    if (items[newest].older != kNone) numbers.push_back(items[newest].older);
    for (std::size_t r = 0; r < kPeriods.size(); ++r) {
      const std::int32_t count = scan.counted()[r].count, all = periods[r].all();
      if (count > 0 && all > count) numbers.push_back(periods[r].reaching(all - count));
    }
    for (std::size_t w = 0; w < passed.size(); ++w) {
      const ResticScan::Windowed& rule = scan.windowed()[w];
      if (rule.span->is_zero()) continue;
      while (passed[w] < items.size() && items[passed[w]].point.time <= rule.after) {
        numbers.push_back(passed[w]++);
      }
    }
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    std::erase_if(numbers, [&](std::uint32_t n) { return !is_held(n); });
    return numbers;
  }

  bool is_held(std::uint32_t number) const {
    const auto found = number_of.find(items[number].id);
    return found != number_of.end() && found->second == number;
  }

  std::optional<Dropped> judge(ResticScan scan, std::uint32_t number) const {
    const Item& item = items[number];
    if (item.newer != kNone) {
      std::array<std::int32_t, ResticScan::kCounted> newer{};
      for (std::size_t r = 0; r < newer.size(); ++r) {
        newer[r] = periods[r].all() - periods[r].up_to(number);
      }
      scan.resume(newer, items[item.newer].local);
    }
    bool is_kept = false;
    const Reason why_not =
        scan.step(item.point, item.local, number == oldest, [&](const Reason&) { is_kept = true; });
    if (is_kept) return std::nullopt;
    return Dropped{item.id, why_not};
  }

  const ResticPolicy& policy;
  std::vector<Item> items;  // by number, oldest first; some have been removed
  std::unordered_map<std::uint32_t, std::uint32_t> number_of;  // of those that are there
  std::array<Counts, ResticScan::kCounted> periods;            // their heads, by rule
  std::array<std::uint32_t, ResticScan::kWindowed> passed{};   // so many have left each window
  std::uint32_t oldest = kNone, newest = kNone, held = 0;
  std::uint32_t added = 0;  // since the plan before
  bool is_settled = false, is_in_order = true;
};

std::unique_ptr<RollingPlan> RollingPlan::of(const RetentionPolicy& policy) {
  std::unique_ptr<RollingPlan> rolling(new RollingPlan);
  if (const auto* restic = std::get_if<ResticPolicy>(&policy)) {
    if (restic->v0_14) return nullptr;
    rolling->restic_ = std::make_unique<State>(*restic);
  } else {
    rolling->others_ = ContractedPlan::of(policy);
    if (rolling->others_ == nullptr) return nullptr;
  }
  return rolling;
}

RollingPlan::RollingPlan() = default;
RollingPlan::~RollingPlan() = default;

void RollingPlan::add(std::uint32_t id, const Point& point) {
  if (others_ != nullptr) return others_->add(id, point);
  State& s = *restic_;
  if (s.newest != kNone && point.time <= s.items[s.newest].point.time) s.is_in_order = false;
  State::Item item;
  item.id = id;
  item.point = point;
  item.local = unix_seconds(point.time) + point.offset_seconds;
  s.append(item);
  ++s.added;
}

void RollingPlan::remove(std::uint32_t id) {
  if (others_ != nullptr) return others_->remove(id);
  State& s = *restic_;
  const auto found = s.number_of.find(id);
  if (found == s.number_of.end()) return;
  const std::uint32_t number = found->second;
  s.number_of.erase(found);
  const std::uint32_t older = s.items[number].older, newer = s.items[number].newer;
  for (std::size_t r = 0; r < kPeriods.size(); ++r) {
    s.set_head(number, r, false);
    if (older == kNone) continue;
    s.set_head(older, r, newer == kNone || s.differs(r, s.items[older], s.items[newer]));
  }
  (older == kNone ? s.oldest : s.items[older].newer) = newer;
  (newer == kNone ? s.newest : s.items[newer].older) = older;
  --s.held;
  if (s.items.size() > 2 * s.held + kFewItems) s.tidy();
}

std::optional<std::vector<RollingPlan::Dropped>> RollingPlan::dropped(const PlanContext& context) {
  if (others_ != nullptr) return others_->dropped(context);
  State& s = *restic_;
  if (!s.is_settled || !s.is_in_order || s.added > 1 || s.newest == kNone) return std::nullopt;
  if (s.items[s.newest].point.time > context.now) return std::nullopt;
  const ResticScan scan(s.policy, s.newest_points(context.now), context);
  std::vector<Dropped> dropped;
  for (const std::uint32_t number : s.candidates(scan)) {
    auto verdict = s.judge(scan, number);
    if (verdict && number == s.newest) return std::nullopt;  // perhaps nothing stays
    if (verdict) dropped.push_back(*verdict);
  }
  s.added = 0;
  return dropped;
}

void RollingPlan::settle(std::span<const std::uint32_t> ids, std::span<const Point> points,
                         const Plan& plan) {
  if (others_ != nullptr) return others_->settle(ids, points, plan);
  // What stays only because nothing may be left empty goes as soon as a rule keeps another.
  restic_->is_settled = std::none_of(plan.reasons.begin(), plan.reasons.end(),
                                     [](const Reason& r) { return r.rule == Rule::kNewest; });
  restic_->added = 0;
}

}  // namespace backcast::policy
