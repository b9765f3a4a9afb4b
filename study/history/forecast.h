// What becomes of a history when backups go on: one more restore point at each run of a schedule,
// and the policy applied after each, as the tool does. Pure; the same plan() and birth() as ever.
#pragma once

#include <optional>
#include <vector>

#include "engine/policy/retention/retention.h"
#include "engine/policy/schedule/schedule.h"

namespace backcast::study {

struct Forecast {
  // By index of the history: when it is deleted; `now` if the policy deletes it at once; nothing if
  // it is still there at the end.
  std::vector<std::optional<Instant>> gone_at{};
  std::vector<policy::Snapshot> left{};  // what exists at the end, new restore points included
};

// From context.now until `until`. Every source (host, user and paths) of the history gets a restore
// point at each run, with size and tags like its newest one; an empty history starts with one
// source. What expires goes at its moment of expiry, everything else after a run. Errors: kBadInput
// if that would be more than 50 million decisions.
Result<Forecast> forecast(const policy::RetentionPolicy& policy,
                          std::vector<policy::Snapshot> history, const policy::Schedule& schedule,
                          const policy::PlanContext& context, Instant until);

}  // namespace backcast::study
