#include "engine/policy/retention/retention.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <unordered_map>

#include "engine/policy/retention/dialects/decide.h"
#include "engine/policy/retention/tags.h"

namespace backcast::policy {
namespace {

// Which parts of a snapshot divide a history into groups that are planned apart.
struct Grouping {
  bool by_host = false, by_user = false, by_paths = false, by_tags = false;
  bool is_none() const { return !by_host && !by_user && !by_paths && !by_tags; }
};

struct GroupingOf {
  Grouping operator()(const ResticPolicy& p) const {
    return {p.group_by_host, false, p.group_by_paths, p.group_by_tags};
  }
  Grouping operator()(const KopiaPolicy&) const { return {true, true, true, false}; }
  Grouping operator()(const PbsPolicy&) const { return {true, false, true, false}; }
  Grouping operator()(const SanoidPolicy&) const { return {true, false, true, false}; }
  Grouping operator()(const DuplicacyPolicy&) const { return {true, false, false, false}; }
  template <typename Other>
  Grouping operator()(const Other&) const {
    return {};
  }
};

void append_sorted(std::string& key, std::vector<std::string> parts) {
  std::sort(parts.begin(), parts.end());
  for (const std::string& part : parts) key.append(part).push_back('\0');
  key.push_back('\1');
}

std::string group_key(const Grouping& grouping, const Snapshot& s) {
  std::string key;
  if (grouping.by_host) key.append(s.host).push_back('\0');
  if (grouping.by_user) key.append(s.username).push_back('\0');
  if (grouping.by_paths) append_sorted(key, s.paths);
  if (grouping.by_tags) append_sorted(key, s.tags);
  return key;
}

bool is_same_group(const Grouping& grouping, const Snapshot& a, const Snapshot& b) {
  return (!grouping.by_host || a.host == b.host) &&
         (!grouping.by_user || a.username == b.username) &&
         (!grouping.by_paths || a.paths == b.paths) && (!grouping.by_tags || a.tags == b.tags);
}

// The group of each snapshot, numbered in order of appearance; returns how many there are.
std::size_t number_groups(const Grouping& grouping, std::span<const Snapshot> history,
                          std::vector<std::uint32_t>& group_of) {
  group_of.assign(history.size(), 0);
  if (grouping.is_none() || history.empty()) return 1;
  std::unordered_map<std::string, std::uint32_t> number;
  for (std::size_t i = 0; i < history.size(); ++i) {
    if (i > 0 && is_same_group(grouping, history[i - 1], history[i])) {
      group_of[i] = group_of[i - 1];
    } else {
      const auto next = static_cast<std::uint32_t>(number.size());
      group_of[i] = number.emplace(group_key(grouping, history[i]), next).first->second;
    }
  }
  return number.size();
}

// Newest first; equal times by their end, newest first, then in input order.
void sort_newest_first(std::span<const Point> points, std::vector<std::uint32_t>& order) {
  order.resize(points.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto newer = [&](std::uint32_t a, std::uint32_t b) {
    return points[a].time != points[b].time ? points[a].time > points[b].time
                                            : points[a].end > points[b].end;
  };
  if (!std::is_sorted(order.begin(), order.end(), newer)) {
    std::stable_sort(order.begin(), order.end(), newer);
  }
}

void decide_group(const RetentionPolicy& policy, std::span<const Point> points,
                  std::span<const std::uint32_t> order, const PlanContext& context, Plan& plan) {
  std::vector<Point> sorted(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) sorted[i] = points[order[i]];
  Verdicts verdicts(plan, order);
  std::visit([&](const auto& dialect) { decide(dialect, Points(sorted), context, verdicts); },
             policy);
}

bool has_overrides(const RetentionPolicy& policy) {
  const auto* kopia = std::get_if<KopiaPolicy>(&policy);
  return kopia != nullptr && !kopia->overrides.empty();
}

void start(std::span<const Point> points, Plan& plan) {
  plan.verdicts.assign(points.size(), Verdict{});
  plan.reasons.clear();
  sort_newest_first(points, plan.newest_first);
}

}  // namespace

void plan(const RetentionPolicy& policy, std::span<const Point> points, const PlanContext& context,
          Plan& out) {
  start(points, out);
  decide_group(policy, points, out.newest_first, context, out);
}

RetentionPolicy for_source(const RetentionPolicy& policy, const Snapshot& any_of_source) {
  const auto* kopia = std::get_if<KopiaPolicy>(&policy);
  return kopia == nullptr ? policy : RetentionPolicy(effective(*kopia, any_of_source));
}

Plan plan(const RetentionPolicy& policy, std::span<const Snapshot> history,
          const PlanContext& context) {
  std::vector<Point> points(history.size());
  for (std::size_t i = 0; i < history.size(); ++i) points[i] = to_point(policy, history[i]);
  Plan result;
  start(points, result);

  std::vector<std::uint32_t> group_of;
  const Grouping grouping = std::visit(GroupingOf{}, policy);
  const std::size_t groups = number_groups(grouping, history, group_of);
  const bool varies = has_overrides(policy);
  if (groups == 1) {
    decide_group(varies && !history.empty() ? for_source(policy, history.front()) : policy, points,
                 result.newest_first, context, result);
    return result;
  }
  // A stable distribution keeps each group newest first.
  std::vector<std::size_t> first(groups + 1, 0);
  for (const std::uint32_t group : group_of) ++first[group + 1];
  std::partial_sum(first.begin(), first.end(), first.begin());
  std::vector<std::uint32_t> order(history.size());
  std::vector<std::size_t> next(first.begin(), first.end() - 1);
  for (const std::uint32_t index : result.newest_first) order[next[group_of[index]]++] = index;
  for (std::size_t g = 0; g < groups; ++g) {
    decide_group(varies ? for_source(policy, history[order[first[g]]]) : policy, points,
                 std::span(order).subspan(first[g], first[g + 1] - first[g]), context, result);
  }
  return result;
}

std::string to_text(const RetentionPolicy& policy, const Reason& reason) {
  return std::visit([&](const auto& dialect) { return words(dialect, reason); }, policy);
}

std::optional<std::vector<std::string>> tags_at_birth(const RetentionPolicy& policy,
                                                      std::vector<std::string> usual, Instant when,
                                                      std::optional<Instant> previous,
                                                      const Zone& zone) {
  if (const auto* sanoid = std::get_if<SanoidPolicy>(&policy)) {
    auto classes = classes_due(*sanoid, when, previous, zone);
    if (classes.empty()) return std::nullopt;
    return classes;
  }
  const auto* native = std::get_if<NativePolicy>(&policy);
  if (native == nullptr || native->types == NativePolicy{}.types) return usual;
  return names(time_tags(when, previous));
}

bool birth_looks_back(const RetentionPolicy& policy) {
  return std::holds_alternative<VeeamPolicy>(policy);
}

Birth birth(const RetentionPolicy& policy, const Point& newborn, std::span<const Point> older,
            const PlanContext& context) {
  return std::visit([&](const auto& dialect) { return born(dialect, newborn, older, context); },
                    policy);
}

Point to_point(const RetentionPolicy& policy, const Snapshot& snapshot) {
  Point point;
  point.time = snapshot.trusted_time();
  point.end = snapshot.end.value_or(point.time);
  point.expires = snapshot.expires.value_or(kNoExpiry);
  point.size_bytes = snapshot.size_bytes;
  point.offset_seconds = static_cast<std::int32_t>(snapshot.offset.count());
  if (snapshot.is_protected) point.marks |= kMarkProtected;
  if (!snapshot.pins.empty()) point.marks |= kMarkPinned;
  if (snapshot.is_incomplete) point.marks |= kMarkIncomplete;
  if (snapshot.origin == Origin::kManual) point.marks |= kMarkManual;
  if (snapshot.origin == Origin::kCopy) point.marks |= kMarkCopy;
  std::visit([&](const auto& dialect) { mark(dialect, snapshot, point); }, policy);
  return point;
}

}  // namespace backcast::policy
