// A retention plan kept up to date while restore points come and go, so that a run with very many
// of them need not plan all of them after each new one. The rules are the dialect's own; only which
// restore points can have lost their last reason to stay is known without asking.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "engine/policy/retention/retention.h"

namespace backcast::policy {

class RollingPlan {
 public:
  // nullptr for a policy that cannot be followed like this: then plan() is the way. The policy must
  // outlive the plan. Those of restic from 0.16 on, borg, PBS, kopia (but for its collision) and
  // native ones that limit neither bytes nor classes can.
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
  // only a whole plan can tell: before the first one, out of order, or where what happens at once
  // is more than it follows. `settle` then tells what that plan said of all that are there; after
  // it the caller removes what goes. O(log n), or for other dialects than restic's as long as a
  // plan of a few restore points for each rule. The zone is the same each time.
  std::optional<std::vector<Dropped>> dropped(const PlanContext& context);
  void settle(std::span<const std::uint32_t> ids, std::span<const Point> points, const Plan& plan);

 private:
  struct State;
  RollingPlan();
  std::unique_ptr<State> restic_;  // one of these two
  std::unique_ptr<class ContractedPlan> others_;
};

}  // namespace backcast::policy
