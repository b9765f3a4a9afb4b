// Our own routes of what happened: usage, decisions, the audit log and how things stand.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "engine/api/routes/backend.h"
#include "engine/api/routes/values.h"
#include "engine/base/json_number.h"

namespace backcast::api {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostOfAPage = 10'000;
constexpr std::uint64_t kMostDrillSeconds = 10ULL * 366 * 86'400;

Outcome usage(Backend& backend, const Call& call) {
  BACKCAST_TRY(const auto from, instant_in(call, "from"));
  BACKCAST_TRY(const auto to, instant_in(call, "to"));
  if (!from || !to || *from >= *to) return Failure{400, "\"from\" must be before \"to\""};
  BACKCAST_TRY(const auto records, told(backend.control.usage(*from, *to)));
  json listed = json::array();
  for (const UsageRecord& record : records) {
    if (!reaches(call.caller, record.project)) continue;
    listed.push_back({{"kind", name(record.kind)},
                      {"start", format_instant(record.start)},
                      {"end", format_instant(record.end)},
                      {"born", record.born ? json(format_instant(*record.born)) : json(nullptr)},
                      {"quantity", record.quantity},
                      {"provider", record.provider},
                      {"project", record.project},
                      {"service", record.service},
                      {"region", record.region},
                      {"peer_region", record.peer_region},
                      {"backup_kind", record.backup_kind},
                      {"backup", record.backup},
                      {"tags", record.tags}});
  }
  return json_response({{"usage", std::move(listed)}});
}

Outcome decisions(Backend& backend, const Call& call) {
  BACKCAST_TRY(const auto from, count_in(call, "from"));
  BACKCAST_TRY(const auto limit, count_in(call, "limit"));
  const auto first =
      static_cast<std::int64_t>(std::min<std::uint64_t>(from.value_or(1), INT64_MAX));
  BACKCAST_TRY(const auto decided, told(backend.control.decisions(
                                       first, std::min(limit.value_or(1000), kMostOfAPage))));
  json listed = json::array();
  for (const auto& entry : decided) {
    const policy::Decision& decision = entry.decision;
    const json expires = decision.expires ? json(format_instant(*decision.expires)) : json(nullptr);
    listed.push_back({{"number", entry.number},
                      {"at", format_instant(decision.at)},
                      {"code", policy::name(decision.code)},
                      {"subject", decision.subject},
                      {"reason", decision.reason},
                      {"tags", decision.tags},
                      {"expires", expires}});
  }
  return json_response({{"decisions", std::move(listed)}});
}

Outcome audit(Backend& backend, const Call& call) {
  BACKCAST_TRY(const auto offset, count_in(call, "offset"));
  BACKCAST_TRY(const auto limit, count_in(call, "limit"));
  BACKCAST_TRY(const auto entries,
               told(backend.control.audit(std::min<std::uint64_t>(offset.value_or(0), INT64_MAX),
                                          std::min(limit.value_or(100), kMostOfAPage))));
  json listed = json::array();
  for (const control::Audit& entry : entries) {
    listed.push_back({{"at", format_instant(entry.at)},
                      {"who", entry.who},
                      {"action", entry.action},
                      {"subject", entry.subject},
                      {"detail", entry.detail}});
  }
  return json_response({{"audit", std::move(listed)}});
}

json requirements(Backend& backend, const Call& call);

// Of each cluster: its newest backup, and what runs; and what is required of them.
Outcome status(Backend& backend, const Call& call) {
  BACKCAST_TRY(const auto clusters, clusters_of(backend, call));
  json listed = json::array();
  for (const Owned& owned : clusters) {
    if (owned.cluster.deleted) continue;
    control::BackupFilter newest;
    newest.cluster = owned.cluster.id;
    newest.state = "AVAILABLE";
    newest.limit = 1;
    control::JobFilter running;
    running.cluster = owned.cluster.id;
    running.state = "IN_PROGRESS";
    BACKCAST_TRY(const control::Backups found, told(backend.control.backups(newest)));
    BACKCAST_TRY(const auto jobs, told(backend.control.jobs(running)));
    BACKCAST_TRY(const auto schedules, told(backend.control.schedules(owned.cluster.id)));
    std::optional<Instant> due;
    for (const control::Schedule& schedule : schedules) {
      if (schedule.due && (!due || *schedule.due < *due)) due = schedule.due;
    }
    listed.push_back({{"cluster", owned.cluster.id},
                      {"name", owned.cluster.name},
                      {"project", owned.cluster.project},
                      {"state", owned.cluster.state},
                      {"backups", found.count},
                      {"newest", found.page.empty() ? json(nullptr) : json_of(found.page.front())},
                      {"running", jobs.size()},
                      {"due", due ? json(format_instant(*due)) : json(nullptr)}});
  }
  return json_response(
      {{"clusters", std::move(listed)}, {"requirements", requirements(backend, call)}});
}

bool reaches_all(const Call& call, const std::vector<std::string>& projects) {
  return std::all_of(projects.begin(), projects.end(),
                     [&](const std::string& project) { return reaches(call.caller, project); });
}

json requirements(Backend& backend, const Call& call) {
  json listed = json::array();
  if (!backend.requirements) return listed;
  for (const RequirementState& one : backend.requirements()) {
    if (!reaches_all(call, one.projects)) continue;
    listed.push_back({{"scenario", one.scenario},
                      {"name", one.name},
                      {"statement", one.statement},
                      {"state", one.state},
                      {"since", one.since ? json(format_instant(*one.since)) : json(nullptr)},
                      {"why", one.why},
                      {"limit", one.limit},
                      {"observed", one.observed},
                      {"broken_seconds",
                       std::chrono::duration_cast<std::chrono::seconds>(one.broken_for).count()}});
  }
  return listed;
}

json json_of_drill(const control::Drill& drill) {
  json told{
      {"cluster", drill.cluster},
      {"name", drill.name},
      {"project", drill.project},
      {"every_seconds", std::chrono::duration_cast<std::chrono::seconds>(drill.every).count()},
      {"due", format_instant(drill.due)},
      {"last", nullptr}};
  if (!drill.last) return told;
  const control::DrillResult& last = *drill.last;
  const double seconds = std::chrono::duration<double>(last.ended - last.started).count();
  told["last"] = {{"backup", last.backup},
                  {"job", last.job},
                  {"started", format_instant(last.started)},
                  {"seconds", std::round(seconds * 1000) / 1000},
                  {"bytes", last.bytes},
                  {"rows", last.rows},
                  {"how", last.how},
                  {"why_not", last.why_not}};
  return told;
}

Outcome drills(Backend& backend, const Call& call) {
  BACKCAST_TRY(const auto drills, told(backend.control.drills()));
  json listed = json::array();
  for (const control::Drill& drill : drills) {
    if (reaches(call.caller, drill.project)) listed.push_back(json_of_drill(drill));
  }
  return json_response({{"drills", std::move(listed)}});
}

Outcome put_drill(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, cluster_of(backend, call, call.path("cluster")));
  const auto seconds = count_number(call.body["every_seconds"], kMostDrillSeconds);
  if (!seconds) return Failure{400, "\"every_seconds\" must be from 60 to ten years"};
  BACKCAST_TRY(const control::Drill drill,
               told(backend.control.put_drill(caller_of(call), owned.cluster.id,
                                              std::chrono::seconds(*seconds))));
  return json_response(json_of_drill(drill));
}

Outcome delete_drill(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, cluster_of(backend, call, call.path("cluster")));
  BACKCAST_CHECK(told(backend.control.delete_drill(caller_of(call), owned.cluster.id)));
  return json_response({{"cluster", owned.cluster.id}});
}

std::vector<Field> drill_fields() {
  return {
      {"cluster", "string", "Its id", true},
      {"name", "string", "", true},
      {"project", "string", "", true},
      {"every_seconds", "integer", "", true},
      {"due", "string", "The next one", true},
      {"last",
       "object",
       "What the last one measured",
       true,
       {{"backup", "string", "", true},
        {"job", "string", "", true},
        {"started", "string", "RFC 3339", true},
        {"seconds", "number", "", true},
        {"bytes", "integer", "Of the backup", true},
        {"rows", "integer", "Compared with what was saved; 0: this kind of data tells none", true},
        {"how",
         "string",
         "Restored into a place of its own, or read whole",
         true,
         {},
         {"", "restored", "read"}},
        {"why_not", "string", "\"\": all of it came back", true}},
       {},
       true}};
}

// A limit of jobs that names no project counts those of all.
bool reaches_limit(const Call& call, const control::Limit& limit) {
  return limit.project.empty() ? call.caller.projects.empty() : reaches(call.caller, limit.project);
}

Outcome limits(Backend& backend, const Call& call) {
  BACKCAST_TRY(const auto limits, told(backend.control.limits()));
  json listed = json::array();
  for (const control::Limit& limit : limits) {
    if (reaches_limit(call, limit)) listed.push_back(json_of(limit));
  }
  return json_response({{"limits", std::move(listed)}});
}

Outcome put_limits(Backend& backend, const Call& call) {
  std::vector<control::Limit> asked;
  BACKCAST_TRY(const auto known, told(backend.control.limits()));
  for (const control::Limit& limit : known) {  // those of others stay
    if (!reaches_limit(call, limit)) asked.push_back(limit);
  }
  for (const json& value : call.body["limits"]) {
    control::Limit limit;
    BACKCAST_CHECK(told(read_into(limit, value)));
    if (!reaches_limit(call, limit)) {
      return Failure{404, "there is no such project",
                     "a token for some projects sets limits that each name one of them"};
    }
    for (const std::string& cluster : limit.clusters) {
      BACKCAST_CHECK(cluster_of(backend, call, cluster));
    }
    asked.push_back(std::move(limit));
  }
  BACKCAST_CHECK(told(backend.control.put_limits(caller_of(call), asked)));
  return limits(backend, call);
}

Outcome scenarios(Backend& backend, const Call& call) {
  BACKCAST_TRY(const auto scenarios, told(backend.control.scenarios()));
  json listed = json::array();
  for (const control::AppliedScenario& scenario : scenarios) {
    if (reaches_all(call, scenario.projects)) listed.push_back(json_of(scenario));
  }
  return json_response({{"scenarios", std::move(listed)}});
}

// What another one of this name speaks of must be theirs as well.
Status check_scenario(Backend& backend, const Call& call, const std::string& name) {
  BACKCAST_TRY(const auto scenarios, backend.control.scenarios());
  for (const control::AppliedScenario& scenario : scenarios) {
    if (scenario.name != name || reaches_all(call, scenario.projects)) continue;
    return Error{Errc::kExists, "another scenario has this name", {}, "give yours another"};
  }
  return kOk;
}

Outcome put_scenario(Backend& backend, const Call& call) {
  control::AppliedScenario scenario;
  BACKCAST_CHECK(told(read_into(scenario, call.body)));
  scenario.name = call.path("scenario");
  if (scenario.projects.empty() || !reaches_all(call, scenario.projects)) {
    return Failure{404, "there is no such project"};
  }
  BACKCAST_CHECK(told(check_scenario(backend, call, scenario.name)));
  BACKCAST_TRY(scenario, told(backend.control.put_scenario(caller_of(call), std::move(scenario))));
  return json_response(json_of(scenario));
}

Outcome delete_scenario(Backend& backend, const Call& call) {
  const std::string& name = call.path("scenario");
  BACKCAST_CHECK(told(check_scenario(backend, call, name)));
  BACKCAST_CHECK(told(backend.control.delete_scenario(caller_of(call), name)));
  return json_response({{"name", name}});
}

}  // namespace

std::vector<Route> policy_routes(Backend& backend) {
  const std::vector<Field> all_limits{{"limits", "array", "", true, limit_fields()}};
  return {{.method = "GET",
           .pattern = "/v1/limits",
           .id = "listLimits",
           .summary = "How many jobs may run at once",
           .needs = Privilege::kView,
           .answer = all_limits,
           .handle = [&backend](const Call& call) { return limits(backend, call); }},
          {.method = "PUT",
           .pattern = "/v1/limits",
           .id = "putLimits",
           .summary = "Limits of jobs, in place of those before",
           .needs = Privilege::kManage,
           .body = all_limits,
           .answer = all_limits,
           .takes = Takes::kJson,
           .handle = [&backend](const Call& call) { return put_limits(backend, call); }},
          {.method = "GET",
           .pattern = "/v1/scenarios",
           .id = "listScenarios",
           .summary = "Scenarios that were applied, with what they require",
           .needs = Privilege::kView,
           .answer = {{"scenarios", "array", "", true, scenario_fields()}},
           .handle = [&backend](const Call& call) { return scenarios(backend, call); }},
          {.method = "PUT",
           .pattern = "/v1/scenarios/{scenario}",
           .id = "putScenario",
           .summary = "Note that a scenario holds; its schedules are set by themselves",
           .needs = Privilege::kManage,
           .body = {{"document", "string", "", true}, {"projects", "array", "", true}},
           .answer = scenario_fields(),
           .takes = Takes::kJson,
           .handle = [&backend](const Call& call) { return put_scenario(backend, call); }},
          {.method = "DELETE",
           .pattern = "/v1/scenarios/{scenario}",
           .id = "deleteScenario",
           .summary = "A scenario holds no longer; what it set stays",
           .needs = Privilege::kManage,
           .answer = {{"name", "string", "", true}},
           .handle = [&backend](const Call& call) { return delete_scenario(backend, call); }},
          {.method = "GET",
           .pattern = "/v1/drills",
           .id = "listDrills",
           .summary = "Restore drills, and what the last one of each measured",
           .needs = Privilege::kView,
           .answer = {{"drills", "array", "", true, drill_fields()}},
           .handle = [&backend](const Call& call) { return drills(backend, call); }},
          {.method = "PUT",
           .pattern = "/v1/clusters/{cluster}/drill",
           .id = "putDrill",
           .summary = "Restores the newest backup again and again, the first time now",
           .needs = Privilege::kManage,
           .body = {{"every_seconds", "integer", "", true}},
           .answer = drill_fields(),
           .takes = Takes::kJson,
           .handle = [&backend](const Call& call) { return put_drill(backend, call); }},
          {.method = "DELETE",
           .pattern = "/v1/clusters/{cluster}/drill",
           .id = "deleteDrill",
           .summary = "No more drills",
           .needs = Privilege::kManage,
           .answer = {{"cluster", "string", "Its id", true}},
           .handle = [&backend](const Call& call) { return delete_drill(backend, call); }}};
}

std::vector<Route> record_routes(Backend& backend) {
  const auto list = [](const char* name, std::vector<Field> fields) {
    return std::vector<Field>{{name, "array", "", true, std::move(fields)}};
  };
  std::vector<Route> routes{
      {.method = "GET",
       .pattern = "/v1/usage",
       .id = "usage",
       .summary = "What backups held and what was moved, for a bill",
       .needs = Privilege::kView,
       .query = {{"from", "string", "RFC 3339", true}, {"to", "string", "RFC 3339", true}},
       .answer =
           list("usage", {{"kind", "string", "", true, {}, {"storage", "deletion", "transfer"}},
                          {"start", "string", "RFC 3339", true},
                          {"end", "string", "RFC 3339, exclusive; of a transfer its start", true},
                          {"quantity", "integer", "Bytes", true},
                          {"backup", "string", "", true}}),
       .handle = [&backend](const Call& call) { return usage(backend, call); }},
      {.method = "GET",
       .pattern = "/v1/decisions",
       .id = "decisions",
       .summary = "What was decided, and why",
       .query = {{"from", "integer", "Number of the first; they begin with 1"},
                 {"limit", "integer", "At most 10000; 1000 if it is not given"}},
       .answer = list("decisions", {{"number", "integer", "", true},
                                    {"at", "string", "RFC 3339", true},
                                    {"code", "string", "", true},
                                    {"subject", "string", "", true},
                                    {"reason", "string", "", true}}),
       .handle = [&backend](const Call& call) { return decisions(backend, call); }},
      {.method = "GET",
       .pattern = "/v1/audit",
       .id = "audit",
       .summary = "Who changed what, newest first",
       .query = {{"offset", "integer", ""}, {"limit", "integer", "At most 10000"}},
       .answer = list("audit", {{"at", "string", "RFC 3339", true},
                                {"who", "string", "A token's name", true},
                                {"action", "string", "", true},
                                {"subject", "string", "", true},
                                {"detail", "string", "", true}}),
       .handle = [&backend](const Call& call) { return audit(backend, call); }},
      {.method = "GET",
       .pattern = "/v1/status",
       .id = "status",
       .summary = "How each cluster stands",
       .needs = Privilege::kView,
       .answer = list("clusters", {{"cluster", "string", "Its id", true},
                                   {"name", "string", "", true},
                                   {"state", "string", "", true},
                                   {"backups", "integer", "That can be restored", true},
                                   {"newest", "object", "", true, backup_fields(), {}, true},
                                   {"running", "integer", "Jobs", true},
                                   {"due", "string", "The next start", true, {}, {}, true}}),
       .handle = [&backend](const Call& call) { return status(backend, call); }}};
  routes.back().answer.push_back(
      {"requirements",
       "array",
       "Of scenarios that were applied",
       true,
       {{"scenario", "string", "", true},
        {"name", "string", "", true},
        {"statement", "string", "", true},
        {"state", "string", "", true, {}, {"holds", "broken", "unknown"}},
        {"since", "string", "It is broken", true, {}, {}, true},
        {"why", "string", "It is broken or unknown", true},
        {"limit", "string", "", true},
        {"observed", "string", "The worst since it was applied", true},
        {"broken_seconds", "integer", "In all, since then", true}}});
  return routes;
}

}  // namespace backcast::api
