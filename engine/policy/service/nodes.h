// Which node of a service makes a backup.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace backcast::policy {

enum class NodeRule : std::uint8_t {
  kPrimary,  // always the primary
  kSpreads,  // automatic ones on any healthy node, so that none bears them all
};

struct Node {
  bool primary = false, healthy = true;
};

// The place of the node, or nothing where none is healthy. By hand the primary makes it, and where
// that is not healthy the first that is. `draw` is uniform over its range.
std::optional<std::size_t> backup_node(NodeRule rule, std::span<const Node> nodes, bool automatic,
                                       std::uint64_t draw);

}  // namespace backcast::policy
