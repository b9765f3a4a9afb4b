// Our own routes of what happened: usage, decisions, the audit log and how things stand.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/api/routes/backend.h"
#include "engine/api/routes/values.h"

namespace backcast::api {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMostOfAPage = 10'000;

Outcome usage(Backend& backend, const Call& call) {
  BACKCAST_TRY(const auto from, instant_in(call, "from"));
  BACKCAST_TRY(const auto to, instant_in(call, "to"));
  if (!from || !to || *from >= *to) return Failure{400, "\"from\" must be before \"to\""};
  BACKCAST_TRY(const auto records, told(backend.control.usage(*from, *to)));
  json listed = json::array();
  for (const UsageRecord& record : records) {
    if (!reaches(call.caller, record.project)) continue;
    listed.push_back({{"kind", record.kind == UsageKind::kTransfer ? "transfer" : "storage"},
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

// Of each cluster: its newest backup, and what runs.
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
  return json_response({{"clusters", std::move(listed)}});
}

}  // namespace

std::vector<Route> record_routes(Backend& backend) {
  const auto list = [](const char* name, std::vector<Field> fields) {
    return std::vector<Field>{{name, "array", "", true, std::move(fields)}};
  };
  return {{.method = "GET",
           .pattern = "/v1/usage",
           .id = "usage",
           .summary = "What backups held and what was moved, for a bill",
           .needs = Privilege::kView,
           .query = {{"from", "string", "RFC 3339", true}, {"to", "string", "RFC 3339", true}},
           .answer = list("usage", {{"kind", "string", "", true, {}, {"storage", "transfer"}},
                                    {"start", "string", "RFC 3339", true},
                                    {"end", "string", "RFC 3339, exclusive", true},
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
}

}  // namespace backcast::api
