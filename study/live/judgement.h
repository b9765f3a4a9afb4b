// Whether a policy that was switched on holds what it requires, by the definitions that judge a
// simulated run: what a service did since then is read as such a run.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/usage.h"
#include "study/live/from_service.h"

namespace backcast::study {

struct LiveRequirement {
  std::string scenario, name;
  std::string statement;         // "the newest restore point of db is never older than 26h"
  std::string state;             // "holds", "broken", "unknown"
  std::optional<Instant> since;  // it is broken
  std::string why;               // it is broken or unknown
  std::string limit, observed;   // the worst since it was switched on
  Duration broken_for{0};        // in all, until now
};

// `state.clusters` with all their backups, those that are gone as well; `restores` are the jobs.
// `usage`: since the scenario was applied; asked for where it limits a bill. A document that cannot
// be read any more is one unknown requirement, which says why.
std::vector<LiveRequirement> judge_live(const control::AppliedScenario& applied,
                                        const ServiceState& state,
                                        const std::vector<control::Job>& restores,
                                        const std::function<std::vector<UsageRecord>()>& usage);

}  // namespace backcast::study
