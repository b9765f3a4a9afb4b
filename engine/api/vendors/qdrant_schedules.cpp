// Backup schedules, as Qdrant Cloud's API has them.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "engine/api/vendors/qdrant.h"

namespace backcast::api {
namespace {

using nlohmann::json;

constexpr std::int64_t kDaySeconds = 86'400;
const Failure kNoSchedule{404, "there is no such backup schedule"};

json schedule_json(const Owned& owned, const control::Schedule& schedule) {
  const std::string_view words = owned.rules->schedule.words;
  json shown{{"id", schedule.id},
             {"account_id", owned.project.id},
             {"cluster_id", owned.cluster.id},
             {"schedule", schedule.rule.starts_with(words) ? schedule.rule.substr(words.size())
                                                           : schedule.rule},
             {"display_name", schedule.name},
             {"status", "BACKUP_SCHEDULE_STATUS_ACTIVE"}};
  const std::string_view days = owned.rules->retention.days_words;
  if (schedule.retention.starts_with(days)) {
    std::int64_t count = 0;
    std::from_chars(schedule.retention.data() + days.size(),
                    schedule.retention.data() + schedule.retention.size(), count);
    shown["retention_period"] = fmt::format("{}s", count * kDaySeconds);
  }
  return shown;
}

struct Found {
  Owned owned;
  control::Schedule schedule;
};

Result<Found, Failure> schedule_in(Backend& backend, const Call& call) {
  BACKCAST_TRY(const control::Project account, qdrant_account(backend, call));
  BACKCAST_TRY(const auto clusters, clusters_of(backend, call, "qdrant"));
  for (const Owned& owned : clusters) {
    if (owned.project.id != account.id) continue;
    BACKCAST_TRY(const auto schedules, told(backend.control.schedules(owned.cluster.id)));
    for (const control::Schedule& schedule : schedules) {
      if (schedule.id == call.path("schedule")) return Found{owned, schedule};
    }
  }
  return kNoSchedule;
}

Outcome list(Backend& backend, const Call& call) {
  BACKCAST_TRY(const auto clusters, qdrant_clusters(backend, call));
  json items = json::array();
  for (const Owned& owned : clusters) {
    BACKCAST_TRY(const auto schedules, told(backend.control.schedules(owned.cluster.id)));
    for (const auto& schedule : schedules) items.push_back(schedule_json(owned, schedule));
  }
  return json_response({{"items", std::move(items)}});
}

// What is given of a new schedule, or of one that changes. What is left out of a change goes, as a
// full replacement has it; with an update_mask what it does not name stays.
Outcome put(Backend& backend, const Call& call, const Owned& owned, control::Schedule schedule) {
  const json& asked = call.body["backup_schedule"];
  const std::string mask(call.query("update_mask").value_or(""));
  const auto changes = [&](const char* name) {
    return mask.empty() || mask.find(name) != std::string::npos;
  };
  schedule.cluster = owned.cluster.id;
  if (changes("schedule")) {
    schedule.rule = std::string(owned.rules->schedule.words) + asked.value("schedule", "");
  }
  if (changes("display_name")) schedule.name = asked.value("display_name", "");
  if (schedule.name.empty()) return Failure{400, "\"display_name\" is missing"};
  if (changes("retention_period")) {
    schedule.retention.clear();
    if (asked.contains("retention_period")) {
      BACKCAST_TRY(schedule.retention, qdrant_retention(*owned.rules, asked["retention_period"]));
    }
  }
  BACKCAST_TRY(schedule, told(backend.control.put_schedule(caller_of(call), std::move(schedule))));
  return json_response({{"backup_schedule", schedule_json(owned, schedule)}});
}

Outcome create(Backend& backend, const Call& call) {
  BACKCAST_CHECK(qdrant_account(backend, call));
  const std::string cluster = call.body["backup_schedule"].value("cluster_id", "");
  BACKCAST_TRY(const Owned owned, qdrant_cluster(backend, call, cluster));
  return put(backend, call, owned, {});
}

Outcome change(Backend& backend, const Call& call) {
  BACKCAST_TRY(Found found, schedule_in(backend, call));
  return put(backend, call, found.owned, std::move(found.schedule));
}

Outcome get(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Found found, schedule_in(backend, call));
  return json_response({{"backup_schedule", schedule_json(found.owned, found.schedule)}});
}

Outcome remove(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Found found, schedule_in(backend, call));
  BACKCAST_TRY(const bool backups, flag_in(call, "delete_backups"));
  BACKCAST_CHECK(
      told(backend.control.delete_schedule(caller_of(call), found.schedule.id, backups)));
  return json_response(json::object());
}

std::vector<Field> schedule_fields() {
  return {{"id", "string", "Made by the service"},
          {"account_id", "string", ""},
          {"cluster_id", "string", ""},
          {"schedule", "string", "cron, @daily or @every 6h; UTC"},
          {"display_name", "string", "4 to 64 letters, digits, - and _"},
          {"retention_period", "string", "As 86400s; none: for ever"},
          {"status", "string", ""}};
}

}  // namespace

std::vector<Route> qdrant_schedule_routes(Backend& backend) {
  const std::string all = "/api/cluster/backup/v1/accounts/{account}/backup_schedules";
  const std::string one = all + "/{schedule}";
  const std::vector<Field> shown{{"backup_schedule", "object", "", true, schedule_fields()}};
  return {{.method = "GET",
           .pattern = all,
           .id = "qdrantListSchedules",
           .summary = "Backup schedules",
           .needs = Privilege::kView,
           .query = {{"cluster_id", "string", ""}},
           .answer = {{"items", "array", "", true, schedule_fields()}},
           .handle = [&backend](const Call& call) { return list(backend, call); }},
          {.method = "GET",
           .pattern = one,
           .id = "qdrantGetSchedule",
           .summary = "One backup schedule",
           .needs = Privilege::kView,
           .query = {{"cluster_id", "string", ""}},
           .answer = shown,
           .handle = [&backend](const Call& call) { return get(backend, call); }},
          {.method = "POST",
           .pattern = all,
           .id = "qdrantCreateSchedule",
           .summary = "Adds a backup schedule",
           .needs = Privilege::kManage,
           .body = shown,
           .answer = shown,
           .takes = Takes::kJson,
           .handle = [&backend](const Call& call) { return create(backend, call); }},
          {.method = "PUT",
           .pattern = one,
           .id = "qdrantUpdateSchedule",
           .summary = "Replaces a backup schedule, or what update_mask names of it",
           .needs = Privilege::kManage,
           .query = {{"update_mask", "string", "Names of fields, separated by commas"}},
           .body = shown,
           .answer = shown,
           .takes = Takes::kJson,
           .handle = [&backend](const Call& call) { return change(backend, call); }},
          {.method = "DELETE",
           .pattern = one,
           .id = "qdrantDeleteSchedule",
           .summary = "Ends a backup schedule",
           .needs = Privilege::kManage,
           .query = {{"delete_backups", "boolean", "What it made, too"}},
           .handle = [&backend](const Call& call) { return remove(backend, call); }}};
}

}  // namespace backcast::api
