// Keys of projects, the services that name them, and the regions that projects are bound to.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/policy/service/restore_target.h"
#include "scenarios/load/build.h"

namespace backcast::scenario {
namespace {

std::vector<std::string> names_in(const Build& build, std::uint32_t project) {
  std::vector<std::string> names;
  for (const sim::Key& key : build.scenario.keys) {
    if (key.project == project) names.push_back(key.name);
  }
  return names;
}

}  // namespace

void read_keys(Build& build, const Node& fields, std::uint32_t project) {
  const sim::Project& of = build.scenario.projects[project];
  for (const Node& node : fields.items("keys")) {
    const auto name = node.text("name"), region = node.text("region");
    if (!name || !region) continue;  // the schema has told
    const std::vector<std::string> others = names_in(build, project);
    if (std::find(others.begin(), others.end(), *name) != others.end()) {
      node.fault_at("name", fmt::format("the key \"{}\" is defined twice", *name));
      continue;
    }
    const policy::ServicePlan plan = build.plan_of_project[project].plan;
    if (Status fits = policy::check_key(*of.rules, plan); !fits.ok()) {
      node.fault(fits.error().message, fits.error().hint);
    }
    if (Status room = policy::check_key_count(*of.rules, others.size()); !room.ok()) {
      node.fault(room.error().message, room.error().hint);
    }
    build.scenario.keys.push_back({*name, project, *region});
  }
}

std::optional<std::uint32_t> key_in(const Build& build, const Node& node, std::uint32_t project) {
  const auto name = node.text("key");
  if (!name) return std::nullopt;
  const auto& keys = build.scenario.keys;
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const sim::Key& key) {
    return key.project == project && key.name == *name;
  });
  const sim::Project& of = build.scenario.projects[project];
  if (found == keys.end()) {
    const std::vector<std::string> names = names_in(build, project);
    node.fault_at("key", fmt::format("project {} has no key {}", of.name, printable(*name)),
                  names.empty() ? "give the project \"keys\": [{\"name\": …, \"region\": …}]"
                                : did_you_mean(*name, names));
    return std::nullopt;
  }
  const policy::ServicePlan plan = build.plan_of_project[project].plan;
  if (Status fits = policy::check_key(*of.rules, plan); !fits.ok()) {
    node.fault_at("key", std::move(fits).error());
  }
  return static_cast<std::uint32_t>(found - keys.begin());
}

void read_sealing(Build& build, const Node& node, sim::Service& service) {
  const sim::Project& project = build.scenario.projects[service.project];
  const Status bound =
      policy::check_region(*service.rules, project.name, project.regions, service.region);
  if (!bound.ok()) node.fault_at("region", bound.error());
  service.key = key_in(build, node, service.project);
  if (!service.key) return;
  const std::string& region = build.scenario.keys[*service.key].region;
  if (policy::why_no_key(policy::NamedKey{region}, service.region) == policy::Why::kNothing) return;
  node.fault_at(
      "key",
      fmt::format("the key is of region {}, and {} of {}", region, service.name, service.region),
      "a service takes a key of its own region");
}

}  // namespace backcast::scenario
