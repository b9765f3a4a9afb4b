// Backups and jobs, as Zilliz Cloud's API has them.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/api/vendors/zilliz.h"

namespace backcast::api {
namespace {

using nlohmann::json;

std::string cluster_name(Backend& backend, const std::string& id) {
  const auto cluster = backend.control.cluster(id);
  return cluster.ok() ? cluster->name : std::string();
}

json policies_of(Backend& backend, const OwnedBackup& found, Instant now) {
  json policies{"LATEST"};
  if (versions_of(backend, found, now).choice.original) policies.push_back("ORIGINAL");
  return policies;
}

json shown(const control::Backup& backup, const std::string& cluster) {
  const bool by_hand = backup.kind == "manual" || (backup.kind == "copy" && backup.of_manual);
  return {{"projectId", backup.project},
          {"backupId", backup.id},
          {"backupName", backup.name.empty() ? cluster + "_" + backup.id : backup.name},
          {"backupType", is_of_cluster(backup) ? "CLUSTER" : "COLLECTION"},
          {"creationMethod", by_hand ? "MANUAL" : "AUTO"},
          {"size", backup.size_bytes},
          {"expireTime", backup.expires ? format_instant(*backup.expires) : ""},
          {"clusterId", backup.cluster},
          {"clusterName", cluster},
          {"createTime", format_instant(backup.born)},
          {"status", backup.state}};
}

// What to list, or which of the query's values cannot be.
Result<control::BackupFilter, Failure> filter_of(Backend& backend, const Call& call) {
  control::BackupFilter filter;
  if (const auto project = call.query("projectId")) {
    filter.project = std::string(*project);
    BACKCAST_CHECK(project_of(
        backend, call, filter.project,
        {zilliz_failure(kZProjectShape, "there is no project " + filter.project),
         zilliz_failure(kZProjectScope, "the API key does not reach this project"), "zilliz"}));
  }
  if (const auto cluster = call.query("clusterId")) {
    BACKCAST_TRY(const Owned owned, zilliz_cluster(backend, call, std::string(*cluster)));
    filter.cluster = owned.cluster.id;
  }
  const auto moment = [&](const char* name, std::optional<Instant>& into) -> Status {
    if (const auto text = call.query(name)) {
      BACKCAST_TRY(const StampedInstant stamped, parse_instant(*text));
      into = stamped.instant;
    }
    return kOk;
  };
  BACKCAST_CHECK(told(moment("start", filter.from), kZTimestamp));
  BACKCAST_CHECK(told(moment("end", filter.to), kZTimestamp));
  if (filter.from && filter.to && *filter.from > *filter.to) {
    return zilliz_failure(kZTimeRange, "start is after end");
  }
  return filter;
}

Outcome list(Backend& backend, const Call& call, Instant now) {
  BACKCAST_TRY(control::BackupFilter filter, filter_of(backend, call));
  const auto type = call.query("backupType"), method = call.query("creationMethod");
  if (type && *type != "CLUSTER" && *type != "COLLECTION") {
    return zilliz_failure(kZBackupType, "backupType is CLUSTER or COLLECTION");
  }
  if (method && *method != "MANUAL" && *method != "AUTO") {
    return zilliz_failure(kZCreationMethod, "creationMethod is MANUAL or AUTO");
  }
  const auto size = count_in(call, "pageSize"), page = count_in(call, "currentPage");
  const std::uint64_t page_size = size.ok() ? size->value_or(10) : 0;
  const std::uint64_t current = page.ok() ? page->value_or(1) : 0;
  if (page_size < 1 || page_size > 100) {
    return zilliz_failure(kZPageSize, "pageSize is 1 to 100");
  }
  if (current < 1 || current > 1'000'000'000) {
    return zilliz_failure(kZCurrentPage, "currentPage begins with 1");
  }
  // Whether a backup is of single collections and how a copy's original was made stand beside it,
  // so these two are looked at here.
  const bool sieves = type || method;
  filter.offset = sieves ? 0 : (current - 1) * page_size;
  filter.limit = sieves ? std::numeric_limits<std::int32_t>::max() : page_size;
  BACKCAST_TRY(const control::Backups found, backups_of(backend, call, filter, "zilliz"));
  json listed = json::array();
  std::uint64_t count = sieves ? 0 : found.count;
  for (const control::Backup& backup : found.page) {
    json entry = shown(backup, cluster_name(backend, backup.cluster));
    if ((type && entry["backupType"] != *type) || (method && entry["creationMethod"] != *method)) {
      continue;
    }
    if (sieves) {
      const std::uint64_t place = count++;
      if (place < (current - 1) * page_size || place >= current * page_size) continue;
    }
    if (entry["backupType"] == "CLUSTER") {
      BACKCAST_TRY(const OwnedBackup owned, backup_of(backend, call, backup.id));
      entry["restoreNewInstancePolicies"] = policies_of(backend, owned, now);
    }
    listed.push_back(std::move(entry));
  }
  return zilliz_data({{"count", count},
                      {"currentPage", current},
                      {"pageSize", page_size},
                      {"backups", std::move(listed)}});
}

Outcome describe(Backend& backend, const Call& call, Instant now) {
  BACKCAST_TRY(const OwnedBackup found, zilliz_backup(backend, call));
  json data = shown(found.backup, found.owner.cluster.name);
  data["regionId"] = found.backup.region;
  data["dbCollections"] = json::array();
  const json contents = json::parse(found.backup.contents, nullptr, false);
  const json databases =
      contents.is_object() ? contents.value("databases", json::array()) : json::array();
  for (const json& database : databases) {
    json collections = json::array();
    for (const json& collection : database.value("collections", json::array())) {
      collections.push_back(
          {{"collectionName", collection.value("name", "")},
           {"description", collection.value("description", "")},
           {"status", collection.value("loaded", false) ? "LOADED" : "UNLOADED"}});
    }
    data["dbCollections"].push_back(
        {{"dbName", database.value("name", "")}, {"collections", std::move(collections)}});
  }
  if (is_of_cluster(found.backup)) {
    data["restoreNewInstancePolicies"] = policies_of(backend, found, now);
  }
  return zilliz_data(data);
}

Outcome remove(Backend& backend, const Call& call) {
  BACKCAST_TRY(const OwnedBackup found, zilliz_backup(backend, call));
  BACKCAST_CHECK(
      told(backend.control.delete_backup(caller_of(call), found.backup.id), kZBackupFailed));
  const json entry = shown(found.backup, found.owner.cluster.name);
  return zilliz_data({{"backupId", found.backup.id}, {"backupName", entry["backupName"]}});
}

Outcome create(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, zilliz_cluster(backend, call, call.path("clusterId")));
  if (owned.cluster.deleted) return zilliz_failure(kZNoCluster, "the cluster has been dropped");
  control::ManualBackup asked;
  asked.cluster = owned.cluster.id;
  if (call.body["backupType"] == "COLLECTION") {
    const json databases = call.body.value("dbCollections", json::array());
    if (databases.size() != 1) {
      return zilliz_failure(kZBackupFailed,
                            "a backup of collections names them in dbCollections, of one database");
    }
    json chosen = json::array();
    const std::string database = databases[0].value("dbName", "default");
    for (const json& name : databases[0].value("collectionNames", json::array())) {
      chosen.push_back({{"database", database}, {"name", name}});
    }
    if (chosen.empty()) return zilliz_failure(kZBackupFailed, "collectionNames is empty");
    asked.contents = json{{"chosen", std::move(chosen)}}.dump();
  }
  const json copies = call.body.value("crossRegionCopies", json::array());
  for (const json& copy : copies) {
    const auto region = copy["regionId"].get<std::string>();
    BACKCAST_CHECK(
        told(check_target(owned, region, policy::Origin::kManual, std::nullopt), kZRegion));
    asked.copies.push_back({region, ""});
  }
  control::BackupFilter made;
  made.cluster = owned.cluster.id;
  made.with_gone = true;
  made.limit = 1;
  BACKCAST_TRY(const control::Backups before, told(backend.control.backups(made)));
  asked.name = fmt::format("{}_backup{}", owned.cluster.name, before.count + 1);
  BACKCAST_TRY(const control::Started started,
               told(backend.control.create_backup(caller_of(call), asked), kZBackupFailed));
  if (started.job.empty()) {
    BACKCAST_TRY(const auto refused, told(backend.control.backup(started.backup)));
    return zilliz_failure(kZBackupFailed, "no backup can be made now: " + refused.reason);
  }
  return zilliz_data(
      {{"backupId", started.backup}, {"backupName", asked.name}, {"jobId", started.job}});
}

Outcome describe_job(Backend& backend, const Call& call) {
  const Failure missing = zilliz_failure(kZNoJob, "there is no job " + call.path("jobId"));
  auto job = backend.control.job(call.path("jobId"));
  if (!job.ok()) return job.error().code == Errc::kNotFound ? missing : failure_of(job.error());
  BACKCAST_CHECK(cluster_of(backend, call, job->cluster, {missing, missing, "zilliz"}));
  const auto moment = [](const std::optional<Instant>& when) {
    return when ? format_instant(*when) : std::string();
  };
  return zilliz_data({{"jobId", job->id},
                      {"type", job->type == "COPY" ? "BACKUP" : job->type},
                      {"status", job->state},
                      {"progress", std::to_string(job->progress)},
                      {"startTime", moment(job->started)},
                      {"endTime", moment(job->ended)},
                      {"reason", job->reason}});
}

std::vector<Field> backup_answer() {
  return {{"projectId", "string", "", true},
          {"backupId", "string", "", true},
          {"backupName", "string", "", true},
          {"backupType", "string", "", true, {}, {"CLUSTER", "COLLECTION"}},
          {"creationMethod", "string", "", true, {}, {"AUTO", "MANUAL"}},
          {"size", "integer", "Bytes", true},
          {"expireTime", "string", "\"\": never", true},
          {"clusterId", "string", "", true},
          {"clusterName", "string", "", true},
          {"createTime", "string", "Of the backup", true},
          {"status", "string", "", true},
          {"restoreNewInstancePolicies", "array", "Of backups of clusters: LATEST, ORIGINAL"}};
}

std::vector<Field> description_answer() {
  std::vector<Field> fields = backup_answer();
  fields.push_back({"regionId", "string", "", true});
  fields.push_back({"dbCollections",
                    "array",
                    "",
                    true,
                    {{"dbName", "string", "", true},
                     {"collections",
                      "array",
                      "",
                      true,
                      {{"collectionName", "string", "", true},
                       {"description", "string", "", true},
                       {"status", "string", "", true, {}, {"LOADED", "UNLOADED"}}}}}});
  return fields;
}

Route create_route(Backend& backend) {
  const Field databases{
      "dbCollections",
      "array",
      "Of one database; needed for COLLECTION",
      false,
      {{"dbName", "string", "Without: the default database"}, {"collectionNames", "array", ""}},
      {},
      false,
      kZBackupFailed};
  const Field copies{"crossRegionCopies",
                     "array",
                     "Permanent copies",
                     false,
                     {{"regionId", "string", "", true, {}, {}, false, kZRegion}},
                     {},
                     false,
                     kZRegion};
  return {
      .method = "POST",
      .pattern = "/v2/clusters/{clusterId}/backups/create",
      .id = "createZillizBackup",
      .summary = "Makes a backup of a cluster, or of collections of one database",
      .needs = Privilege::kManage,
      .body =
          {{"backupType", "string", "", true, {}, {"CLUSTER", "COLLECTION"}, false, kZBackupType},
           databases,
           copies},
      .answer = zilliz_answer({{"backupId", "string", "", true},
                               {"backupName", "string", "", true},
                               {"jobId", "string", "", true}}),
      .takes = Takes::kJson,
      .forbidden_code = kZClusterRole,
      .handle = [&backend](const Call& call) { return create(backend, call); }};
}

}  // namespace

std::vector<Route> zilliz_backup_routes(Backend& backend) {
  const auto clock = backend.now;
  return {
      {.method = "GET",
       .pattern = "/v2/backups",
       .id = "listZillizBackups",
       .summary = "Backups that are there or being made, newest first",
       .needs = Privilege::kView,
       .query = {{"projectId", "string", ""},
                 {"clusterId", "string", ""},
                 {"creationMethod", "string", "MANUAL or AUTO"},
                 {"backupType", "string", "CLUSTER or COLLECTION"},
                 {"start", "string", "Made at or after"},
                 {"end", "string", "Made before"},
                 {"pageSize", "integer", "1 to 100; 10"},
                 {"currentPage", "integer", "From 1"}},
       .answer = zilliz_answer({{"count", "integer", "Of all pages", true},
                                {"currentPage", "integer", "", true},
                                {"pageSize", "integer", "", true},
                                {"backups", "array", "", true, backup_answer()}}),
       .handle = [&backend, clock](const Call& call) { return list(backend, call, clock()); }},
      {.method = "GET",
       .pattern = "/v2/clusters/{clusterId}/backups/{backupId}",
       .id = "describeZillizBackup",
       .summary = "One backup with its databases and collections",
       .needs = Privilege::kView,
       .answer = zilliz_answer(description_answer()),
       .handle = [&backend, clock](const Call& call) { return describe(backend, call, clock()); }},
      {.method = "DELETE",
       .pattern = "/v2/clusters/{clusterId}/backups/{backupId}",
       .id = "deleteZillizBackup",
       .summary = "Deletes a backup",
       .needs = Privilege::kManage,
       .answer =
           zilliz_answer({{"backupId", "string", "", true}, {"backupName", "string", "", true}}),
       .forbidden_code = kZClusterRole,
       .handle = [&backend](const Call& call) { return remove(backend, call); }},
      create_route(backend),
      {.method = "GET",
       .pattern = "/v2/jobs/{jobId}",
       .id = "describeZillizJob",
       .summary = "How far a job is",
       .needs = Privilege::kView,
       .answer =
           zilliz_answer({{"jobId", "string", "", true},
                          {"type", "string", "BACKUP, RESTORE or EXPORT", true},
                          {"status", "string", "", true},
                          {"progress", "string", "0 to 100", true},
                          {"startTime", "string", "", true},
                          {"endTime", "string", "\"\" until then", true},
                          {"reason", "string", "Why it failed, or what is to be warned of", true}}),
       .handle = [&backend](const Call& call) { return describe_job(backend, call); }}};
}

}  // namespace backcast::api
