// Collections that services name, and restores of some of them, into other projects, under keys.
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"
#include "scenarios/load/build.h"

namespace backcast::scenario {
namespace {

using policy::CollectionName;

CollectionName name_in(const Node& node, const char* database, const char* name,
                       const CollectionName& otherwise) {
  return {node.text(database).value_or(otherwise.database),
          node.text(name).value_or(otherwise.name)};
}

const sim::Collection* find(const sim::Service& service, const CollectionName& name) {
  const auto& all = service.named_collections;
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

// Those that have no share divide what is left of the whole evenly; the first have the rest.
void divide(const Node& node, std::uint64_t left, const std::vector<std::size_t>& unstated,
            sim::Service& service) {
  if (unstated.empty()) return;
  if (left < unstated.size()) {
    return node.fault_at("collections", "the shares leave nothing for those that have none",
                         "give every collection its share");
  }
  const std::uint64_t each = left / unstated.size();
  std::uint64_t rest = left % unstated.size();
  for (const std::size_t at : unstated) {
    service.named_collections[at].share = each + (rest > 0 ? 1 : 0);
    if (rest > 0) --rest;
  }
}

// Which collections come back, of each service that the event names.
void read_choice(const Node& node, sim::ScheduledEvent& event) {
  for (const Node& entry : node.items("collections")) {
    policy::CollectionChoice choice;
    choice.from = name_in(entry, "database", "name", {policy::kDefaultDatabase, ""});
    choice.to = name_in(entry, "to_database", "to_name", choice.from);
    choice.load = policy::parse_load_state(entry.text("load").value_or("")).value_or(choice.load);
    event.collections.push_back(std::move(choice));
  }
}

void check_choice(const Node& node, const sim::Service& service, const sim::ScheduledEvent& event) {
  if (service.named_collections.empty()) {
    return node.fault_at(
        "collections",
        fmt::format("{} names no collections: how much of it these are is not known", service.name),
        "give the service \"collections\": [{\"name\": \"docs\", \"share\": \"40%\"}]");
  }
  const std::vector<Node> entries = node.items("collections");
  for (std::size_t i = 0; i < entries.size() && i < event.collections.size(); ++i) {
    const CollectionName& wanted = event.collections[i].from;
    if (find(service, wanted) != nullptr) continue;
    std::vector<std::string> names;
    for (const sim::Collection& one : service.named_collections) {
      if (one.name.database == wanted.database) names.push_back(one.name.name);
    }
    entries[i].fault_at("name",
                        fmt::format("{} has no collection {} in the database {}", service.name,
                                    printable(wanted.name), printable(wanted.database)),
                        names.empty() ? "give its \"database\"" : did_you_mean(wanted.name, names));
  }
}

// A new cluster has a project and a key; one that is there has its own.
void check_place(const Node& node, const sim::ScheduledEvent& event) {
  const bool is_there = event.in_place || node.has("collections");
  const char* why = event.in_place ? "in place the service itself is set back"
                                   : "collections come into a service that runs";
  for (const char* const field : {"to_project", "key"}) {
    if (is_there && node.has(field)) node.fault_at(field, why, "leave one of the two fields out");
  }
  if (node.has("collections")) {
    for (const char* const field : {"to_region", "in_place"}) {
      if (node.has(field)) node.fault_at(field, why, "leave one of the two fields out");
    }
  } else if (node.has("into")) {
    node.fault_at("into", "what of the backup comes into this service is not said",
                  "give \"collections\": [{\"name\": \"docs\", \"to_name\": \"docs_before\"}]");
  }
}

// What a field names, by its place; nothing where it is left out or names none of them.
std::optional<std::uint32_t> named_in(
    const Node& node, const char* field, const char* what,
    const std::map<std::string, std::uint32_t, std::less<>>& index) {
  const auto name = node.text(field);
  if (!name) return std::nullopt;
  if (const auto found = index.find(*name); found != index.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [known, unused] : index) names.push_back(known);
  node.fault_at(field, fmt::format("there is no {} {}", what, printable(*name)),
                did_you_mean(*name, names));
  return std::nullopt;
}

void read_into(Build& build, const Node& node, sim::ScheduledEvent& event) {
  event.into = named_in(node, "into", "service", build.service_index);
  if (!event.into || event.fleets.empty()) return;
  node.fault_at("into", "a fleet that is kept as sums has no single services that give to others",
                "give the service that it comes from by itself");
}

void read_key(Build& build, const Node& node, const sim::Service& service,
              sim::ScheduledEvent& event) {
  const auto key = key_in(build, node, event.to_project.value_or(service.project));
  if (key && event.key && *key != *event.key) {
    node.fault_at("key", "the services of this event are in several projects",
                  "write an event for each project, which has its own keys");
  }
  if (key) event.key = key;
}

void check_provider(const Build& build, const Node& node, const sim::Service& service,
                    const sim::ScheduledEvent& event) {
  const auto refuse = [&](const char* field, const std::string& theirs) {
    if (theirs == service.provider) return;
    node.fault_at(
        field,
        fmt::format("{} is with {}, and this with {}", service.name, service.provider, theirs),
        "restore where the backup's own provider is");
  };
  if (event.to_project) refuse("to_project", build.scenario.projects[*event.to_project].provider);
  if (event.into) refuse("into", build.scenario.services[*event.into].provider);
}

}  // namespace

void read_collections(const Node& node, sim::Service& service) {
  if (!node.has("collections")) return;
  if (const auto& value = node.value(); !value["collections"].is_array()) {
    service.collections = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(node.integer("collections").value_or(0), 0, UINT32_MAX));
    return;
  }
  std::uint64_t left = sim::kWholeShare;
  std::vector<std::size_t> unstated;
  for (const Node& entry : node.items("collections")) {
    sim::Collection collection;
    collection.name = name_in(entry, "database", "name", {policy::kDefaultDatabase, ""});
    if (find(service, collection.name) != nullptr) {
      entry.fault_at("name", fmt::format("the collection {} is named twice",
                                         printable(to_string(collection.name))));
      continue;
    }
    if (const auto share = entry.share_up_to_one("share")) {
      const std::uint64_t stated = sim::parts_of(std::clamp(*share, 0.0, 1.0));
      constexpr std::uint64_t kRounding = 1'000;  // of shares such as 33.33333 %
      if (stated > left + kRounding) {
        entry.fault_at("share", "the collections are more than all of the service",
                       "give shares of 100 % at most together");
      }
      collection.share = std::min(stated, left);
      left -= collection.share;
    } else {
      unstated.push_back(service.named_collections.size());
    }
    service.named_collections.push_back(std::move(collection));
  }
  divide(node, left, unstated, service);
  service.collections = static_cast<std::uint32_t>(service.named_collections.size());
}

void read_restore(Build& build, const Node& node, sim::ScheduledEvent& event) {
  check_place(node, event);
  read_choice(node, event);
  read_into(build, node, event);
  event.to_project = named_in(node, "to_project", "project", build.project_index);
  const auto read_for = [&](const sim::Service& service) {
    if (node.has("collections") && service.rules->restore.of_collections) {
      check_choice(node, service, event);
    }
    check_provider(build, node, service, event);
    read_key(build, node, service, event);
  };
  for (const std::uint32_t i : event.services) read_for(build.scenario.services[i]);
  for (const std::uint32_t i : event.fleets) read_for(build.scenario.fleets[i].service);
}

}  // namespace backcast::scenario
