// Backups, schedules and restores, as Qdrant Cloud's API has them. An account is a project.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/api/routes/backend.h"
#include "engine/api/vendors/qdrant.h"
#include "engine/base/text.h"

namespace backcast::api {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostOfAPage = 250;
constexpr std::string_view kAccount = "/api/cluster/backup/v1/accounts/{account}";
const Failure kNoBackup{404, "there is no such backup"};

json backup_json(const control::Backup& backup, const std::string& schedule_id) {
  const std::string& state = backup.state;
  json shown{{"id", backup.id},
             {"created_at", format_instant(backup.born)},
             {"account_id", backup.project},
             {"cluster_id", backup.cluster},
             {"name", backup.id},
             {"display_name", backup.name.empty() ? backup.schedule : backup.name},
             {"status", state == "AVAILABLE" || state == "DELETED" ? "BACKUP_STATUS_SUCCEEDED"
                        : state == "CREATING"                      ? "BACKUP_STATUS_RUNNING"
                        : state == "REFUSED"                       ? "BACKUP_STATUS_SKIPPED"
                                                                   : "BACKUP_STATUS_FAILED"}};
  if (shown["display_name"] == "") shown["display_name"] = backup.id;
  if (!schedule_id.empty()) shown["backup_schedule_id"] = schedule_id;
  if (backup.deleted) shown["deleted_at"] = format_instant(*backup.deleted);
  if (backup.available) {
    shown["backup_duration"] =
        fmt::format("{}s", unix_seconds(*backup.available) - unix_seconds(backup.born));
  }
  if (backup.expires) {
    shown["retention_period"] =
        fmt::format("{}s", unix_seconds(*backup.expires) - unix_seconds(backup.born));
  }
  return shown;
}

// The id of the schedule that made it, while there is one of that name.
Result<std::string, Failure> schedule_of(Backend& backend, const control::Backup& backup) {
  if (backup.schedule.empty()) return std::string();
  BACKCAST_TRY(const auto schedules, told(backend.control.schedules(backup.cluster)));
  for (const control::Schedule& schedule : schedules) {
    if (schedule.name == backup.schedule) return schedule.id;
  }
  return std::string();
}

Result<OwnedBackup, Failure> backup_in(Backend& backend, const Call& call) {
  BACKCAST_CHECK(qdrant_account(backend, call));
  BACKCAST_TRY(OwnedBackup found,
               backup_of(backend, call, call.path("backup"), {kNoBackup, kNoBackup, "qdrant"}));
  if (found.owner.project.id != call.path("account")) return kNoBackup;
  return found;
}

Outcome list(Backend& backend, const Call& call) {
  BACKCAST_TRY(const control::Project account, qdrant_account(backend, call));
  control::BackupFilter filter;
  filter.project = account.id;
  if (const auto cluster = call.query("cluster_id")) {
    BACKCAST_TRY(const Owned owned, qdrant_cluster(backend, call, std::string(*cluster)));
    filter.cluster = owned.cluster.id;
  }
  BACKCAST_TRY(const auto size, count_in(call, "page_size"));
  BACKCAST_TRY(const auto token, count_in(call, "page_token"));  // how many came before
  if (size && (*size < 1 || *size > kMostOfAPage)) return Failure{400, "page_size is 1 to 250"};
  const auto wanted = call.query("backup_schedule_id");
  filter.with_gone = true;
  filter.limit = size.value_or(kMostOfAPage);
  filter.offset = std::min<std::uint64_t>(token.value_or(0), 1'000'000'000);
  BACKCAST_TRY(const control::Backups found, told(backend.control.backups(filter)));
  json items = json::array();
  for (const control::Backup& backup : found.page) {
    BACKCAST_TRY(const std::string schedule, schedule_of(backend, backup));
    if (backup.deleted || (wanted && schedule != *wanted)) continue;
    items.push_back(backup_json(backup, schedule));
  }
  json answer{{"items", std::move(items)}};
  const std::uint64_t next = filter.offset + found.page.size();
  if (next < found.count) answer["next_page_token"] = std::to_string(next);
  return json_response(answer);
}

Outcome get(Backend& backend, const Call& call) {
  BACKCAST_TRY(const OwnedBackup found, backup_in(backend, call));
  BACKCAST_TRY(const std::string schedule, schedule_of(backend, found.backup));
  return json_response({{"backup", backup_json(found.backup, schedule)}});
}

Outcome create(Backend& backend, const Call& call) {
  BACKCAST_CHECK(qdrant_account(backend, call));
  const json& asked = call.body["backup"];
  for (const char* name : {"id", "created_at", "name", "status", "deleted_at", "backup_duration",
                           "backup_schedule_id", "cluster_info", "price"}) {
    if (asked.contains(name))
      return Failure{400, fmt::format("\"{}\" is set by the service", name)};
  }
  BACKCAST_TRY(const Owned owned, qdrant_cluster(backend, call, asked["cluster_id"]));
  control::ManualBackup backup;
  backup.cluster = owned.cluster.id;
  backup.name = asked["display_name"].get<std::string>();
  BACKCAST_CHECK(told(policy::check_schedule_name(*owned.rules, backup.name)));
  if (asked.contains("retention_period")) {
    BACKCAST_TRY(const std::string words,
                 qdrant_retention(*owned.rules, asked["retention_period"]));
    // In the vendor's words only schedules have days; of this one the caller says so.
    const std::string_view days =
        std::string_view(words).substr(owned.rules->retention.days_words.size());
    backup.retention = fmt::format("native: --ttl {}d", days);
  }
  BACKCAST_TRY(const control::Started started,
               told(backend.control.create_backup(caller_of(call), backup)));
  BACKCAST_TRY(const auto now, told(backend.control.backup(started.backup)));
  return json_response({{"backup", backup_json(now, "")}});
}

Outcome remove(Backend& backend, const Call& call) {
  BACKCAST_TRY(const OwnedBackup found, backup_in(backend, call));
  BACKCAST_CHECK(told(backend.control.delete_backup(caller_of(call), found.backup.id)));
  return json_response(json::object());
}

Outcome restore(Backend& backend, const Call& call) {
  BACKCAST_TRY(const OwnedBackup found, backup_in(backend, call));
  if (found.backup.state != "AVAILABLE") return Failure{400, "the backup has not succeeded"};
  control::Restore asked;
  asked.cluster = found.owner.cluster.id;
  asked.backup = found.backup.id;
  asked.in_place = true;
  BACKCAST_CHECK(told(backend.control.restore(caller_of(call), asked)));
  return json_response(json::object());
}

Outcome restores(Backend& backend, const Call& call) {
  BACKCAST_TRY(const auto clusters, qdrant_clusters(backend, call));
  json items = json::array();
  for (const Owned& owned : clusters) {
    control::JobFilter filter;
    filter.cluster = owned.cluster.id;
    filter.type = "RESTORE";
    filter.limit = kMostOfAPage;
    BACKCAST_TRY(const auto jobs, told(backend.control.jobs(filter)));
    for (const control::Job& job : jobs) {
      items.push_back({{"id", job.id},
                       {"created_at", job.started ? format_instant(*job.started) : ""},
                       {"account_id", owned.project.id},
                       {"cluster_id", owned.cluster.id},
                       {"backup_id", job.backup},
                       {"status", job.state == "SUCCESSFUL" ? "BACKUP_RESTORE_STATUS_SUCCEEDED"
                                  : job.ended               ? "BACKUP_RESTORE_STATUS_FAILED"
                                                            : "BACKUP_RESTORE_STATUS_RUNNING"}});
    }
  }
  return json_response({{"items", std::move(items)}});
}

Outcome new_cluster(Backend& backend, const Call& call) {
  BACKCAST_TRY(const OwnedBackup found, backup_in(backend, call));
  if (found.backup.state != "AVAILABLE") return Failure{400, "the backup has not succeeded"};
  const auto name = call.body["cluster_name"].get<std::string>();
  BACKCAST_CHECK(told(policy::check_schedule_name(*found.owner.rules, name)));
  control::Cluster cluster = found.owner.cluster;
  cluster.id.clear();
  cluster.source.clear();
  cluster.deleted.reset();
  cluster.name = name;
  cluster.region = found.backup.region;
  BACKCAST_TRY(cluster, told(backend.control.create_cluster(caller_of(call), std::move(cluster))));
  control::Restore asked;
  asked.cluster = found.owner.cluster.id;
  asked.backup = found.backup.id;
  asked.into = cluster.id;
  asked.to_region = cluster.region;
  auto started = backend.control.restore(caller_of(call), asked);
  if (!started.ok()) {
    auto gone = backend.control.delete_cluster(caller_of(call), cluster.id, true);
    return failure_of(gone.ok() ? started.error() : gone.error());
  }
  return json_response({{"cluster",
                         {{"id", cluster.id},
                          {"account_id", cluster.project},
                          {"name", cluster.name},
                          {"created_at", format_instant(cluster.created)}}}});
}

std::vector<Field> backup_answer() {
  return {{"id", "string", "", true},
          {"created_at", "string", "RFC 3339", true},
          {"account_id", "string", "", true},
          {"cluster_id", "string", "", true},
          {"name", "string", "Never changes", true},
          {"display_name", "string", "", true},
          {"status", "string", "BACKUP_STATUS_RUNNING, …_SUCCEEDED, …_FAILED, …_SKIPPED", true},
          {"deleted_at", "string", "RFC 3339"},
          {"backup_duration", "string", "As 12s"},
          {"backup_schedule_id", "string", "None: made by hand"},
          {"retention_period", "string", "As 86400s; none: for ever"}};
}

std::vector<Route> change_routes(Backend& backend) {
  const std::string account(kAccount);
  const Field asked{"backup",
                    "object",
                    "",
                    true,
                    {{"cluster_id", "string", "", true},
                     {"display_name", "string", "4 to 64 letters, digits, - and _", true},
                     {"retention_period", "string", "As 86400s; without: for ever"}}};
  return {{.method = "POST",
           .pattern = account + "/backups",
           .id = "qdrantCreateBackup",
           .summary = "Makes a backup now",
           .needs = Privilege::kManage,
           .body = {asked},
           .answer = {{"backup", "object", "", true, backup_answer()}},
           .takes = Takes::kJson,
           .handle = [&backend](const Call& call) { return create(backend, call); }},
          {.method = "DELETE",
           .pattern = account + "/backups/{backup}",
           .id = "qdrantDeleteBackup",
           .summary = "Deletes a backup",
           .needs = Privilege::kManage,
           .handle = [&backend](const Call& call) { return remove(backend, call); }},
          {.method = "POST",
           .pattern = account + "/backups/{backup}/restore",
           .id = "qdrantRestoreBackup",
           .summary = "Sets the cluster back to a backup, in place",
           .needs = Privilege::kManage,
           .takes = Takes::kJson,
           .handle = [&backend](const Call& call) { return restore(backend, call); }},
          {.method = "POST",
           .pattern = "/api/cluster/v1/accounts/{account}/backups/{backup}/clusters",
           .id = "qdrantCreateClusterFromBackup",
           .summary = "Restores a backup into a new cluster",
           .needs = Privilege::kManage,
           .body = {{"cluster_name", "string", "4 to 64 letters, digits, - and _", true}},
           .answer = {{"cluster", "object", "", true, {{"id", "string", "", true}}}},
           .takes = Takes::kJson,
           .handle = [&backend](const Call& call) { return new_cluster(backend, call); }}};
}

}  // namespace

Result<control::Project, Failure> qdrant_account(Backend& backend, const Call& call) {
  const Failure missing{404, "there is no such account"};
  return project_of(backend, call, call.path("account"), {missing, missing, "qdrant"});
}

Result<Owned, Failure> qdrant_cluster(Backend& backend, const Call& call, const std::string& id) {
  const Failure missing{404, "there is no such cluster"};
  BACKCAST_TRY(Owned owned, cluster_of(backend, call, id, {missing, missing, "qdrant"}));
  if (owned.project.id != call.path("account")) return missing;
  return owned;
}

Result<std::vector<Owned>, Failure> qdrant_clusters(Backend& backend, const Call& call) {
  BACKCAST_TRY(const control::Project account, qdrant_account(backend, call));
  BACKCAST_TRY(auto clusters, clusters_of(backend, call, "qdrant"));
  const auto wanted = call.query("cluster_id");
  std::erase_if(clusters, [&](const Owned& owned) {
    return owned.project.id != account.id || (wanted && owned.cluster.id != *wanted);
  });
  return clusters;
}

Result<std::string, Failure> qdrant_retention(const policy::ServiceRules& rules,
                                              const std::string& period) {
  BACKCAST_TRY(const Duration duration, told(parse_duration(period)));
  if (duration % kDay != Duration(0)) {
    return Failure{400, "retention_period is no whole number of days: " + printable(period)};
  }
  return told(retention_text(rules, duration / kDay));
}

std::vector<Route> qdrant_backup_routes(Backend& backend) {
  const std::string account(kAccount);
  std::vector<Route> routes{
      {.method = "GET",
       .pattern = account + "/backups",
       .id = "qdrantListBackups",
       .summary = "Backups, newest first",
       .needs = Privilege::kView,
       .query = {{"cluster_id", "string", ""},
                 {"backup_schedule_id", "string", ""},
                 {"page_size", "integer", "1 to 250"},
                 {"page_token", "string", "next_page_token of the page before"}},
       .answer = {{"items", "array", "", true, backup_answer()},
                  {"next_page_token", "string", "None: this is the last"}},
       .handle = [&backend](const Call& call) { return list(backend, call); }},
      {.method = "GET",
       .pattern = account + "/backups/{backup}",
       .id = "qdrantGetBackup",
       .summary = "One backup",
       .needs = Privilege::kView,
       .answer = {{"backup", "object", "", true, backup_answer()}},
       .handle = [&backend](const Call& call) { return get(backend, call); }},
      {.method = "GET",
       .pattern = account + "/backup_restores",
       .id = "qdrantListRestores",
       .summary = "Restores, newest first",
       .needs = Privilege::kView,
       .query = {{"cluster_id", "string", ""}},
       .answer = {{"items",
                   "array",
                   "",
                   true,
                   {{"id", "string", "", true},
                    {"cluster_id", "string", "", true},
                    {"backup_id", "string", "", true},
                    {"status", "string", "", true}}}},
       .handle = [&backend](const Call& call) { return restores(backend, call); }}};
  for (Route& route : change_routes(backend)) routes.push_back(std::move(route));
  return routes;
}

}  // namespace backcast::api
