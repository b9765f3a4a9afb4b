#include "cli/service/records.h"

#include <fmt/format.h>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/api/routes/values.h"

namespace backcast::cli {

using nlohmann::json;

namespace {

std::optional<Instant> instant_in(const json& object, const char* name) {
  const json& value = object.at(name);
  if (value.is_null()) return std::nullopt;
  const auto read = parse_instant(value.get<std::string>());
  return read.ok() ? std::optional(read->instant) : std::nullopt;
}

template <typename Value>
Result<Value> value_in(const json& object) {
  Value value;
  BACKCAST_CHECK(api::read_into(value, object));
  return value;
}

Result<control::Cluster> cluster_in(const json& object) {
  BACKCAST_TRY(control::Cluster cluster, value_in<control::Cluster>(object));
  cluster.state = object.at("state");
  return cluster;
}

Result<control::Schedule> schedule_in(const json& object) {
  BACKCAST_TRY(control::Schedule schedule, value_in<control::Schedule>(object));
  schedule.id = object.at("id");
  schedule.cluster = object.at("cluster");
  return schedule;
}

control::Backup backup_in(const json& object) {
  control::Backup b;
  b.id = object.at("id");
  b.cluster = object.at("cluster");
  b.project = object.at("project");
  b.region = object.at("region");
  b.original = object.at("original");
  b.kind = object.at("kind");
  b.schedule = object.at("schedule");
  b.tags = object.at("tags").get<std::vector<std::string>>();
  b.is_protected = object.at("protected");
  b.state = object.at("state");
  b.born = instant_in(object, "born").value_or(Instant{});
  b.available = instant_in(object, "available");
  b.deleted = instant_in(object, "deleted");
  b.expires = instant_in(object, "expires");
  b.size_bytes = object.at("size_bytes");
  b.added_bytes = object.at("added_bytes");
  b.reason = object.at("reason");
  return b;
}

Result<std::vector<control::AppliedScenario>> read_scenarios(const Client& client) {
  BACKCAST_TRY(const json answer, client.get("/v1/scenarios"));
  std::vector<control::AppliedScenario> scenarios;
  for (const json& object : answer.at("scenarios")) {
    BACKCAST_TRY(auto scenario, value_in<control::AppliedScenario>(object));
    scenario.applied = instant_in(object, "applied").value_or(Instant{});
    scenarios.push_back(std::move(scenario));
  }
  return scenarios;
}

Result<study::ServiceState> read_state(const Client& client) {
  study::ServiceState state;
  BACKCAST_TRY(const json projects, client.get("/v1/projects"));
  for (const json& object : projects.at("projects")) {
    BACKCAST_TRY(control::Project project, value_in<control::Project>(object));
    project.id = object.at("id");
    project.deleted = instant_in(object, "deleted");
    state.projects.push_back(std::move(project));
  }
  BACKCAST_TRY(const json clusters, all_clusters(client, false));
  std::map<std::string, std::size_t> places;
  for (const json& object : clusters) {
    study::ServiceState::Held held;
    BACKCAST_TRY(held.cluster, cluster_in(object));
    BACKCAST_TRY(const json schedules,
                 client.get("/v1/clusters/" + escaped(held.cluster.id) + "/schedules"));
    held.schedules_on = schedules.at("on");
    for (const json& schedule : schedules.at("schedules")) {
      BACKCAST_TRY(control::Schedule read, schedule_in(schedule));
      held.schedules.push_back(std::move(read));
    }
    places[held.cluster.id] = state.clusters.size();
    state.clusters.push_back(std::move(held));
  }
  BACKCAST_TRY(const auto backups, all_backups(client, ""));
  BACKCAST_TRY(const Instant now, fetch_time(client));
  state.now = std::chrono::floor<std::chrono::seconds>(now);
  for (const json& object : backups) {
    control::Backup backup = backup_in(object);
    const auto place = places.find(backup.cluster);
    if (place != places.end()) state.clusters[place->second].backups.push_back(std::move(backup));
  }
  BACKCAST_TRY(const json limits, client.get("/v1/limits"));
  for (const json& object : limits.at("limits")) {
    BACKCAST_TRY(control::Limit limit, value_in<control::Limit>(object));
    state.limits.push_back(std::move(limit));
  }
  BACKCAST_TRY(state.scenarios, read_scenarios(client));
  return state;
}

// What is answered by a service of another version may lack what is looked for.
template <typename Read>
auto guarded(const Client& client, Read read) -> decltype(read(client)) {
  try {
    return read(client);
  } catch (const json::exception& error) {
    return failed(
        fmt::format("the service answers what this program does not know: {}", error.what()),
        "is it of the same version?");
  }
}

}  // namespace

Result<Instant> fetch_time(const Client& client) {
  return guarded(client, [](const Client& from) -> Result<Instant> {
    BACKCAST_TRY(const json health, from.get("/healthz"));
    BACKCAST_TRY(const StampedInstant now, parse_instant(health.at("time").get<std::string>()));
    return now.instant;
  });
}

Result<study::ServiceState> fetch_state(const Client& client) {
  return guarded(client, read_state);
}

Result<std::vector<control::AppliedScenario>> fetch_scenarios(const Client& client) {
  return guarded(client, read_scenarios);
}

Result<json> all_clusters(const Client& client, bool with_gone) {
  BACKCAST_TRY(json answer,
               client.get(std::string("/v1/clusters") + (with_gone ? "?with_gone=true" : "")));
  return std::move(answer.at("clusters"));
}

Result<std::vector<json>> all_backups(const Client& client, const std::string& query) {
  constexpr std::size_t kPage = 1000;
  std::vector<json> all;
  std::set<std::string> seen;  // one that comes in between moves the pages on
  for (std::size_t offset = 0;; offset += kPage) {
    BACKCAST_TRY(json answer, client.get(fmt::format("/v1/backups?{}&limit={}&offset={}", query,
                                                     kPage, offset)));
    json& page = answer.at("backups");
    for (json& backup : page) {
      if (seen.insert(backup.at("id").get<std::string>()).second) all.push_back(std::move(backup));
    }
    if (page.size() < kPage) return all;
  }
}

}  // namespace backcast::cli
