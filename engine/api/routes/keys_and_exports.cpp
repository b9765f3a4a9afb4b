// Our own routes of the keys of clusters, and of backups that go to buckets.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/api/routes/backend.h"

namespace backcast::api {
namespace {

using nlohmann::json;

const Failure kNoProject{404, "there is no such project", "make it: backcast projects set NAME"};
const Scope kProject{kNoProject, kNoProject};
const Scope kBackup{{404, "there is no such backup"}, {404, "there is no such backup"}};

json json_of(const control::ClusterKey& key) {
  return {{"project", key.project},
          {"name", key.name},
          {"region", key.region},
          {"created", format_instant(key.created)},
          {"state", key.revoked ? "REVOKED" : "ENABLED"},
          {"revoked", key.revoked ? json(format_instant(*key.revoked)) : json(nullptr)}};
}

std::vector<Field> key_fields() {
  return {{"project", "string", "", true},
          {"name", "string", "Unique in its project", true},
          {"region", "string", "Of the clusters that may name it", true},
          {"created", "string", "RFC 3339", true},
          {"state", "string", "", true, {}, {"ENABLED", "REVOKED"}},
          {"revoked", "string", "RFC 3339", true, {}, {}, true}};
}

Outcome list_keys(Backend& backend, const Call& call) {
  BACKCAST_TRY(const auto keys, told(backend.control.keys()));
  const auto project = call.query("project");
  json listed = json::array();
  for (const control::ClusterKey& key : keys) {
    const bool is_asked = !project || key.project == *project;
    if (is_asked && reaches(call.caller, key.project)) listed.push_back(json_of(key));
  }
  return json_response({{"keys", std::move(listed)}});
}

Outcome create_key(Backend& backend, const Call& call) {
  BACKCAST_TRY(const control::Project project,
               project_of(backend, call, call.path("project"), kProject));
  control::ClusterKey key;
  key.project = project.id;
  key.name = call.body["name"].get<std::string>();
  key.region = call.body["region"].get<std::string>();
  BACKCAST_TRY(key, told(backend.control.create_key(caller_of(call), key)));
  return json_response(json_of(key), 201);
}

Outcome switch_key(Backend& backend, const Call& call) {
  BACKCAST_TRY(const control::Project project,
               project_of(backend, call, call.path("project"), kProject));
  BACKCAST_TRY(const auto key,
               told(backend.control.switch_key(caller_of(call), project.id, call.path("key"),
                                               call.body["state"] == "REVOKED")));
  return json_response(json_of(key));
}

Outcome export_backup(Backend& backend, const Call& call) {
  BACKCAST_TRY(const OwnedBackup found, backup_of(backend, call, call.path("backup"), kBackup));
  BACKCAST_TRY(const control::Started started,
               send_to_bucket(backend, call,
                              {found.backup.id, call.body["bucket"].get<std::string>(),
                               call.body.value("directory", "")}));
  return json_response({{"backup", started.backup}, {"job", started.job}}, 202);
}

}  // namespace

Result<control::Started, Failure> send_to_bucket(Backend& backend, const Call& call,
                                                 const control::Export& asked, int code) {
  const auto& buckets = backend.buckets;
  if (std::find(buckets.begin(), buckets.end(), asked.bucket) == buckets.end()) {
    return Failure{404, "there is no bucket " + asked.bucket,
                   "whoever runs the service names them: serve --bucket NAME=FOLDER", code};
  }
  return told(backend.control.send(caller_of(call), asked), code);
}

std::vector<Route> key_routes(Backend& backend) {
  return {{.method = "GET",
           .pattern = "/v1/keys",
           .id = "listKeys",
           .summary = "Keys of clusters",
           .needs = Privilege::kView,
           .query = {{"project", "string", "Only its own"}},
           .answer = {{"keys", "array", "", true, key_fields()}},
           .handle = [&backend](const Call& call) { return list_keys(backend, call); }},
          {.method = "POST",
           .pattern = "/v1/projects/{project}/keys",
           .id = "createKey",
           .summary = "Makes a key that new clusters of its region may be under",
           .body = {{"name", "string", "", true}, {"region", "string", "", true}},
           .answer = key_fields(),
           .takes = Takes::kJson,
           .handle = [&backend](const Call& call) { return create_key(backend, call); }},
          {.method = "PUT",
           .pattern = "/v1/projects/{project}/keys/{key}",
           .id = "switchKey",
           .summary = "Revokes a key, or takes that back; until then nothing under it can be read",
           .body = {{"state", "string", "", true, {}, {"ENABLED", "REVOKED"}}},
           .answer = key_fields(),
           .takes = Takes::kJson,
           .handle = [&backend](const Call& call) { return switch_key(backend, call); }}};
}

std::vector<Route> export_routes(Backend& backend) {
  return {{.method = "POST",
           .pattern = "/v1/backups/{backup}/export",
           .id = "exportBackup",
           .summary = "Sends the files of a backup to a bucket, under its own name there",
           .needs = Privilege::kManage,
           .body = {{"bucket", "string", "As the service calls it", true},
                    {"directory", "string", "Above it; \"\": none"}},
           .answer = {{"backup", "string", "", true}, {"job", "string", "", true}},
           .takes = Takes::kJson,
           .handle = [&backend](const Call& call) { return export_backup(backend, call); }}};
}

}  // namespace backcast::api
