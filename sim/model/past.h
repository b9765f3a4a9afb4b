// Restore points that exist already, as the delta model sees them: what each holds and how far
// operational time went between them. Simulated runs begin with them, and `retention` says with
// them what a policy frees.
#pragma once

#include <span>
#include <vector>

#include "engine/policy/retention/history.h"
#include "sim/model/delta_model.h"
#include "sim/model/workload.h"

namespace backcast::sim {

// One generation per restore point, with rising ordinals from 0. `history` is one source, oldest
// first; operational time counts from `start`, so it is negative before. Sizes are those of the
// history, as stored; where unknown, what the workload says of that instant. Between two whose
// sizes and new bytes are known, operational time goes as far as those new bytes say; elsewhere as
// far as the workload's calendar does.
std::vector<Generation> past_generations(const Workload& workload, const DeltaModel& delta,
                                         std::span<const policy::Snapshot> history, Instant start);

}  // namespace backcast::sim
