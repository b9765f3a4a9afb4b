// Projects and services: defaults filled in, names resolved.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/base/time_math.h"
#include "engine/policy/retention/tags.h"
#include "scenarios/load/build.h"
#include "scenarios/load/vendor_checks.h"
#include "sim/model/portable_math.h"

namespace backcast::scenario {
namespace {

using nlohmann::json;

std::vector<std::string> names_of(const std::map<std::string, std::uint32_t, std::less<>>& index) {
  std::vector<std::string> names;
  for (const auto& [name, unused] : index) names.push_back(name);
  return names;
}

// A project's fields: the profile's, those of its plan, then its own.
json project_fields(const Node& node, const Profile& profile) {
  json fields = profile.document->value("project", json::object());
  const std::string plan = node.text("plan").value_or(fields.value("plan", std::string()));
  const bool is_known = take_plan(node, profile, plan, fields);
  fields.merge_patch(node.value());
  if (!is_known) fields.erase("plan");  // told once
  return fields;
}

void add_project(Build& build, const Node& node, const std::string& name, const Profile& profile) {
  build.merged.push_back(project_fields(node, profile));
  const Node fields(build.merged.back(), node.pointer(), build.faults);
  sim::Project project = read_project(fields, node, name, profile);
  if (build.project_index.contains(name)) {
    node.fault_at("name", fmt::format("the project \"{}\" is defined twice", name));
    return;
  }
  build.project_index[name] = static_cast<std::uint32_t>(build.scenario.projects.size());
  build.plan_of_project.push_back(read_plan(fields, project));
  build.fields_of_project.push_back(fields.value());
  build.profile_of_project.push_back(&profile);
  build.scenario.projects.push_back(std::move(project));
  read_keys(build, fields, build.project_index[name]);
}

// The provider a service or project names, else the scenario's, else none at all.
const Profile* provider_of(Build& build, const Node& node, const json& defaults) {
  if (const auto own = node.text("provider")) return build.profile(node, "provider", *own);
  if (defaults.is_object() && defaults.contains("provider") && defaults["provider"].is_string()) {
    return build.profile(build.root.child("defaults"), "provider", defaults["provider"]);
  }
  if (const auto common = build.root.text("provider")) {
    return build.profile(build.root, "provider", *common);
  }
  return build.profile(build.root, "provider", "plain");
}

std::uint32_t project_of(Build& build, const Node& node, const Profile& profile) {
  const auto given = node.text("project");
  std::string name = given.value_or("default");
  if (!given && !build.root.has("projects")) {
    // Where nobody speaks of projects, each provider has its own.
    const auto found = build.project_index.find(name);
    const bool is_theirs = found != build.project_index.end() &&
                           build.scenario.projects[found->second].provider != profile.name;
    if (is_theirs) name += "-" + profile.name;
  }
  if (const auto found = build.project_index.find(name); found != build.project_index.end()) {
    return found->second;
  }
  if (given && build.root.has("projects")) {
    node.fault_at("project", fmt::format("there is no project {}", printable(name)),
                  did_you_mean(name, names_of(build.project_index)));
    if (!build.scenario.projects.empty()) return 0;
  }
  add_project(build, build.root.child("no project given"), name, profile);
  return build.project_index[name];
}

std::optional<std::string> region_of(const Node& fields, const sim::Service& service) {
  if (auto region = fields.text("region")) return region;
  fields.fault(fmt::format("\"{}\" has no region", service.name),
               "give \"region\": \"gcp-us-west1\", or any name of your own");
  return std::nullopt;
}

void read_cost_tags(const Node& fields, sim::Service& service) {
  service.cost_tags = fields.texts("tags");
  const policy::TagCheck check = policy::check_tags(service.cost_tags, policy::kCostTags);
  if (check.ok()) return;
  fields.fault_at("tags", policy::explain(check, service.cost_tags, policy::kCostTags),
                  "give cost tags such as \"team:search\"");
}

}  // namespace

bool take_plan(const Node& node, const Profile& profile, const std::string& plan, json& fields) {
  const auto plans = profile.document->find("plans");
  if (plans == profile.document->end()) {
    if (node.has("plan")) {
      node.fault_at("plan", fmt::format("{} has no plans", profile.name), "leave the field out");
    }
    return !node.has("plan");
  }
  if (plan.empty()) return true;
  if (!plans->contains(plan)) {
    std::vector<std::string> names;
    for (const auto& [name, unused] : plans->items()) names.push_back(name);
    node.fault_at("plan", fmt::format("{} has no plan {}", profile.name, printable(plan)),
                  did_you_mean(plan, names));
    return false;
  }
  fields.merge_patch(plans->at(plan));
  fields["plan"] = plan;
  return true;
}

sim::Project read_project(const Node& fields, const Node& own, const std::string& name,
                          const Profile& profile) {
  sim::Project project;
  project.name = name;
  project.provider = profile.name;
  project.plan = fields.text("plan").value_or("");
  project.rules = profile.rules;
  project.grace = times(kDay, fields.integer("grace_days").value_or(0));
  project.regions = fields.texts("regions");
  if (const auto quota = fields.bytes("quota")) {
    project.quota_bytes = *quota;
    const auto mode = fields.text("quota_mode");
    for (const auto known : {policy::QuotaMode::kKeep, policy::QuotaMode::kBill}) {
      if (mode == policy::name(known)) project.quota_mode = known;
    }
    project.quota_ceiling_bytes = fields.bytes("quota_ceiling").value_or(UINT64_MAX);
  }
  check_project(own, project);
  return project;
}

std::optional<Made> make_service(Build& build, const Node& node, const json& own,
                                 const json& defaults, const std::string& name) {
  const Profile* profile = provider_of(build, node, defaults);
  if (profile == nullptr) return std::nullopt;
  json said = defaults.is_object() ? defaults : json::object();
  if (own.is_object()) said.merge_patch(own);
  const auto text_in = [&](const char* key) {
    const auto found = said.find(key);
    return found != said.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  const std::string cloud =
      cloud_in(Node(said, node.pointer(), build.faults), *profile, text_in("region"));
  build.merged.push_back(with_defaults(*profile, cloud, defaults, own));
  const Node fields(build.merged.back(), node.pointer(), build.faults);

  sim::Service service;
  service.name = name;
  service.provider = profile->name;
  service.rules = profile->rules;
  service.cloud = cloud;
  service.kind = fields.text("kind").value_or("");
  service.project = project_of(build, fields, *profile);
  service.region = region_of(fields, service).value_or("");
  read_sealing(build, fields, service);
  check_delta(fields, *profile, cloud);
  check_kind(fields, service);
  read_cost_tags(fields, service);
  service.book = book_of(build, fields, *profile);
  read_history(build, fields, service);
  read_past_copies(build, fields, *profile, service);
  read_workload(build, fields, service);
  read_policies(build, fields, *profile, service);
  return Made{std::move(service), profile, std::move(said)};
}

void add_service(Build& build, const Node& node, Made made) {
  const std::string& name = made.service.name;
  if (build.service_index.contains(name)) {
    node.fault_at("name", fmt::format("the service \"{}\" is defined twice", name));
    return;
  }
  build.service_index[name] = static_cast<std::uint32_t>(build.scenario.services.size());
  made.service.entity = build.next_entity++;
  build.scenario.services.push_back(std::move(made.service));
  build.profile_of_service.push_back(made.profile);
  build.pointer_of_service.push_back(node.pointer());
  build.own_fields.push_back(std::move(made.own));
}

void read_projects(Build& build) {
  for (const Node& node : build.root.items("projects")) {
    const auto name = node.text("name");
    const Profile* profile = provider_of(build, node, json());
    if (name && profile != nullptr) add_project(build, node, *name, *profile);
  }
}

void read_services(Build& build) {
  const json defaults = build.root.child("defaults").value();
  for (const Node& node : build.root.items("services")) {
    if (const auto name = node.text("name")) {
      auto made = make_service(build, node, node.value(), defaults, *name);
      if (made) add_service(build, node, std::move(*made));
    }
  }
  read_fleets(build);
  if (build.scenario.services.empty() && build.scenario.fleets.empty() && !build.faults.any()) {
    build.root.fault("there is nothing to back up",
                     "give \"services\": [{\"name\": \"db\", \"size\": \"20 GB\", …}]");
  }
}

// Read once all services are there; a fleet that a limit covers has become services of its own.
void read_limits(Build& build) {
  for (const Node& node : build.root.items("limits")) {
    sim::JobLimit limit;
    limit.rule.jobs = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(node.integer("jobs").value_or(1), 1, UINT32_MAX));
    limit.rule.wait_at_most = node.duration("wait_at_most");
    limit.region = node.text("region").value_or("");
    if (node.has("service")) limit.services = read_who(build, node, false).services;
    if (const auto project = node.text("project")) {
      const auto found = build.project_index.find(*project);
      if (found == build.project_index.end()) {
        node.fault_at("project", fmt::format("there is no project {}", printable(*project)),
                      did_you_mean(*project, names_of(build.project_index)));
        continue;
      }
      limit.project = found->second;
      limit.name = "project " + *project + "'s";
    }
    if (limit.name.empty()) limit.name = limit.region.empty() ? "these" : limit.region + "'s";
    build.scenario.limits.push_back(std::move(limit));
  }
}

namespace {

// Whether the data of a service changes fast enough for the common part to drift so: at any
// distance as much is new as the part loses.
bool may_drift(const sim::Repository& repository, const sim::Service& service,
               std::uint64_t full_bytes) {
  const double share = static_cast<double>(repository.common_bytes) /
                       static_cast<double>(std::max<std::uint64_t>(full_bytes, 1));
  for (double days = 1; days < 40'000; days *= 2) {
    const double lost = share * (1 - sim::portable_exp(-repository.drift_per_day * days));
    if (lost > 1 - service.delta.curve.alive(days) + 1e-9) return false;
  }
  return true;
}

void check_member(Build& build, const Node& node, const sim::Repository& repository,
                  std::uint32_t index) {
  const sim::Service &service = build.scenario.services[index],
                     &first = build.scenario.services[repository.services.front()];
  for (const sim::Repository& other : build.scenario.repositories) {
    if (std::binary_search(other.services.begin(), other.services.end(), index)) {
      node.fault_at("service",
                    fmt::format("{} is in repository {} already", service.name, other.name));
    }
  }
  if (service.region != first.region || service.project != first.project) {
    node.fault_at(
        "service",
        fmt::format("{} and {} are not in one region and project", first.name, service.name),
        "a repository lies in one place and is on one bill: write one for each");
  }
  if (service.delta.kind != sim::DeltaModel::Kind::kLifetimes || service.delta.trace != nullptr) {
    node.fault_at("service", fmt::format("the backups of {} are not deduplicated", service.name),
                  "give it \"delta\": \"lifetimes\"");
  }
}

std::uint64_t full_bytes_at_start(const Build& build, const sim::Service& service) {
  const Instant start = build.scenario.start;
  return sim::generation_at(service.workload, service.delta.curve, start, start).size_bytes;
}

void read_repository(Build& build, const Node& node) {
  sim::Repository repository;
  repository.name = node.text("name").value_or("");
  Who who = read_who(build, node, false);
  repository.services = std::move(who.services);
  std::sort(repository.services.begin(), repository.services.end());
  const auto twice = std::unique(repository.services.begin(), repository.services.end());
  repository.services.erase(twice, repository.services.end());
  if (repository.services.empty()) return;
  for (const sim::Repository& other : build.scenario.repositories) {
    if (other.name == repository.name) {
      node.fault_at("name", fmt::format("the name \"{}\" is defined twice", other.name));
    }
  }
  std::uint64_t least_bytes = UINT64_MAX;
  for (const std::uint32_t index : repository.services) {
    check_member(build, node, repository, index);
    least_bytes = std::min(least_bytes, full_bytes_at_start(build, build.scenario.services[index]));
  }
  const Node shared = node.child("shared");
  const double share = shared.share_up_to_one("share").value_or(0);
  repository.common_bytes =
      share >= 1 ? least_bytes
                 : static_cast<std::uint64_t>(static_cast<double>(least_bytes) * share);
  const double drift = shared.share_up_to_one("drift_per_day").value_or(0);
  repository.drift_per_day = -sim::portable_log(1 - std::min(drift, 0.999999));
  for (const std::uint32_t index : repository.services) {
    const sim::Service& service = build.scenario.services[index];
    if (may_drift(repository, service, full_bytes_at_start(build, service))) continue;
    shared.fault_at(
        "drift_per_day",
        fmt::format("what {} shares would drift faster than its data changes", service.name),
        "give less, or more \"change\" of the service");
    break;
  }
  build.scenario.repositories.push_back(std::move(repository));
}

}  // namespace

void read_repositories(Build& build) {
  for (const Node& node : build.root.items("repositories")) read_repository(build, node);
}

Who read_who(Build& build, const Node& node, bool all_by_default) {
  Who who;
  auto names = node.texts("service");
  if (names.empty() && all_by_default) names.emplace_back("*");
  for (const std::string& name : names) {
    if (name == "*") {
      who = {};
      for (std::uint32_t i = 0; i < build.scenario.services.size(); ++i) who.services.push_back(i);
      for (std::uint32_t i = 0; i < build.scenario.fleets.size(); ++i) who.fleets.push_back(i);
      return who;
    }
    if (const auto fleet = build.fleet_members.find(name); fleet != build.fleet_members.end()) {
      who.services.insert(who.services.end(), fleet->second.begin(), fleet->second.end());
      continue;
    }
    if (const auto fleet = build.fleet_index.find(name); fleet != build.fleet_index.end()) {
      who.fleets.push_back(fleet->second);
      continue;
    }
    const auto found = build.service_index.find(name);
    if (found == build.service_index.end()) {
      const auto dash = name.rfind('-');
      const bool member = dash != name.npos && build.fleet_index.contains(name.substr(0, dash));
      node.fault_at("service", fmt::format("there is no service {}", printable(name)),
                    member ? "a fleet of this size is named as a whole: \"" + name.substr(0, dash) +
                                 "\"; give a service of its own to single one out"
                           : did_you_mean(name, names_of(build.service_index)));
      continue;
    }
    who.services.push_back(found->second);
  }
  return who;
}

}  // namespace backcast::scenario
