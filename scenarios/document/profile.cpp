#include "scenarios/document/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/base/document.h"
#include "engine/base/document/node.h"
#include "scenarios/document/schema_check.h"
#include "scenarios/document/shipped.h"

namespace backcast::scenario {
namespace {

using nlohmann::json;

Result<Profile, Errors> parse_profile(std::string_view text, const std::string& name) {
  auto document = Document::parse_file(text, name);
  if (!document.ok()) return Errors{std::move(document).error()};
  if (auto errors = check_schema(*document, "schema/profile.schema.json"); !errors.empty()) {
    return errors;
  }
  const json& root = document->root();
  return Profile{root.at("profile").get<std::string>(),
                 policy::service_rules(root.at("rules").get<std::string>()),  // the schema has each
                 std::make_shared<json>(root)};
}

// "az-*" fits every name that begins with "az-".
bool fits(std::string_view pattern, std::string_view region) {
  if (!pattern.ends_with('*')) return pattern == region;
  pattern.remove_suffix(1);
  return region.starts_with(pattern);
}

bool lists(const json& patterns, std::string_view region) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const json& pattern) {
    return fits(pattern.get_ref<const std::string&>(), region);
  });
}

// By cloud: the regions that bear no cloud's name in theirs.
const json& known_regions() {
  static const json kRegions = [] {
    const auto document =
        Document::parse(shipped_text("clouds/regions.json").value_or("{}"), "clouds/regions.json");
    return document.ok() ? document->root() : json::object();
  }();
  return kRegions;
}

}  // namespace

bool is_path(std::string_view name) {
  return name.find('/') != name.npos || name.ends_with(".json") || is_yaml_name(name);
}

Result<Profile, Errors> find_profile(std::string_view name_or_path) {
  const std::string name(name_or_path);
  if (is_path(name)) {
    auto text = read_text_file(name, 1 << 20);
    if (!text.ok()) return Errors{std::move(text).error()};
    return parse_profile(*text, name);
  }
  if (const auto text = shipped_text("profiles/" + name + ".json")) {
    return parse_profile(*text, "profiles/" + name + ".json");
  }
  const auto names = shipped_names("profiles");
  return Errors{bad_input(fmt::format("unknown provider \"{}\"", name),
                          did_you_mean(name, std::span<const std::string_view>(names)) +
                              "; or give the path of a profile of your own")};
}

json with_defaults(const Profile& profile, std::string_view cloud, const json& defaults,
                   const json& service) {
  const json& document = *profile.document;
  json fields = document.value("service", json::object());
  if (const auto clouds = document.find("clouds");
      clouds != document.end() && clouds->contains(cloud)) {
    fields.merge_patch(clouds->at(std::string(cloud)).value("service", json::object()));
  }
  if (defaults.is_object()) fields.merge_patch(defaults);
  if (service.is_object()) fields.merge_patch(service);
  return fields;
}

std::vector<std::string> clouds_of(const Profile& profile) {
  std::vector<std::string> names;
  const auto clouds = profile.document->find("clouds");
  if (clouds == profile.document->end()) return names;
  for (const auto& [name, unused] : clouds->items()) names.push_back(name);
  return names;
}

std::string cloud_of(const Profile& profile, std::string_view region) {
  std::string found;
  for (const std::string& name : clouds_of(profile)) {
    const json& own = profile.document->at("clouds").at(name);
    const bool is_there = region == name || region.starts_with(name + "-") ||
                          lists(own.value("regions", json::array()), region) ||
                          lists(known_regions().value(name, json::array()), region);
    if (!is_there) continue;
    if (!found.empty()) return {};
    found = name;
  }
  return found;
}

const json* said_for_cloud(const Profile& profile, std::string_view cloud, std::string_view key) {
  const auto in = [key](const json& fields) {
    const auto found = fields.find(key);
    return found == fields.end() ? nullptr : &*found;
  };
  const auto clouds = profile.document->find("clouds");
  if (clouds != profile.document->end() && clouds->contains(cloud)) {
    if (const json* own = in(clouds->at(std::string(cloud)))) return own;
  }
  return in(*profile.document);
}

}  // namespace backcast::scenario
