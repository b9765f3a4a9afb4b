// On which node of a highly available service a backup runs.
#pragma once

#include <cstdint>
#include <string>

#include "engine/policy/history.h"

namespace backcast::policy {

// Nodes by bit: bit n is node n, up to 64.
struct Nodes {
  std::uint64_t healthy = 0;
  int primary = -1;               // the primary or leader; -1 = none
  bool leader_takes_all = false;  // Qdrant: every backup runs on the leader
};

enum class PlacementReason : std::uint8_t {
  kPrimary,      // by hand: the primary
  kDrawn,        // automatic: one of the healthy nodes, by the draw
  kLeader,       // always the leader
  kPrimaryDown,  // by hand, but the primary is not healthy: drawn
  kNoneHealthy,  // no node can run it: the backup fails and the next one tries again
};

struct Placement {
  int node = -1;
  PlacementReason reason = PlacementReason::kNoneHealthy;
};

// `draw` is uniform over all 64-bit values; equal draws choose equal nodes.
Placement place_backup(const Nodes& nodes, Origin origin, std::uint64_t draw);
std::string explain(const Placement& placement);

}  // namespace backcast::policy
