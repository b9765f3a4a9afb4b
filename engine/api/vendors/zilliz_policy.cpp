// The automatic backup policy of a cluster, as Zilliz Cloud's API has it.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "engine/api/vendors/zilliz.h"

namespace backcast::api {
namespace {

using nlohmann::json;

constexpr std::int64_t kFarTooMany = 1'000'000;  // days, as refused as any larger number
constexpr int kDefaultDays = 7;  // Schedule Automatic Backups: "The default retention period"

json policy_of(const Owned& owned, const std::vector<control::Schedule>& schedules, bool on) {
  json data{{"clusterId", owned.cluster.id},
            {"status", "DISABLED"},
            {"startTime", nullptr},
            {"frequency", nullptr},
            {"retentionDays", 0},
            {"crossRegionCopies", json::array()}};
  if (schedules.empty() || !on) return data;
  const control::Schedule& schedule = schedules.front();
  const auto days_of = [&](const std::string& text) {
    const std::string_view words = owned.rules->retention.days_words;
    int days = 0;
    if (text.starts_with(words)) {
      std::from_chars(text.data() + words.size(), text.data() + text.size(), days);
    }
    return days;
  };
  data["status"] = "ENABLED";
  const auto rule = policy::parse_schedule(schedule.rule);
  const auto* window = rule.ok() ? std::get_if<policy::WindowSchedule>(&*rule) : nullptr;
  if (window != nullptr) {
    data["startTime"] = policy::print_window_hours(window->open_minute);
    data["frequency"] = policy::print_window_weekdays(window->weekdays);
  }
  data["retentionDays"] = days_of(schedule.retention);
  for (const control::Copy& copy : schedule.copies) {
    const std::size_t dash = copy.region.find('-');
    data["crossRegionCopies"].push_back(
        {{"regionId", copy.region},
         {"retentionDays", days_of(copy.retention)},
         {"region", copy.region.substr(dash == std::string::npos ? 0 : dash + 1)}});
  }
  return data;
}

Outcome get_policy(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, zilliz_cluster(backend, call, call.path("clusterId")));
  BACKCAST_TRY(const auto schedules, told(backend.control.schedules(owned.cluster.id)));
  BACKCAST_TRY(const bool on, told(backend.control.schedules_are_on(owned.cluster.id)));
  return zilliz_data(policy_of(owned, schedules, on));
}

// A missing list leaves the copies as they are; an empty or null one clears them.
Status read_copies(const Owned& owned, const json& body, std::vector<control::Copy>& copies) {
  const char* name = body.contains("crossRegionCopies") ? "crossRegionCopies"
                                                        : "crossRegionPolicies";  // newer guide
  if (!body.contains(name)) return kOk;
  copies.clear();
  for (const json& entry : body[name].is_null() ? json::array() : body[name]) {
    control::Copy copy;
    copy.region = entry.at("regionId").get<std::string>();
    std::optional<int> days;
    if (entry.contains("retentionDays")) {
      days = static_cast<int>(
          std::clamp<std::int64_t>(entry["retentionDays"].get<std::int64_t>(), -1, kFarTooMany));
    }
    BACKCAST_CHECK(check_target(owned, copy.region, policy::Origin::kAutomatic, days));
    BACKCAST_TRY(copy.retention, retention_text(*owned.rules, days.value_or(0)));
    copies.push_back(std::move(copy));
  }
  return kOk;
}

Outcome enable(Backend& backend, const Call& call, const Owned& owned,
               std::vector<control::Schedule> schedules) {
  const json& body = call.body;
  control::Schedule schedule;
  std::uint8_t weekdays = 0;
  std::int16_t open_minute = 0;
  std::int64_t days = kDefaultDays;
  if (!schedules.empty()) {
    schedule = std::move(schedules.front());  // what is not given stays
    const json now = policy_of(owned, {schedule}, true);
    BACKCAST_TRY(weekdays,
                 told(policy::parse_window_weekdays(
                          now["frequency"].is_null() ? "" : now["frequency"].get<std::string>()),
                      kZFrequency));
    BACKCAST_TRY(open_minute, told(policy::parse_window_hours(now["startTime"].get<std::string>()),
                                   kZStartTime));
    days = now["retentionDays"].get<int>();
  }
  if (schedules.empty() || body.contains("frequency")) {
    BACKCAST_TRY(weekdays,
                 told(policy::parse_window_weekdays(body.value("frequency", "")), kZFrequency));
  }
  if (schedules.empty() || body.contains("startTime")) {
    BACKCAST_TRY(open_minute,
                 told(policy::parse_window_hours(body.value("startTime", "")), kZStartTime));
  }
  if (body.contains("retentionDays")) days = body["retentionDays"].get<std::int64_t>();
  BACKCAST_TRY(schedule.retention, told(retention_text(*owned.rules, days), kZRetention));
  BACKCAST_CHECK(told(read_copies(owned, body, schedule.copies), kZRegion));
  // Switched on anew it makes a backup at once; a change of one that is on does not.
  schedule.initial = schedule.id.empty() && owned.rules->backs_up_when_switched_on;
  schedule.cluster = owned.cluster.id;
  schedule.rule = policy::print(
      policy::Schedule{policy::WindowSchedule{.weekdays = weekdays, .open_minute = open_minute}});
  BACKCAST_CHECK(told(backend.control.put_schedule(caller_of(call), std::move(schedule))));
  return zilliz_data({{"clusterId", owned.cluster.id}, {"status", "ENABLED"}});
}

Outcome set_policy(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, zilliz_cluster(backend, call, call.path("clusterId")));
  if (owned.cluster.deleted) return zilliz_failure(kZNoCluster, "the cluster has been dropped");
  BACKCAST_TRY(auto schedules, told(backend.control.schedules(owned.cluster.id)));
  if (call.body["enabled"].get<bool>()) return enable(backend, call, owned, std::move(schedules));
  for (const control::Schedule& schedule : schedules) {
    BACKCAST_CHECK(told(backend.control.delete_schedule(caller_of(call), schedule.id, false)));
  }
  return zilliz_data({{"clusterId", owned.cluster.id}, {"status", "DISABLED"}});
}

std::vector<Field> copies_fields() {
  return {{"regionId", "string", "Bound to the cluster's project", true, {}, {}, false, kZRegion},
          {"retentionDays", "integer", "1 to 30", false, {}, {}, false, kZRetention}};
}

}  // namespace

std::vector<Route> zilliz_policy_routes(Backend& backend) {
  std::vector<Field> answered_copies = copies_fields();
  answered_copies.push_back({"region", "string", "Its short name"});
  return {
      {.method = "GET",
       .pattern = "/v2/clusters/{clusterId}/backups/policy",
       .id = "getBackupPolicy",
       .summary = "The automatic backup policy of a cluster",
       .needs = Privilege::kView,
       .answer = zilliz_answer({{"clusterId", "string", "", true},
                                {"status", "string", "", true, {}, {"ENABLED", "DISABLED"}},
                                {"startTime", "string", "HH:mm-HH:mm, UTC", true, {}, {}, true},
                                {"frequency", "string", "1 to 7, 1 is Monday", true, {}, {}, true},
                                {"retentionDays", "integer", "0 while disabled", true},
                                {"crossRegionCopies", "array", "", true, answered_copies}}),
       .handle = [&backend](const Call& call) { return get_policy(backend, call); }},
      {.method = "POST",
       .pattern = "/v2/clusters/{clusterId}/backups/policy",
       .id = "setBackupPolicy",
       .summary = "Switches automatic backups on, changes them, or switches them off",
       .needs = Privilege::kManage,
       .body = {{"enabled", "boolean", "", true, {}, {}, false, kZBackupFailed},
                {"frequency", "string", "1 to 7, 1 is Monday", false, {}, {}, false, kZFrequency},
                {"startTime",
                 "string",
                 "HH:mm-HH:mm, two hours, UTC",
                 false,
                 {},
                 {},
                 false,
                 kZStartTime},
                {"retentionDays", "integer", "1 to 30; 7", false, {}, {}, false, kZRetention},
                {"crossRegionCopies",
                 "array",
                 "Replaces those there are",
                 false,
                 copies_fields(),
                 {},
                 true,
                 kZRegion},
                {"crossRegionPolicies",
                 "array",
                 "The same by its newer name",
                 false,
                 copies_fields(),
                 {},
                 true,
                 kZRegion}},
       .answer = zilliz_answer({{"clusterId", "string", "", true},
                                {"status", "string", "", true, {}, {"ENABLED", "DISABLED"}}}),
       .takes = Takes::kJson,
       .forbidden_code = kZClusterRole,
       .handle = [&backend](const Call& call) { return set_policy(backend, call); }}};
}

}  // namespace backcast::api
