// Fleets: many services of one kind, read once. A small one, or one whose services share a quota or
// a link with others, becomes that many services; any other is kept as a whole.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "scenarios/load/build.h"
#include "sim/run/fleet.h"

namespace backcast::scenario {
namespace {

using nlohmann::json;
using sim::Distribution;

// How the fields of a law are read: sizes, or shares and plain numbers.
using Reader = std::optional<double> (*)(const Node& node, std::string_view key);

std::optional<double> bytes_in(const Node& node, std::string_view key) {
  const auto bytes = node.signed_bytes(key);
  return bytes ? std::optional(static_cast<double>(*bytes)) : std::nullopt;
}
std::optional<double> share_in(const Node& node, std::string_view key) {
  return node.signed_share(key);  // read_law says what may be negative
}

// `least`: what no draw may lie below; a log-normal one never does.
std::optional<Distribution> read_law(const Node& fleet, std::string_view field, Reader read,
                                     std::optional<double> least = 0) {
  if (!fleet.has(field)) return std::nullopt;
  const Node node = fleet.child(field);
  Distribution law;
  if (node.has("log_normal") == node.has("uniform")) {
    node.fault("a distribution is one of \"log_normal\" and \"uniform\"");
    return std::nullopt;
  }
  if (node.has("log_normal")) {
    const Node fields = node.child("log_normal");
    law.kind = Distribution::Kind::kLogNormal;
    law.a = read(fields, "median").value_or(0);
    law.b = fields.number("sigma").value_or(0);
    if (!(law.a > 0)) fields.fault_at("median", "median must be greater than 0");
  } else {
    const Node fields = node.child("uniform");
    law.kind = Distribution::Kind::kUniform;
    law.a = read(fields, "from").value_or(0);
    law.b = read(fields, "to").value_or(0);
    if (law.a > law.b) fields.fault_at("to", "smaller than \"from\"");
    if (least && law.a < *least) {
      fields.fault_at("from", fmt::format("cannot be less than {:g}", *least));
    }
  }
  return law;
}

// What the fleet's services share with each other, or "".
std::string shared_by(const Build& build, const sim::Service& service) {
  const sim::Scenario& scenario = build.scenario;
  const sim::Project& project = scenario.projects[service.project];
  if (project.quota_bytes) return "the quota of project " + project.name;
  // A limit on jobs at once may cover them; a fleet then is simulated together as well.
  for (const Node& limit : build.root.items("limits")) {
    const auto region = limit.text("region"), named = limit.text("project");
    const auto names = limit.texts("service");
    const bool covers =
        (!region || *region == service.region) && (!named || *named == project.name) &&
        (names.empty() || std::find(names.begin(), names.end(), "*") != names.end() ||
         std::find(names.begin(), names.end(), service.name) != names.end());
    if (covers) return "a limit on jobs that run at once";
  }
  for (const Node& repository : build.root.items("repositories")) {
    const auto names = repository.texts("service");
    const bool has_it = std::find(names.begin(), names.end(), service.name) != names.end() ||
                        std::find(names.begin(), names.end(), "*") != names.end();
    if (has_it) return "repository " + repository.text("name").value_or("");
  }
  for (const sim::LinkSpec& link : scenario.links) {
    if (link.from == service.region) {
      return fmt::format("the link from {} to {}", link.from, link.to);
    }
  }
  return {};
}

// Restore points of the fleets that are simulated one service after the other, so far.
double expanded_points(const sim::Scenario& scenario) {
  double points = 0;
  for (const sim::Expanded& one : scenario.expanded) {
    points += expected_points(scenario, one.fleet.service) * static_cast<double>(one.fleet.count);
  }
  return points;
}

void expand(Build& build, const Node& node, const sim::Fleet& fleet, const Made& made) {
  const sim::Draws draws(build.scenario.seed, 0);
  build.scenario.expanded.push_back(
      {fleet, static_cast<std::uint32_t>(build.scenario.services.size())});
  for (std::uint64_t i = 0; i < fleet.count; ++i) {
    Made member = made;
    member.service = sim::member_of(fleet, draws, i);
    build.fleet_members[fleet.name].push_back(
        static_cast<std::uint32_t>(build.scenario.services.size()));
    add_service(build, node, std::move(member));
  }
}

void add_fleet(Build& build, const Node& node, const std::string& name, const json& defaults) {
  sim::Fleet fleet;
  fleet.name = name;
  fleet.count =
      static_cast<std::uint64_t>(std::max<std::int64_t>(node.integer("count").value_or(0), 0));
  fleet.first_entity = build.next_entity;
  if (fleet.count > kMaxFleetServices) {
    node.fault_at("count",
                  fmt::format("{} services are more than the {} of one fleet", fleet.count,
                              kMaxFleetServices),
                  "split the fleet into several scenarios, or simulate a sample of it");
    return;
  }
  json own = node.child("service").value();
  fleet.size_bytes = read_law(node, "size", bytes_in);
  if (fleet.size_bytes && own.is_object()) own["size"] = "1 GB";  // until one is drawn
  fleet.growth_bytes_per_day = read_law(node, "growth_per_day", bytes_in, std::nullopt);
  fleet.growth_share_per_year = read_law(node, "growth_per_year", share_in, kFastestShrinking);
  fleet.stored_share = read_law(node, "stored_share", share_in);
  fleet.activity = read_law(node, "activity", share_in);
  auto made = make_service(build, node.child("service"), own, defaults, name);
  if (!made) return;
  if (build.service_index.contains(name) || build.fleet_index.contains(name) ||
      build.fleet_members.contains(name)) {
    node.fault_at("name", fmt::format("the name \"{}\" is defined twice", name));
    return;
  }
  fleet.service = made->service;
  const double points = expected_points(build.scenario, fleet.service);
  const bool is_small =
      fleet.count <= kMaxDetailedServices &&
      points * static_cast<double>(fleet.count) + expanded_points(build.scenario) <=
          kMaxDetailedPoints;
  const std::string shared = shared_by(build, fleet.service);
  if (is_small || !shared.empty()) {
    if (build.scenario.services.size() + fleet.count > kMaxServices) {
      node.fault_at("count",
                    fmt::format("{} services that share {} are simulated together, and at most {} "
                                "can be",
                                fleet.count, shared, kMaxServices),
                    "split the fleet into several scenarios, or leave out what they share");
      return;
    }
    return expand(build, node, fleet, *made);
  }
  build.fleet_index[name] = static_cast<std::uint32_t>(build.scenario.fleets.size());
  build.next_entity += static_cast<std::uint32_t>(fleet.count);
  build.scenario.fleets.push_back(std::move(fleet));
  build.profile_of_fleet.push_back(made->profile);
  build.pointer_of_fleet.push_back(node.pointer());
  build.own_fields_of_fleet.push_back(std::move(made->own));
}

}  // namespace

void read_fleets(Build& build) {
  const json defaults = build.root.child("defaults").value();
  for (const Node& node : build.root.items("fleets")) {
    if (const auto name = node.text("name")) add_fleet(build, node, *name, defaults);
  }
}

}  // namespace backcast::scenario
