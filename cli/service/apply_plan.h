// What a service would have to change to run a scenario's policy.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "scenarios/load/load.h"
#include "study/live/from_service.h"

namespace backcast::cli {

// One call, in the order in which they are made.
struct Change {
  char sign = '+';      // '+' created, '~' changed, '-' deleted
  std::string what;     // "schedule"
  std::string subject;  // "shop/vectors nightly"
  std::string detail;   // "retention: native: --ttl 7d -> native: --ttl 14d"
  std::string method, target;
  std::string body;  // JSON; "" = none
};

struct ApplyPlan {
  std::vector<Change> changes;
  std::vector<std::string> notes;  // what of the scenario is no policy
};

// Where the data of clusters is that there are not yet: JSON by the name of the service.
using Sources = std::map<std::string, std::string>;

// `applied`: the scenarios that the service has. Errors: everything that a service cannot run, each
// with its place in the document; clusters that there are not and of which nobody says where their
// data is.
Result<ApplyPlan, Errors> plan_apply(const scenario::Loaded& loaded,
                                     const study::ServiceState& state,
                                     const std::vector<control::AppliedScenario>& applied,
                                     const Sources& sources);

}  // namespace backcast::cli
