// A scenario said to a control plane: projects, clusters, schedules, and what its events do.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/control/plane/control_plane.h"
#include "sim/model/scenario.h"

namespace backcast::rehearsal {

// What a scenario says that a control plane does not know; none: all of it can be played.
std::vector<std::string> not_played(const sim::Scenario& scenario);

// The id of a service in a rehearsal.
std::string uid_of(std::uint32_t service);

// The policy of a scenario as a control plane has it.
struct Said {
  std::vector<control::Project> projects;                 // as Scenario::projects
  std::vector<control::ClusterKey> keys;                  // as Scenario::keys
  std::vector<control::Cluster> clusters;                 // as Scenario::services; without ids
  std::vector<std::vector<control::Schedule>> schedules;  // of each of them
  std::vector<control::Limit> limits;                     // of clusters by uid_of
};
Said commands_of(const sim::Scenario& scenario);

// Of a cluster what a scenario does not say, by the number of its service: where its data lies.
using DataOf = std::function<void(std::uint32_t service, control::Cluster& cluster)>;

// Says all of it to an empty control plane, as of the scenario's start.
Status say(const sim::Scenario& scenario, control::ControlPlane& plane, const DataOf& data = {});

}  // namespace backcast::rehearsal
