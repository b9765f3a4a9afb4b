// Our own routes of backups, restores and jobs.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/api/routes/backend.h"
#include "engine/api/routes/values.h"

namespace backcast::api {
namespace {

using nlohmann::json;

constexpr Privilege kView = Privilege::kView, kManage = Privilege::kManage;
constexpr std::uint64_t kMostOfAPage = 1000;
const Scope kBackup{{404, "there is no such backup"}, {404, "there is no such backup"}};
const Failure kNoJob{404, "there is no such job"};

Outcome list_backups(Backend& backend, const Call& call) {
  control::BackupFilter filter;
  const auto text = [&](const char* name) { return std::string(call.query(name).value_or("")); };
  filter.cluster = text("cluster");
  filter.project = text("project");
  filter.region = text("region");
  filter.kind = text("kind");
  filter.state = text("state");
  filter.tag = text("tag");
  BACKCAST_TRY(filter.from, instant_in(call, "from"));
  BACKCAST_TRY(filter.to, instant_in(call, "to"));
  BACKCAST_TRY(filter.with_gone, flag_in(call, "with_gone"));
  BACKCAST_TRY(const auto offset, count_in(call, "offset"));
  BACKCAST_TRY(const auto limit, count_in(call, "limit"));
  filter.offset = std::min<std::uint64_t>(offset.value_or(0), 1'000'000'000);
  filter.limit = std::min(limit.value_or(100), kMostOfAPage);
  if (!filter.cluster.empty()) {
    BACKCAST_CHECK(cluster_of(backend, call, filter.cluster));
  }
  if (!filter.project.empty()) {
    BACKCAST_CHECK(project_of(backend, call, filter.project));
  }
  BACKCAST_TRY(const control::Backups found, backups_of(backend, call, filter));
  json listed = json::array();
  for (const control::Backup& backup : found.page) listed.push_back(json_of(backup));
  return json_response({{"count", found.count}, {"backups", std::move(listed)}});
}

Outcome create_backup(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, cluster_of(backend, call, call.path("cluster")));
  control::ManualBackup asked;
  asked.cluster = owned.cluster.id;
  asked.name = call.body.value("name", "");
  asked.tags = call.body.value("tags", std::vector<std::string>());
  asked.retention = call.body.value("retention", "");
  if (call.body.contains("copies")) asked.copies = copies_in(call.body["copies"]);
  if (call.body.contains("contents")) asked.contents = call.body["contents"].dump();
  BACKCAST_TRY(const control::Started started,
               told(backend.control.create_backup(caller_of(call), asked)));
  return json_response({{"backup", started.backup}, {"job", started.job}}, 202);
}

Outcome retag(Backend& backend, const Call& call) {
  BACKCAST_TRY(const OwnedBackup found, backup_of(backend, call, call.path("backup"), kBackup));
  const auto tags = call.body["tags"].get<std::vector<std::string>>();
  BACKCAST_CHECK(told(backend.control.retag(caller_of(call), found.backup.id, tags)));
  BACKCAST_TRY(const auto now, told(backend.control.backup(found.backup.id)));
  return json_response(json_of(now));
}

Outcome restore(Backend& backend, const Call& call) {
  BACKCAST_TRY(const OwnedBackup found, backup_of(backend, call, call.path("backup"), kBackup));
  control::Restore asked;
  asked.cluster = found.owner.cluster.id;
  asked.backup = found.backup.id;
  asked.into = call.body.value("into", "");
  asked.in_place = call.body.value("in_place", false);
  const json choice = call.body.value("choice", json::object());
  if (asked.into.empty() && !asked.in_place && !choice.contains("collections")) {
    return Failure{
        400,
        "say where it is to go: into another cluster, or which collections, or in_place, "
        "which replaces all that the cluster holds now"};
  }
  asked.role = call.caller.role == policy::CallerRole::kOrganizationOwner ? "organization_owner"
               : call.caller.role == policy::CallerRole::kProjectAdmin    ? "project_admin"
                                                                          : "custom_with_backup";
  if (!asked.into.empty()) {
    BACKCAST_TRY(const Owned into, cluster_of(backend, call, asked.into));
    asked.to_region = into.cluster.region;
  }
  if (call.body.contains("choice")) asked.choice = call.body["choice"].dump();
  BACKCAST_TRY(const control::Started started,
               told(backend.control.restore(caller_of(call), asked)));
  return json_response({{"backup", started.backup}, {"job", started.job}}, 202);
}

Outcome delete_backup(Backend& backend, const Call& call) {
  BACKCAST_TRY(const OwnedBackup found, backup_of(backend, call, call.path("backup"), kBackup));
  BACKCAST_CHECK(told(backend.control.delete_backup(caller_of(call), found.backup.id)));
  return json_response({{"id", found.backup.id}});
}

Outcome download(Backend& backend, const Call& call) {
  BACKCAST_TRY(const OwnedBackup found, backup_of(backend, call, call.path("backup"), kBackup));
  BACKCAST_TRY(const bool encrypted, flag_in(call, "encrypted"));
  if (found.backup.state != "AVAILABLE") return Failure{409, "the backup is not available"};
  return download_of(backend, call, found.backup, encrypted,
                     found.backup.id + (encrypted ? ".age" : ""));
}

Outcome list_jobs(Backend& backend, const Call& call) {
  control::JobFilter filter;
  filter.cluster = std::string(call.query("cluster").value_or(""));
  filter.type = std::string(call.query("type").value_or(""));
  filter.state = std::string(call.query("state").value_or(""));
  BACKCAST_TRY(const auto offset, count_in(call, "offset"));
  BACKCAST_TRY(const auto limit, count_in(call, "limit"));
  filter.offset = std::min<std::uint64_t>(offset.value_or(0), 1'000'000'000);
  filter.limit = std::min(limit.value_or(100), kMostOfAPage);
  std::vector<control::Job> jobs;
  if (!filter.cluster.empty() || call.caller.projects.empty()) {
    if (!filter.cluster.empty()) BACKCAST_CHECK(cluster_of(backend, call, filter.cluster));
    BACKCAST_TRY(jobs, told(backend.control.jobs(filter)));
  } else {
    BACKCAST_TRY(const auto clusters, clusters_of(backend, call));
    control::JobFilter part = filter;
    part.offset = 0;
    part.limit = filter.offset + filter.limit;
    for (const Owned& owned : clusters) {
      part.cluster = owned.cluster.id;
      BACKCAST_TRY(auto found, told(backend.control.jobs(part)));
      jobs.insert(jobs.end(), found.begin(), found.end());
    }
    std::stable_sort(jobs.begin(), jobs.end(),
                     [](const auto& a, const auto& b) { return a.started > b.started; });
    const auto size = static_cast<std::uint64_t>(jobs.size());
    jobs.erase(jobs.begin(),
               jobs.begin() + static_cast<std::ptrdiff_t>(std::min(filter.offset, size)));
    if (jobs.size() > filter.limit) jobs.resize(filter.limit);
  }
  json listed = json::array();
  for (const control::Job& job : jobs) listed.push_back(json_of(job));
  return json_response({{"jobs", std::move(listed)}});
}

Result<control::Job, Failure> job_of(Backend& backend, const Call& call) {
  auto job = backend.control.job(call.path("job"));
  if (!job.ok()) {
    return job.error().code == Errc::kNotFound ? kNoJob : failure_of(job.error());
  }
  BACKCAST_CHECK(cluster_of(backend, call, job->cluster, {kNoJob, kNoJob}));
  return std::move(*job);
}

std::vector<Field> started_fields() {
  return {{"backup", "string", "Its id", true},
          {"job", "string", "Its id; \"\": refused, as the backup says", true}};
}

std::vector<Route> restore_routes(Backend& backend) {
  return {{.method = "POST",
           .pattern = "/v1/backups/{backup}/restore",
           .id = "restoreBackup",
           .summary = "Restores a backup, into the cluster it is of or another one",
           .needs = kManage,
           .body = {{"into", "string", "A cluster; \"\": where it came from"},
                    {"in_place", "boolean",
                     "All that the cluster it came from holds now, and its size and version, give "
                     "way to what is restored"},
                    {"choice", "object", "What of it, and how, by kind of data"}},
           .answer = started_fields(),
           .takes = Takes::kJson,
           .handle = [&backend](const Call& call) { return restore(backend, call); }},
          {.method = "GET",
           .pattern = "/v1/backups/{backup}/data",
           .id = "downloadBackup",
           .summary = "The data of a backup: its one file, or a tar",
           .needs = kManage,
           .query = {{"encrypted", "boolean", "As an age file to the project's key"}},
           .gives = Gives::kBytes,
           .handle = [&backend](const Call& call) { return download(backend, call); }}};
}

}  // namespace

std::vector<Route> backup_routes(Backend& backend) {
  std::vector<Route> routes{
      {.method = "GET",
       .pattern = "/v1/backups",
       .id = "listBackups",
       .summary = "Backups, newest first",
       .needs = kView,
       .query = {{"cluster", "string", "Its id"},
                 {"project", "string", ""},
                 {"region", "string", ""},
                 {"kind", "string", "", false, {}, {"automatic", "manual", "copy"}},
                 {"state", "string", ""},
                 {"tag", "string", ""},
                 {"from", "string", "Born at or after, RFC 3339"},
                 {"to", "string", "Born before"},
                 {"with_gone", "boolean", "Deleted, failed and refused ones, too"},
                 {"offset", "integer", ""},
                 {"limit", "integer", "At most 1000; 100 if it is not given"}},
       .answer = {{"count", "integer", "Of all pages", true},
                  {"backups", "array", "", true, backup_fields()}},
       .handle = [&backend](const Call& call) { return list_backups(backend, call); }},
      {.method = "POST",
       .pattern = "/v1/clusters/{cluster}/backups",
       .id = "createBackup",
       .summary = "Makes a backup now",
       .needs = kManage,
       .body = {{"name", "string", ""},
                {"tags", "array", ""},
                {"retention", "string", "As a policy is written; \"\": as the rules have it"},
                copies_field(),
                {"contents", "object", "Only these collections, by kind of data"}},
       .answer = started_fields(),
       .takes = Takes::kJson,
       .handle = [&backend](const Call& call) { return create_backup(backend, call); }},
      {.method = "GET",
       .pattern = "/v1/backups/{backup}",
       .id = "getBackup",
       .summary = "One backup",
       .needs = kView,
       .answer = backup_fields(),
       .handle = [&backend](const Call& call) -> Outcome {
         BACKCAST_TRY(const OwnedBackup found,
                      backup_of(backend, call, call.path("backup"), kBackup));
         return json_response(json_of(found.backup));
       }},
      {.method = "PUT",
       .pattern = "/v1/backups/{backup}/tags",
       .id = "retagBackup",
       .summary = "Replaces the tags that were given by hand",
       .needs = kManage,
       .body = {{"tags", "array", "", true}},
       .answer = backup_fields(),
       .takes = Takes::kJson,
       .handle = [&backend](const Call& call) { return retag(backend, call); }},
      {.method = "DELETE",
       .pattern = "/v1/backups/{backup}",
       .id = "deleteBackup",
       .summary = "Deletes a backup",
       .needs = kManage,
       .answer = {{"id", "string", "", true}},
       .handle = [&backend](const Call& call) { return delete_backup(backend, call); }}};
  for (Route& route : restore_routes(backend)) routes.push_back(std::move(route));
  return routes;
}

std::vector<Route> job_routes(Backend& backend) {
  return {{.method = "GET",
           .pattern = "/v1/jobs",
           .id = "listJobs",
           .summary = "Jobs, newest first",
           .needs = kView,
           .query = {{"cluster", "string", "Its id"},
                     {"type", "string", "BACKUP, COPY, RESTORE, EXPORT"},
                     {"state", "string", "PENDING, IN_PROGRESS, SUCCESSFUL, FAILED, CANCELED"},
                     {"offset", "integer", ""},
                     {"limit", "integer", "At most 1000; 100 if it is not given"}},
           .answer = {{"jobs", "array", "", true, job_fields()}},
           .handle = [&backend](const Call& call) { return list_jobs(backend, call); }},
          {.method = "GET",
           .pattern = "/v1/jobs/{job}",
           .id = "getJob",
           .summary = "One job",
           .needs = kView,
           .answer = job_fields(),
           .handle = [&backend](const Call& call) -> Outcome {
             BACKCAST_TRY(const control::Job job, job_of(backend, call));
             return json_response(json_of(job));
           }},
          {.method = "POST",
           .pattern = "/v1/jobs/{job}/cancel",
           .id = "cancelJob",
           .summary = "Ends a backup that is being made, or an export; what was sent stays",
           .needs = kManage,
           .answer = job_fields(),
           .handle = [&backend](const Call& call) -> Outcome {
             BACKCAST_TRY(const control::Job job, job_of(backend, call));
             BACKCAST_CHECK(told(backend.control.cancel_job(caller_of(call), job.id)));
             BACKCAST_TRY(const control::Job now, told(backend.control.job(job.id)));
             return json_response(json_of(now));
           }}};
}

}  // namespace backcast::api
