// Clusters of several nodes, each with its data in a place of its own. The source of such a cluster
// is {"nodes": [{"name": "a", "primary": true, "source": {…}}, {"name": "b", "source": {…}}]}.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/control/plane/commands.h"
#include "engine/kinds/runner/tasks.h"
#include "engine/policy/service/nodes.h"

namespace backcast::service {

struct NodePlace {
  std::string name;  // "" = the only one
  bool primary = true;
  kinds::DataPlace data;
};

// At least one, of which one is the primary. Errors: kBadInput for a source that says it otherwise.
Result<std::vector<NodePlace>> nodes_of(const std::string& kind, const std::string& source);

// That makes the backup. A node is healthy that tells what it holds; one alone is not asked.
// kFailed where none is.
Result<NodePlace> node_for(const std::vector<NodePlace>& nodes, policy::NodeRule rule,
                           bool automatic, std::uint64_t draw, env::Env& env);

}  // namespace backcast::service
