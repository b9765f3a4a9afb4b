// Restores and exports, as Zilliz Cloud's API has them.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/api/vendors/zilliz.h"
#include "engine/env/env.h"
#include "engine/policy/service/restore_target.h"

namespace backcast::api {
namespace {

using nlohmann::json;

constexpr std::int64_t kMostUnits = 1024;

// 24 characters of 64: 144 random bits.
std::string fresh_password() {
  static constexpr std::string_view kLetters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::array<std::uint8_t, 24> bytes;
  env::posix_env().random(bytes);
  std::string password;
  for (const std::uint8_t byte : bytes) password += kLetters[byte % kLetters.size()];
  return password;
}

std::string role_of(const Call& call) {
  if (call.caller.role == policy::CallerRole::kOrganizationOwner) return "organization_owner";
  if (call.caller.role == policy::CallerRole::kProjectAdmin) return "project_admin";
  return call.caller.manages ? "custom_with_backup" : "custom_without_backup";
}

// The cluster that is made of the backup.
Result<control::Cluster, Failure> new_cluster(Backend& backend, const Call& call,
                                              const OwnedBackup& found, const Versions& versions) {
  const json& body = call.body;
  const char* field = body.contains("projectId") ? "projectId" : "targetProjectId";  // older guide
  const std::string project = body.value(field, "");
  if (project.empty()) return zilliz_failure(kZProjectShape, "projectId is missing");
  BACKCAST_TRY(const control::Project target,
               project_of(backend, call, project,
                          {zilliz_failure(kZProjectShape, "there is no project " + project),
                           zilliz_failure(kZProjectScope, "the API key does not reach the project"),
                           "zilliz"}));
  const std::string& region = found.backup.region;
  const Status bound =
      policy::check_region(*policy::service_rules(target.rules), project, target.regions, region);
  if (!bound.ok()) return zilliz_failure(kZRegion, bound.error().message);
  control::Cluster cluster = found.owner.cluster;
  cluster.id.clear();
  cluster.source.clear();
  cluster.deleted.reset();
  cluster.tags.clear();
  cluster.project = target.id;
  cluster.region = region;
  cluster.name = body["clusterName"].get<std::string>();
  const bool fits = !cluster.name.empty() && cluster.name.size() <= 64 &&
                    std::all_of(cluster.name.begin(), cluster.name.end(),
                                [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
  if (!fits) {
    return zilliz_failure(kZClusterName, "clusterName has 1 to 64 letters, digits and hyphens");
  }
  const std::int64_t units = body["cuSize"].get<std::int64_t>();
  if (units < 1) return zilliz_failure(kZCuSize, "cuSize must be positive");
  if (units > kMostUnits) return zilliz_failure(kZNoClass, "there is no cluster of so many CU");
  cluster.cu = static_cast<std::uint32_t>(units);
  const bool original = body.value("restoreVersionPolicy", "LATEST") == "ORIGINAL";
  if (original && !versions.choice.original) {
    return zilliz_failure(kZRestoreClusterFailed, policy::explain(versions.choice));
  }
  if (versions.latest != policy::Version{}) {
    cluster.version = policy::to_string(original ? versions.original : versions.latest);
  }
  // The new cluster may be plain, or under another key.
  cluster.key = body.value("cmekId", "");
  return cluster;
}

Outcome restore_cluster(Backend& backend, const Call& call) {
  BACKCAST_TRY(const OwnedBackup found, zilliz_available(backend, call, kZRestoreClusterFailed));
  if (!is_of_cluster(found.backup)) {
    return zilliz_failure(
        kZRestoreClusterFailed,
        "only the backup of a cluster restores a cluster; this is of collections");
  }
  const std::string status = call.body["collectionStatus"].get<std::string>();
  const Versions versions = versions_of(backend, found, backend.now());
  BACKCAST_TRY(control::Cluster cluster, new_cluster(backend, call, found, versions));
  auto made = backend.control.create_cluster(caller_of(call), std::move(cluster));
  if (!made.ok()) {
    return failure_of(made.error(),
                      made.error().code == Errc::kExists ? kZNameTaken : kZRestoreClusterFailed);
  }
  const std::string password = fresh_password();
  control::Restore asked;
  asked.cluster = found.owner.cluster.id;
  asked.backup = found.backup.id;
  asked.into = made->id;
  asked.to_region = made->region;
  asked.role = role_of(call);
  const bool releases = status == "RELEASE" || status == "NOT_LOADED";
  asked.choice = json{{"load", releases ? "released" : "as_saved"},
                      {"users", call.body.value("includeRbac", false)},
                      {"max_shards", policy::max_shards(made->cu)},
                      {"logins", {{{"user", "db_admin"}, {"password", password}}}}}
                     .dump();
  auto started = backend.control.restore(caller_of(call), asked);
  if (!started.ok()) {
    auto gone = backend.control.delete_cluster(caller_of(call), made->id, true);
    return failure_of(gone.ok() ? started.error() : gone.error(), kZRestoreClusterFailed);
  }
  return zilliz_data({{"clusterId", made->id},
                      {"username", "db_admin"},
                      {"password", password},
                      {"jobId", started->job}});
}

Result<json, Failure> chosen_collections(const json& body) {
  json chosen = json::array();
  for (const json& database : body.value("dbCollections", json::array())) {
    const std::string name = database.value("dbName", "default");
    for (const json& collection : database.value("collections", json::array())) {
      const std::string load = collection.value("destCollectionStatus", "LOADED");
      chosen.push_back(
          {{"database", name},
           {"name", collection["collectionName"]},
           {"to_database", database.value("destDbName", name)},
           {"to_name", collection.value("destCollectionName",
                                        collection["collectionName"].get<std::string>())},
           {"load", load == "LOADED" ? "loaded" : "released"}});
    }
  }
  return chosen;
}

Outcome restore_collection(Backend& backend, const Call& call) {
  BACKCAST_TRY(const OwnedBackup found, zilliz_available(backend, call, kZRestoreCollectionFailed));
  BACKCAST_TRY(const Owned into, zilliz_cluster(backend, call, call.body["destClusterId"]));
  if (into.cluster.state != "RUNNING") {
    return zilliz_failure(kZRestoreCollectionFailed, "the target cluster is not running");
  }
  BACKCAST_TRY(const json chosen, chosen_collections(call.body));
  control::Restore asked;
  asked.cluster = found.owner.cluster.id;
  asked.backup = found.backup.id;
  asked.into = into.cluster.id;
  asked.to_region = into.cluster.region;
  asked.role = role_of(call);
  json choice{{"max_shards", policy::max_shards(into.cluster.cu)}};
  // Without a list everything comes, unloaded.
  chosen.empty() ? choice["load"] = "released" : choice["collections"] = chosen;
  asked.choice = choice.dump();
  BACKCAST_TRY(const control::Started started,
               told(backend.control.restore(caller_of(call), asked), kZRestoreCollectionFailed));
  return zilliz_data({{"jobId", started.job}});
}

Outcome export_backup(Backend& backend, const Call& call) {
  BACKCAST_TRY(const OwnedBackup found, zilliz_available(backend, call, kZBackupFailed));
  BACKCAST_TRY(const control::Started started,
               send_to_bucket(backend, call,
                              {found.backup.id, call.body["integrationId"].get<std::string>(),
                               call.body.value("directory", "")},
                              kZBackupFailed));
  return zilliz_data({{"jobId", started.job}});
}

Route export_route(Backend& backend) {
  return {
      .method = "POST",
      .pattern = "/v2/clusters/{clusterId}/backups/{backupId}/export",
      .id = "exportZillizBackup",
      .summary = "Sends the files of a backup to a bucket",
      .needs = Privilege::kManage,
      .body = {{"integrationId",
                "string",
                "The bucket, as the service calls it",
                true,
                {},
                {},
                false,
                kZBackupFailed},
               {"directory", "string", "As destdir/; the backup has a folder of its own there"}},
      .answer = zilliz_answer({{"jobId", "string", "", true}}),
      .takes = Takes::kJson,
      .forbidden_code = kZClusterRole,
      .handle = [&backend](const Call& call) { return export_backup(backend, call); }};
}

Route restore_cluster_route(Backend& backend) {
  return {.method = "POST",
          .pattern = "/v2/clusters/{clusterId}/backups/{backupId}/restoreCluster",
          .id = "restoreZillizCluster",
          .summary = "Restores a backup of a cluster into a new one",
          .needs = Privilege::kManage,
          .body = {{"projectId",
                    "string",
                    "Where the new cluster stands",
                    false,
                    {},
                    {},
                    false,
                    kZProjectShape},
                   {"targetProjectId",
                    "string",
                    "The same by its older name",
                    false,
                    {},
                    {},
                    false,
                    kZProjectShape},
                   {"clusterName", "string", "", true, {}, {}, false, kZClusterName},
                   {"cuSize", "integer", "1 to 1024", true, {}, {}, false, kZCuSize},
                   {"collectionStatus",
                    "string",
                    "",
                    true,
                    {},
                    {"KEEP", "RELEASE", "LOADED", "NOT_LOADED"},
                    false,
                    kZCollectionStatus},
                   {"restoreVersionPolicy",
                    "string",
                    "LATEST",
                    false,
                    {},
                    {"LATEST", "ORIGINAL"},
                    false,
                    kZRestoreClusterFailed},
                   {"includeRbac", "boolean", "Our own: users, roles and grants, too"},
                   {"cmekId", "string",
                    "Our own: the key of the new cluster; without: that of its project"}},
          .answer = zilliz_answer({{"clusterId", "string", "", true},
                                   {"username", "string", "", true},
                                   {"password", "string", "Shown this once", true},
                                   {"jobId", "string", "", true}}),
          .takes = Takes::kJson,
          .forbidden_code = kZProjectRole,
          .handle = [&backend](const Call& call) { return restore_cluster(backend, call); }};
}

Route restore_collection_route(Backend& backend) {
  const Field collections{
      "collections",
      "array",
      "",
      false,
      {{"collectionName", "string", "", true, {}, {}, false, kZRestoreCollectionFailed},
       {"destCollectionName", "string", "Without: the same"},
       {"destCollectionStatus",
        "string",
        "LOADED",
        false,
        {},
        {"LOADED", "UNLOADED"},
        false,
        kZTargetStatus}}};
  return {.method = "POST",
          .pattern = "/v2/clusters/{clusterId}/backups/{backupId}/restoreCollection",
          .id = "restoreZillizCollection",
          .summary = "Restores collections into a cluster that runs",
          .needs = Privilege::kManage,
          .body = {{"destClusterId", "string", "", true, {}, {}, false, kZClusterId},
                   {"dbCollections",
                    "array",
                    "Without: everything, unloaded",
                    false,
                    {{"dbName", "string", "Without: the default database"},
                     {"destDbName", "string", "Without: the same"},
                     collections},
                    {},
                    false,
                    kZRestoreCollectionFailed}},
          .answer = zilliz_answer({{"jobId", "string", "", true}}),
          .takes = Takes::kJson,
          .forbidden_code = kZClusterRole,
          .handle = [&backend](const Call& call) { return restore_collection(backend, call); }};
}

}  // namespace

std::vector<Route> zilliz_restore_routes(Backend& backend) {
  return {restore_cluster_route(backend), restore_collection_route(backend), export_route(backend)};
}

}  // namespace backcast::api
