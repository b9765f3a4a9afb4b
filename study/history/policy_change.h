// What a retention policy makes of a history when backups go on, and what another one would.
#pragma once

#include <optional>
#include <vector>

#include "study/history/forecast.h"

namespace backcast::study {

// Which restore points a plan keeps, by index of the history.
std::vector<bool> kept_by(const policy::Plan& plan);

struct KeptSum {
  std::size_t restore_points = 0, kept = 0;
  std::uint64_t bytes = 0, kept_bytes = 0;  // whole sizes, as if nothing were shared
};
KeptSum sum_of(const std::vector<policy::Snapshot>& history, const policy::Plan& plan);

// What exists at context.now if backups go on under the policy, by the schedule, from the newest
// restore point or from `since`. Errors: kBadInput if that is not before context.now; as forecast.
Result<std::vector<policy::Snapshot>> continued(const policy::RetentionPolicy& policy,
                                                std::vector<policy::Snapshot> history,
                                                const policy::Schedule& schedule,
                                                std::optional<Instant> since,
                                                const policy::PlanContext& context);

// One side of a change of policy: what it keeps now, and when what is there goes.
struct PolicyOutcome {
  policy::Plan plan;
  Forecast future;
};
// Errors: as forecast.
Result<PolicyOutcome> outcome_of(const policy::RetentionPolicy& policy,
                                 const std::vector<policy::Snapshot>& history,
                                 const policy::Schedule& schedule,
                                 const policy::PlanContext& context, Instant until);

// One restore point a day, at the time of day of the newest one.
Result<policy::Schedule> daily_like(const std::vector<policy::Snapshot>& history,
                                    const policy::Zone& zone);

}  // namespace backcast::study
