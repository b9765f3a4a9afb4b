#include "engine/service/nodes.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/kinds/capture/cluster_source.h"

namespace backcast::service {
namespace {

using nlohmann::json;

constexpr const char* kShape =
    R"(as {"nodes": [{"name": "a", "primary": true, "source": {…}}, {"name": "b", "source": {…}}]})";

bool is_healthy(const NodePlace& node, env::Env& env) {
  const auto source = kinds::open_source(node.data.kind, node.data.source, env);
  return source.ok() && (*source)->describe().ok();
}

}  // namespace

Result<std::vector<NodePlace>> nodes_of(const std::string& kind, const std::string& source) {
  const json value = json::parse(source, nullptr, false);
  if (!value.is_object() || !value.contains("nodes")) {
    return std::vector<NodePlace>{{"", true, {kind, source}}};
  }
  std::vector<NodePlace> nodes;
  std::set<std::string> names;
  try {
    for (const json& node : value.at("nodes")) {
      nodes.push_back({node.at("name").get<std::string>(),
                       node.value("primary", false),
                       {kind, node.at("source").dump()}});
      names.insert(nodes.back().name);
    }
  } catch (const json::exception&) {
    return bad_input("the nodes of a cluster need names and sources", kShape);
  }
  const auto primaries =
      std::count_if(nodes.begin(), nodes.end(), [](const NodePlace& node) { return node.primary; });
  if (primaries != 1 || names.size() != nodes.size() || value.size() != 1) {
    return bad_input("a cluster has nodes of different names, one of them the primary", kShape);
  }
  return nodes;
}

Result<NodePlace> node_for(const std::vector<NodePlace>& nodes, policy::NodeRule rule,
                           bool automatic, std::uint64_t draw, env::Env& env) {
  if (nodes.size() == 1) return nodes.front();
  std::vector<policy::Node> states;
  for (const NodePlace& node : nodes) states.push_back({node.primary, is_healthy(node, env)});
  const auto chosen = policy::backup_node(rule, states, automatic, draw);
  if (!chosen) return failed("no node of the cluster answers");
  return nodes[*chosen];
}

}  // namespace backcast::service
