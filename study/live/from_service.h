// A scenario made of what a service runs: its clusters and policies, and the backups that exist. It
// goes on from there.
#pragma once

#include <string>
#include <vector>

#include "engine/control/plane/commands.h"
#include "study/start/start.h"

namespace backcast::study {

// A service at one moment, as it says itself.
struct ServiceState {
  struct Held {
    control::Cluster cluster;
    bool schedules_on = true;
    std::vector<control::Schedule> schedules;
    std::vector<control::Backup> backups;  // available or in work
  };
  Instant now{};
  std::vector<control::Project> projects;
  std::vector<Held> clusters;
  std::vector<control::Limit> limits;
  std::vector<control::AppliedScenario> scenarios;
};

// `days`: how long the run is to be. Requirements, prices and speeds are those of the scenarios
// that were applied. What a scenario cannot say is in the notes, and clusters of which nothing is
// known but their name are left out, with the reason. Errors: no cluster can be simulated; every
// fault of the document, as where a vendor's rules refuse what stands there.
Result<Started, Errors> start_from_service(const ServiceState& state, std::uint32_t days);

}  // namespace backcast::study
