// Provider profiles: data files that fill in what a scenario leaves out (defaults, plans, clouds)
// and state the provider's units and conventions. profiles/*.json travel inside the program; a
// scenario may also name a file of its own.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/policy/service/service_rules.h"

namespace backcast::scenario {

struct Profile {
  std::string name;
  const policy::ServiceRules* rules = nullptr;     // that the document names
  std::shared_ptr<const nlohmann::json> document;  // valid against profile.schema.json
};

// Whether a document means a file by this name, and not something that is shipped.
bool is_path(std::string_view name);

// Errors: kBadInput for an unknown name (with the nearest), or the faults of a user's file.
Result<Profile, Errors> find_profile(std::string_view name_or_path);

// The fields of a service under this profile: the profile's own, those of its cloud, `defaults` of
// the scenario, then the service itself; later ones win, objects are merged (RFC 7386).
nlohmann::json with_defaults(const Profile& profile, std::string_view cloud,
                             const nlohmann::json& defaults, const nlohmann::json& service);

// The profile's clouds by name; none where it has no clouds.
std::vector<std::string> clouds_of(const Profile& profile);
// The cloud among them that a region belongs to: its name begins with the cloud's ("gcp-us-west1"),
// or stands in the profile's list for that cloud or in clouds/regions.json. "" if in none, or in
// those of several.
std::string cloud_of(const Profile& profile, std::string_view region);
// What the profile says of a key for this cloud, else for all; null if nothing.
const nlohmann::json* said_for_cloud(const Profile& profile, std::string_view cloud,
                                     std::string_view key);

}  // namespace backcast::scenario
