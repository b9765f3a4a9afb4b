// Backups of services, as Zerops' API has them: a backup is known by its date within its service.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "engine/api/routes/backend.h"
#include "engine/base/bytes.h"
#include "engine/base/json_number.h"
#include "engine/policy/retention/retention.h"
#include "engine/policy/schedule/schedule.h"

namespace backcast::api {
namespace {

using nlohmann::json;

constexpr Duration kWaits = 10 * kSecond;    // then the answer says that it goes on
constexpr Duration kLinkHolds = 24 * kHour;  // our own choice
constexpr std::string_view kScheduleName = "automatic";
const Failure kNoService{404, "there is no such service", {}, 0, "serviceStackNotFound"};
const Failure kNoBackup{404, "there is no backup of this date", {}, 0, "backupNotFound"};

// The vendor's word for what the rule book refuses stands in its text.
Failure in_words(Failure failure, std::string_view otherwise = "") {
  static constexpr std::array<std::string_view, 3> kWords{
      "userDataBackupPeriodInvalid", "backupTagNameFormat", "backupTotalTagLength"};
  failure.word = otherwise;
  for (const std::string_view word : kWords) {
    if (failure.message.find(word) != std::string::npos) failure.word = word;
  }
  return failure;
}

Result<Owned, Failure> service_of(Backend& backend, const Call& call) {
  BACKCAST_TRY(Owned owned,
               cluster_of(backend, call, call.path("service"), {kNoService, kNoService, "zerops"}));
  const Status kind = policy::check_kind(*owned.rules, owned.cluster.kind);
  if (!kind.ok()) return in_words(failure_of(kind.error()), "backupUnsupportedStackType");
  return owned;
}

// Several may be born in one second; the first of them has the plain date.
Result<std::vector<std::pair<std::string, control::Backup>>, Failure> dated(Backend& backend,
                                                                            const Owned& owned) {
  control::BackupFilter filter;
  filter.cluster = owned.cluster.id;
  filter.state = "AVAILABLE";
  filter.limit = 10'000;  // far above what a policy or quota lets be
  BACKCAST_TRY(control::Backups found, told(backend.control.backups(filter)));
  std::reverse(found.page.begin(), found.page.end());  // oldest first
  std::vector<std::pair<std::string, control::Backup>> dates;
  std::string last;
  int same = 0;
  for (control::Backup& backup : found.page) {
    const std::string date = format_instant(backup.born);
    same = date == last ? same + 1 : 0;
    last = date;
    dates.emplace_back(same == 0 ? date : fmt::format("{}-{}", date, same), std::move(backup));
  }
  return dates;
}

Result<control::Backup, Failure> backup_at(Backend& backend, const Owned& owned,
                                           const std::string& date) {
  BACKCAST_TRY(const auto dates, dated(backend, owned));
  for (const auto& [name, backup] : dates) {
    if (name == date) return backup;
  }
  return kNoBackup;
}

struct Limit {
  const char* name;
  const char* flag;
};
constexpr std::array<Limit, 8> kLimits{{{"maxTotalFiles", "--max-total-files"},
                                        {"maxTotalGiB", "--max-total-gib"},
                                        {"minDaily", "--min-daily"},
                                        {"maxDaily", "--max-daily"},
                                        {"minWeekly", "--min-weekly"},
                                        {"maxWeekly", "--max-weekly"},
                                        {"minMonthly", "--min-monthly"},
                                        {"maxMonthly", "--max-monthly"}}};

Result<json> policy_json(const std::string& text) {
  BACKCAST_TRY(const policy::RetentionPolicy read, policy::parse_policy(text));
  const auto* rules = std::get_if<policy::NativePolicy>(&read);
  if (rules == nullptr) return bad_input("a retention policy in other words");
  const auto& [daily, weekly, monthly] = rules->types;
  return json{{"maxTotalFiles", rules->max_count},
              {"maxTotalGiB", rules->max_size_bytes / kGiB},
              {"protectedTags", rules->protected_tags},
              {"minDaily", daily.minimum},
              {"maxDaily", daily.maximum},
              {"minWeekly", weekly.minimum},
              {"maxWeekly", weekly.maximum},
              {"minMonthly", monthly.minimum},
              {"maxMonthly", monthly.maximum}};
}

Result<std::string, Failure> policy_text(const json& given) {
  std::string text = "zerops:";
  for (const Limit& limit : kLimits) {
    text += fmt::format(" {} {}", limit.flag, given[limit.name].get<std::int64_t>());
  }
  const auto tags = given["protectedTags"].get<std::vector<std::string>>();
  const policy::TagLimits limits;
  const policy::TagCheck check = policy::check_tags(tags, limits);
  if (!check.ok()) return in_words({400, policy::explain(check, tags, limits)});
  if (!tags.empty()) text += fmt::format(" --protected-tags {}", fmt::join(tags, ","));
  BACKCAST_CHECK(told(policy::parse_policy(text)));
  return text;
}

Outcome list(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, service_of(backend, call));
  BACKCAST_TRY(const auto dates, dated(backend, owned));
  json files = json::array();
  for (const auto& [date, backup] : dates) {
    json metadata{{"tags", fmt::format("{}", fmt::join(backup.tags, ","))},
                  {"type", backup.kind},
                  {"protected", backup.is_protected ? "true" : "false"}};
    files.push_back({{"path", owned.cluster.id + "/" + date},
                     {"name", date},
                     {"size", backup.size_bytes},
                     {"metadata", std::move(metadata)}});
  }
  BACKCAST_TRY(const auto schedules, told(backend.control.schedules(owned.cluster.id)));
  std::string period;
  for (const control::Schedule& schedule : schedules) {
    if (schedule.name != kScheduleName) continue;
    const std::string_view words = owned.rules->schedule.words;
    period = schedule.rule.starts_with(words) ? schedule.rule.substr(words.size()) : schedule.rule;
  }
  BACKCAST_TRY(const json usual, told(policy_json("zerops:")));
  json own = nullptr;
  if (!owned.cluster.retention.empty()) {
    BACKCAST_TRY(own, told(policy_json(owned.cluster.retention)));
  }
  return json_response({{"files", std::move(files)},
                        {"backupPeriod", period},
                        {"retentionPolicy", std::move(own)},
                        {"defaultRetentionPolicy", usual}});
}

// What a call that waits answers when its job has ended, or when the wait is over.
Outcome create(Backend& backend, const Call& call, const ApiOptions& options) {
  BACKCAST_TRY(const Owned owned, service_of(backend, call));
  control::ManualBackup asked;
  asked.cluster = owned.cluster.id;
  asked.tags = call.body.value("tags", std::vector<std::string>());
  auto started = backend.control.create_backup(caller_of(call), asked);
  if (!started.ok()) return in_words(failure_of(started.error()));
  if (started->job.empty()) {
    BACKCAST_TRY(const auto refused, told(backend.control.backup(started->backup)));
    return Failure{409, "no backup can be made now: " + refused.reason, {}, 0, "backupRefused"};
  }
  Response waiting;
  const Duration until = options.monotonic() + kWaits;
  waiting.later = [&backend, &options, until, id = started->job]() -> std::optional<Response> {
    const auto job = backend.control.job(id);
    if (job.ok() && !job->ended && options.monotonic() < until) return std::nullopt;
    const bool goes_on = job.ok() && !job->ended;
    const bool success = goes_on || (job.ok() && job->state == "SUCCESSFUL");
    return json_response({{"success", success}, {"async", goes_on}});
  };
  return waiting;
}

Outcome retag(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, service_of(backend, call));
  BACKCAST_TRY(const control::Backup backup, backup_at(backend, owned, call.path("date")));
  const auto tags = call.body.value("tags", std::vector<std::string>());
  const Status done = backend.control.retag(caller_of(call), backup.id, tags);
  if (!done.ok()) return in_words(failure_of(done.error()));
  return json_response({{"success", true}});
}

Outcome remove(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, service_of(backend, call));
  BACKCAST_TRY(const control::Backup backup, backup_at(backend, owned, call.path("date")));
  BACKCAST_CHECK(told(backend.control.delete_backup(caller_of(call), backup.id)));
  return json_response({{"success", true}});
}

Outcome download_url(Backend& backend, const Call& call, const Api& api) {
  BACKCAST_TRY(const Owned owned, service_of(backend, call));
  BACKCAST_TRY(const control::Backup backup, backup_at(backend, owned, call.path("date")));
  const std::string path = fmt::format("/api/rest/public/service-stack/{}/backup/{}/file",
                                       owned.cluster.id, call.path("date"));
  const auto host = find(call.request.headers, "host").value_or("");
  const std::string signed_path = api.links().sign(path, api.options().now() + kLinkHolds);
  return json_response({{"url", fmt::format("{}://{}{}", api.options().is_tls ? "https" : "http",
                                            host, signed_path)}});
}

Outcome download(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, service_of(backend, call));
  BACKCAST_TRY(const control::Backup backup, backup_at(backend, owned, call.path("date")));
  return download_of(backend, call, backup, false, owned.cluster.name + "-" + call.path("date"));
}

Outcome configure(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, service_of(backend, call));
  const json& body = call.body;
  control::Cluster changed = owned.cluster;
  changed.retention.clear();
  if (body.contains("retentionPolicy") && !body["retentionPolicy"].is_null()) {
    BACKCAST_TRY(changed.retention, policy_text(body["retentionPolicy"]));
  }
  BACKCAST_TRY(const auto known, told(backend.control.schedules(owned.cluster.id)));
  control::Schedule schedule;
  for (const control::Schedule& one : known) {
    if (one.name == kScheduleName) schedule = one;
  }
  const bool has_period = body.contains("backupPeriod") && !body["backupPeriod"].is_null();
  const std::string period = has_period ? body["backupPeriod"].get<std::string>() : "";
  const auto rule = policy::parse_schedule(std::string(owned.rules->schedule.words) + period);
  if (!rule.ok()) return in_words(failure_of(rule.error()), "userDataBackupPeriodInvalid");
  BACKCAST_CHECK(told(backend.control.change_cluster(caller_of(call), changed)));
  if (std::holds_alternative<policy::NoSchedule>(*rule)) {
    if (!schedule.id.empty()) {
      BACKCAST_CHECK(told(backend.control.delete_schedule(caller_of(call), schedule.id, false)));
    }
    return json_response({{"success", true}});
  }
  schedule.cluster = owned.cluster.id;
  schedule.name = kScheduleName;
  schedule.rule = std::string(owned.rules->schedule.words) + period;
  auto put = backend.control.put_schedule(caller_of(call), std::move(schedule));
  if (!put.ok()) return in_words(failure_of(put.error()), "userDataBackupPeriodInvalid");
  return json_response({{"success", true}});
}

std::vector<Field> policy_fields() {
  std::vector<Field> fields;
  for (const Limit& limit : kLimits) {
    fields.push_back({limit.name, "integer", "0 of a maximum: no limit", true});
  }
  fields.push_back({"protectedTags", "array", "Never deleted by the policy", true});
  return fields;
}

std::vector<Field> done_fields() {
  return {{"success", "boolean", "", true}};
}

std::vector<Route> file_routes(Backend& backend, const Api& api) {
  const std::string service = "/api/rest/public/service-stack/{service}/backup";
  const auto url = [&backend, &api](const Call& call) { return download_url(backend, call, api); };
  const std::vector<Field> answer{{"url", "string", "Holds for a day", true}};
  return {{.method = "POST",
           .pattern = service + "/download-url/{date}",
           .id = "zeropsDownloadUrl",
           .summary = "An address from which a backup can be loaded without a token",
           .needs = Privilege::kManage,
           .answer = answer,
           .handle = url},
          {.method = "POST",
           .pattern = "/api/rest/public/project/{project}/backup/download-url/{service}/{date}",
           .id = "zeropsProjectDownloadUrl",
           .summary = "The same, by project",
           .needs = Privilege::kManage,
           .answer = answer,
           .handle = [&backend, url](const Call& call) -> Outcome {
             BACKCAST_TRY(const Owned owned, service_of(backend, call));
             if (owned.project.id != call.path("project")) return kNoService;
             return url(call);
           }},
          {.method = "GET",
           .pattern = service + "/{date}/file",
           .id = "zeropsDownload",
           .summary = "The decrypted backup",
           .needs = Privilege::kManage,
           .gives = Gives::kBytes,
           .by_link = true,
           .handle = [&backend](const Call& call) { return download(backend, call); }}};
}

}  // namespace

std::vector<Route> zerops_routes(Backend& backend, const Api& api) {
  const std::string service = "/api/rest/public/service-stack/{service}/backup";
  const std::vector<Field> tags{{"tags", "array", "Of your own"}};
  std::vector<Route> routes{
      {.method = "GET",
       .pattern = service,
       .id = "zeropsBackups",
       .summary = "Backups of a service, with its policy",
       .needs = Privilege::kView,
       .answer =
           {{"files",
             "array",
             "Oldest first",
             true,
             {{"path", "string", "", true},
              {"name", "string", "Its date", true},
              {"size", "integer", "Bytes", true},
              {"metadata", "object", "", true}}},
            {"backupPeriod", "string", "As it was set", true},
            {"retentionPolicy", "object", "null: the default", true, policy_fields(), {}, true},
            {"defaultRetentionPolicy", "object", "", true, policy_fields()}},
       .handle = [&backend](const Call& call) { return list(backend, call); }},
      {.method = "POST",
       .pattern = service,
       .id = "zeropsCreateBackup",
       .summary = "Makes a backup; after 10 seconds it goes on behind the answer",
       .needs = Privilege::kManage,
       .body = tags,
       .answer = {{"success", "boolean", "", true}, {"async", "boolean", "It goes on", true}},
       .takes = Takes::kJson,
       .handle = [&backend,
                  &api](const Call& call) { return create(backend, call, api.options()); }},
      {.method = "PUT",
       .pattern = service + "/{date}",
       .id = "zeropsRetag",
       .summary = "Replaces the tags that were given",
       .needs = Privilege::kManage,
       .body = tags,
       .answer = done_fields(),
       .takes = Takes::kJson,
       .handle = [&backend](const Call& call) { return retag(backend, call); }},
      {.method = "DELETE",
       .pattern = service + "/{date}",
       .id = "zeropsDelete",
       .summary = "Deletes a backup",
       .needs = Privilege::kManage,
       .answer = done_fields(),
       .handle = [&backend](const Call& call) { return remove(backend, call); }},
      {.method = "PUT",
       .pattern = "/api/rest/public/service-stack/{service}/backup-config",
       .id = "zeropsConfigure",
       .summary = "When a service is backed up, and what is kept",
       .needs = Privilege::kManage,
       .body =
           {{"backupPeriod",
             "string",
             "daily, weekly, monthly, cron; null or \"\": never",
             false,
             {},
             {},
             true},
            {"retentionPolicy", "object", "null: the default", false, policy_fields(), {}, true}},
       .answer = done_fields(),
       .takes = Takes::kJson,
       .handle = [&backend](const Call& call) { return configure(backend, call); }}};
  for (Route& route : file_routes(backend, api)) routes.push_back(std::move(route));
  return routes;
}

}  // namespace backcast::api
