#include "engine/api/vendors/zilliz.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/policy/service/restore_target.h"

namespace backcast::api {

using nlohmann::json;

Failure zilliz_failure(int code, std::string message) {
  return {400, std::move(message), {}, code, {}};
}

Response zilliz_data(const json& data) {
  return json_response({{"code", 0}, {"data", data}});
}

std::vector<Field> zilliz_answer(std::vector<Field> data) {
  return {{"code", "integer", "0", true}, {"data", "object", "", true, std::move(data)}};
}

policy::ServicePlan plan_of(const control::Project& project) {
  return policy::service_plan(project.plan);
}

Result<Owned, Failure> zilliz_cluster(Backend& backend, const Call& call, const std::string& id) {
  if (id.empty()) return zilliz_failure(kZEmptyCluster, "the cluster id is empty");
  const bool is_id = id.size() <= 128 && std::all_of(id.begin(), id.end(), [](unsigned char c) {
                       return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
                     });
  if (!is_id) return zilliz_failure(kZClusterId, "this is no cluster id");
  const Scope scope{zilliz_failure(kZNoCluster, "there is no cluster " + id),
                    zilliz_failure(kZClusterScope, "the API key does not reach cluster " + id),
                    "zilliz"};
  BACKCAST_TRY(Owned owned, cluster_of(backend, call, id, scope));
  BACKCAST_CHECK(told(policy::check_plan(*owned.rules, plan_of(owned.project))));
  return owned;
}

Result<OwnedBackup, Failure> zilliz_backup(Backend& backend, const Call& call) {
  // A dropped cluster's backups outlive it.
  BACKCAST_TRY(Owned owned, zilliz_cluster(backend, call, call.path("clusterId")));
  // The vendor publishes no code for a backup that is not there.
  const Failure missing{404, "there is no backup " + call.path("backupId")};
  BACKCAST_TRY(OwnedBackup found,
               backup_of(backend, call, call.path("backupId"), {missing, missing, "zilliz"}));
  if (found.backup.cluster != owned.cluster.id) return missing;
  return found;
}

Result<OwnedBackup, Failure> zilliz_available(Backend& backend, const Call& call, int code) {
  BACKCAST_TRY(OwnedBackup found, zilliz_backup(backend, call));
  if (found.backup.state != "AVAILABLE") {
    return zilliz_failure(
        code, "backup " + found.backup.id + " is " + found.backup.state + ", not AVAILABLE");
  }
  return found;
}

std::string cloud_of(const std::string& region) {
  return region.substr(0, region.find('-'));
}

Status check_target(const Owned& source, const std::string& region, policy::Origin made_by,
                    std::optional<int> days) {
  const control::Cluster& cluster = source.cluster;
  const std::string cloud = cluster.cloud.empty() ? cloud_of(cluster.region) : cluster.cloud;
  const std::string target = cloud_of(region);
  const Status bound =
      policy::check_region(*source.rules, source.project.id, source.project.regions, region);
  if (!bound.ok()) return bound;
  const policy::CopyFault fault = policy::check_copy({.source_cloud = cloud,
                                                      .target_cloud = target,
                                                      .cloud_has_copies = cloud != "azure",
                                                      .same_region = region == cluster.region,
                                                      .plan = plan_of(source.project),
                                                      .made_by = made_by,
                                                      .retention_days = days},
                                                     source.rules->copies);
  if (fault == policy::CopyFault::kNone) return kOk;
  return bad_input(region + ": " + policy::explain(fault));
}

bool is_of_cluster(const control::Backup& backup) {
  const json contents = json::parse(backup.contents, nullptr, false);
  return !contents.is_object() || !contents.contains("chosen");
}

Versions versions_of(Backend& backend, const OwnedBackup& found, Instant now) {
  const json contents = json::parse(found.backup.contents, nullptr, false);
  std::string version = found.owner.cluster.version;
  if (contents.is_object() && contents.contains("version") && contents["version"].is_string()) {
    version = contents["version"].get<std::string>();
  }
  Versions versions;
  versions.original = policy::parse_version(version).value_or(policy::Version{});
  versions.latest = policy::parse_version(backend.latest_version).value_or(versions.original);
  versions.choice =
      policy::version_choice(found.backup.born, now, versions.original, versions.latest);
  return versions;
}

}  // namespace backcast::api
