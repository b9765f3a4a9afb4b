#include "engine/policy/placement.h"

#include <fmt/format.h>

#include <bit>

#include "engine/base/checked.h"

namespace backcast::policy {
namespace {

bool is_healthy(const Nodes& nodes, int node) {
  return node >= 0 && node < 64 && (nodes.healthy >> node & 1) != 0;
}

// The n-th healthy node, n drawn without a bias worth speaking of.
int drawn_node(std::uint64_t healthy, std::uint64_t draw) {
  const auto count = static_cast<unsigned>(std::popcount(healthy));
  auto n = static_cast<unsigned>((static_cast<uint128>(draw) * count) >> 64);
  for (; n > 0; --n) healthy &= healthy - 1;
  return std::countr_zero(healthy);
}

}  // namespace

Placement place_backup(const Nodes& nodes, Origin origin, std::uint64_t draw) {
  if (nodes.leader_takes_all) {
    if (!is_healthy(nodes, nodes.primary)) return {};
    return {nodes.primary, PlacementReason::kLeader};
  }
  if (nodes.healthy == 0) return {};
  if (origin != Origin::kManual) {
    return {drawn_node(nodes.healthy, draw), PlacementReason::kDrawn};
  }
  if (is_healthy(nodes, nodes.primary)) return {nodes.primary, PlacementReason::kPrimary};
  return {drawn_node(nodes.healthy, draw), PlacementReason::kPrimaryDown};
}

std::string explain(const Placement& placement) {
  switch (placement.reason) {
    case PlacementReason::kPrimary:
      return fmt::format("node {}: the primary, for a backup by hand", placement.node);
    case PlacementReason::kDrawn:
      return fmt::format("node {}: drawn among the healthy ones", placement.node);
    case PlacementReason::kLeader:
      return fmt::format("node {}: the leader makes every backup", placement.node);
    case PlacementReason::kPrimaryDown:
      return fmt::format("node {}: drawn, the primary is not healthy", placement.node);
    case PlacementReason::kNoneHealthy:
      return "no healthy node: nothing is stored, the next run tries again";
  }
  return {};
}

}  // namespace backcast::policy
