#include "engine/policy/service/nodes.h"

#include <vector>

namespace backcast::policy {

std::optional<std::size_t> backup_node(NodeRule rule, std::span<const Node> nodes, bool automatic,
                                       std::uint64_t draw) {
  std::vector<std::size_t> healthy;
  std::optional<std::size_t> primary;
  for (std::size_t at = 0; at < nodes.size(); ++at) {
    if (!nodes[at].healthy) continue;
    healthy.push_back(at);
    if (nodes[at].primary) primary = at;
  }
  if (healthy.empty()) return std::nullopt;
  if (rule == NodeRule::kSpreads && automatic) return healthy[draw % healthy.size()];
  return primary.value_or(healthy.front());
}

}  // namespace backcast::policy
