#include "engine/service/contents.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace backcast::service {
namespace {

using nlohmann::json;

Result<kinds::LoadChoice> load_of(const json& value) {
  const std::string word = value.value("load", "as_saved");
  if (const auto load = policy::parse_load_state(word)) return *load;
  return bad_input("load is as_saved, loaded or released, not " + word);
}

Result<kinds::Priority> priority_of(const json& value) {
  const std::string word = value.value("priority", "snapshot");
  if (word == "snapshot") return kinds::Priority::kSnapshot;
  if (word == "no_sync") return kinds::Priority::kNoSync;
  if (word == "replica") return kinds::Priority::kReplica;
  return bad_input("priority is no_sync, snapshot or replica, not " + word);
}

Result<kinds::RestoreChoice> read_choice(const json& value) {
  kinds::RestoreChoice choice;
  BACKCAST_TRY(choice.load, load_of(value));
  choice.users = value.value("users", false);
  choice.max_shards = value.value("max_shards", 0U);
  for (const json& one : value.value("collections", json::array())) {
    kinds::CollectionChoice collection;
    collection.database = one.value("database", "default");
    collection.name = one.value("name", "");
    collection.to_database = one.value("to_database", "");
    collection.to_name = one.value("to_name", "");
    BACKCAST_TRY(collection.load, load_of(one));
    collection.replaces = one.value("replaces", false);
    BACKCAST_TRY(collection.priority, priority_of(one));
    if (one.contains("shard")) collection.shard = one["shard"].get<std::uint32_t>();
    choice.collections.push_back(std::move(collection));
  }
  for (const json& login : value.value("logins", json::array())) {
    choice.logins.push_back({login.value("user", ""), login.value("password", "")});
  }
  return choice;
}

}  // namespace

std::string contents_with(const std::string& described, const control::Cluster& cluster,
                          const std::vector<std::string>& warnings, const std::string& node) {
  json contents = json::parse(described, nullptr, false);
  if (!contents.is_object()) contents = json::object();
  contents["version"] = cluster.version;
  contents["configuration"] = {{"version", cluster.version},
                               {"cu", cluster.cu},
                               {"cpu", cluster.cpu},
                               {"memory_gib", cluster.memory_gib},
                               {"nodes", cluster.nodes}};
  if (!warnings.empty()) contents["warnings"] = warnings;
  if (!node.empty()) contents["node"] = node;
  return contents.dump();
}

void read_configuration(const json& configuration, control::Cluster& cluster) {
  cluster.version = configuration.value("version", cluster.version);
  cluster.cu = configuration.value("cu", cluster.cu);
  cluster.cpu = configuration.value("cpu", cluster.cpu);
  cluster.memory_gib = configuration.value("memory_gib", cluster.memory_gib);
  cluster.nodes = configuration.value("nodes", cluster.nodes);
}

Result<kinds::RestoreChoice> choice_of(const std::string& text, const std::string& contents,
                                       bool in_place) {
  const json value = text.empty() ? json::object() : json::parse(text, nullptr, false);
  if (!value.is_object()) return bad_input("the choice of a restore is no JSON object");
  try {
    BACKCAST_TRY(kinds::RestoreChoice choice, read_choice(value));
    const json held = json::parse(contents, nullptr, false);
    const bool is_part = held.is_object() && held.contains("chosen");
    choice.replace = in_place;
    if (in_place && (is_part || !choice.collections.empty())) {
      return bad_input("in place all of a cluster is restored, from a backup of all of it",
                       "restore collections beside what is there, under other names");
    }
    if (choice.collections.empty() && is_part) {
      for (const json& one : held["chosen"]) {
        kinds::CollectionChoice& collection = choice.collections.emplace_back();
        collection.database = one.value("database", "");
        collection.name = one.value("name", "");
        collection.load = choice.load;
        if (one.contains("shard")) collection.shard = one["shard"].get<std::uint32_t>();
      }
    }
    return choice;
  } catch (const json::exception& e) {
    return bad_input(std::string("the choice of a restore: ") + e.what());
  }
}

}  // namespace backcast::service
