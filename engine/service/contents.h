// What the catalogue keeps of a backup's contents and of what a restore is asked for, as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/control/plane/commands.h"
#include "engine/kinds/capture/cluster_source.h"

namespace backcast::service {

// The description of a capture, with the cluster's configuration at that time and the node that it
// was made of; "" = it has but one.
std::string contents_with(const std::string& described, const control::Cluster& cluster,
                          const std::vector<std::string>& warnings, const std::string& node);
void read_configuration(const nlohmann::json& configuration, control::Cluster& cluster);

// {"collections": [{"database", "name", "to_database", "to_name", "load", "replaces", "priority",
// "shard"}], "load": "as_saved" | "loaded" | "released", "users", "max_shards", "logins": [{"user",
// "password"}]}; "" = all of it. In place what the cluster holds goes, and nothing can be chosen.
Result<kinds::RestoreChoice> choice_of(const std::string& text, const std::string& contents,
                                       bool in_place);

}  // namespace backcast::service
