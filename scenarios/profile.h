// Provider profiles: data files that fill in what a scenario leaves out (defaults, plans, clouds)
// and state the provider's units and conventions. profiles/*.json travel inside the program; a
// scenario may also name a file of its own.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "engine/base/error.h"

namespace backcast::scenario {

struct Profile {
  std::string name;
  std::shared_ptr<const nlohmann::json> document;  // valid against profile.schema.json
};

// Errors: kBadInput for an unknown name (with the nearest), or the faults of a user's file.
Result<Profile, Errors> find_profile(std::string_view name_or_path);

// The fields of a service under this profile: the profile's own, those of its cloud, `defaults` of
// the scenario, then the service itself; later ones win, objects are merged (RFC 7386).
nlohmann::json with_defaults(const Profile& profile, std::string_view cloud,
                             const nlohmann::json& defaults, const nlohmann::json& service);

// The cloud a region's name begins with ("gcp-us-west1" is "gcp"), or "" if the profile has none
// of that name.
std::string cloud_of(const Profile& profile, std::string_view region);

}  // namespace backcast::scenario
