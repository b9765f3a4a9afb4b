// replica_state.json of a shard in a Qdrant server's storage: {"is_local", "this_peer_id", "peers":
// {"PEER": "Active" | "Dead" | …}}, which the server goes by when it starts.
#pragma once

#include <string>

#include "engine/kinds/capture/cluster_source.h"

namespace backcast::kinds {

// What it says after the shard was recovered, out of what it said before; nothing that can be read
// stays as it is. Where no other peer is active, this one is, whatever the priority. Otherwise
// no_sync makes this one active, snapshot the others dead as well, so that they come to it, and
// replica this one dead, so that it comes to them.
std::string state_after_recovery(const std::string& before, Priority priority);

}  // namespace backcast::kinds
