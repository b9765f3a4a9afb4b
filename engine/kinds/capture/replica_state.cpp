#include "engine/kinds/capture/replica_state.h"

#include <nlohmann/json.hpp>

#include "engine/kinds/formats/json_fields.h"

namespace backcast::kinds {

using nlohmann::json;

std::string state_after_recovery(const std::string& before, Priority priority) {
  json state = json::parse(before, nullptr, false);
  if (!state.is_object() || !state.contains("this_peer_id") || object_in(state, "peers").empty()) {
    return before;
  }
  const std::string own = dumped(state["this_peer_id"]);
  json& peers = state["peers"];
  bool has_other = false;
  for (const auto& [peer, is] : peers.items())
    has_other = has_other || (peer != own && is == "Active");
  peers[own] = has_other && priority == Priority::kReplica ? "Dead" : "Active";
  if (has_other && priority == Priority::kSnapshot) {
    for (const auto& [peer, is] : peers.items()) {
      if (peer != own) is = "Dead";
    }
  }
  return dumped(state);
}

}  // namespace backcast::kinds
