// A retention plan kept up to date while restore points come and go, so that a run with very many
// of them need not plan all of them after each new one. The rules are the dialect's own; only which
// restore points can have lost their last reason to stay is known without asking.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/policy/retention.h"

namespace backcast::policy {

class RollingPlan {
 public:
  // nullptr for a policy that cannot be followed like this: then plan() is the way. The policy must
  // outlive the plan. Restic's rules of 0.16 and newer can.
  static std::unique_ptr<RollingPlan> of(const RetentionPolicy& policy);
  ~RollingPlan();

  // One that is newer than all others. Ids are the caller's, each once.
  void add(std::uint32_t id, const Point& point);
  void remove(std::uint32_t id);

  struct Dropped {
    std::uint32_t id = 0;
    Reason reason;
  };
  // What plan() over all of them lets go, oldest first; the caller then removes them. Nothing where
  // only a whole plan can tell: before the first one, after several additions, or out of order.
  // Once that has been asked, and what it let go is removed, `settle` says so. O(log n).
  std::optional<std::vector<Dropped>> dropped(const PlanContext& context);
  void settle();

 private:
  struct State;
  explicit RollingPlan(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace backcast::policy
