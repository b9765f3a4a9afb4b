// What a scenario or a drill has planned: each entry is a JSON object that names what is done
// ("do") and to what.
#include <nlohmann/json.hpp>

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/time_math.h"
#include "engine/control/plane/parts.h"

namespace backcast::control {
namespace {

using nlohmann::json;

struct Plan {
  json what;
  std::string text;
  Instant at{};
  Duration lasts{0};
};

Plan plan_of(Core& core, Id planned) {
  const auto found = core.db.row(
      "SELECT at, lasts, text FROM planned WHERE id = ?",
      [](Row& r) {
        Plan plan;
        plan.at = r.instant();
        plan.lasts = r.duration();
        plan.text = r.text();
        return plan;
      },
      planned);
  if (!found) {
    throw ErrorThrown({Errc::kCorrupt, fmt::format("nothing is planned as {}", planned), {}, {}});
  }
  Plan plan = *found;
  plan.what = json::parse(plan.text, nullptr, false);
  if (!plan.what.is_object()) {
    throw ErrorThrown({Errc::kCorrupt, fmt::format("plan {} is no object", planned), {}, {}});
  }
  return plan;
}

struct Named {
  Id cluster = 0;
  std::string uid;
};
std::vector<Named> clusters_of(Core& core, const Plan& plan) {
  std::vector<Named> clusters;
  for (const auto& uid : plan.what.value("clusters", std::vector<std::string>())) {
    const auto id = core.db.number("SELECT id FROM clusters WHERE uid = ?", uid);
    if (id) clusters.push_back({*id, uid});
  }
  return clusters;
}

// What changes outside; what is over by then must leave its link first.
void tell_outside(Core& core, const Plan& plan, bool begins) {
  const auto link =
      core.outside.link_between(plan.what.value("from", ""), plan.what.value("to", ""));
  if (link) settle(core, *link);
  core.outside.happens(plan.text, begins, core.now);
  core.await_links();
}

Asked asked_of(const json& what) {
  Asked asked;
  asked.tags = what.value("tags", std::vector<std::string>());
  asked.retention = what.value("retention", "");
  for (const json& copy : what.value("copies", json::array())) {
    asked.copies.push_back({copy.value("region", ""), copy.value("retention", "")});
  }
  return asked;
}

Restore restore_of(const json& what) {
  Restore restore;
  restore.region = what.value("region", "");
  restore.to_region = what.value("to_region", "");
  restore.in_place = what.value("in_place", false);
  if (what.contains("as_of")) {
    restore.as_of = Instant(Duration(what["as_of"].get<std::int64_t>()));
  }
  restore.role = what.value("role", "");
  restore.backup_version = what.value("backup_version", "");
  restore.target_version = what.value("target_version", "");
  restore.latest_version = what.value("latest_version", "");
  restore.to_project = what.value("to_project", "");
  restore.key = what.value("key", "");
  restore.into = what.value("into", "");
  if (what.contains("choice")) restore.choice = what["choice"].dump();
  return restore;
}

std::optional<Instant> instant_in(const json& what, const char* key) {
  if (!what.contains(key)) return std::nullopt;
  return Instant(Duration(what[key].get<std::int64_t>()));
}

Schedule schedule_of(const json& what) {
  Schedule schedule;
  schedule.name = what.value("name", "");
  schedule.rule = what.value("rule", "");
  schedule.zone = what.value("zone", "");
  schedule.retention = what.value("retention", "");
  schedule.initial = what.value("initial", false);
  schedule.catches_up = what.value("catches_up", false);
  schedule.copies = asked_of(what).copies;
  schedule.from = instant_in(what, "from");
  schedule.until = instant_in(what, "until");
  return schedule;
}

// Those that are said hold from now on, each in the place of the one of its name; others end.
void change_schedules(Core& core, Id cluster, const json& said) {
  std::vector<Schedule> schedules;
  for (const json& one : said) schedules.push_back(schedule_of(one));
  for (const SlotRow& slot : core.slots_of(cluster)) {
    const bool stays = std::any_of(schedules.begin(), schedules.end(),
                                   [&](const Schedule& s) { return s.name == slot.name; });
    if (!stays) delete_schedule(core, slot, false);
  }
  for (Schedule& schedule : schedules) {
    schedule.id =
        core.db
            .row(
                "SELECT uid FROM schedules WHERE cluster = ? AND name = ? AND deleted = 0",
                [](Row& r) { return r.text(); }, cluster, schedule.name)
            .value_or("");
    put_schedule(core, cluster, schedule);
  }
}

void change_policy(Core& core, Id cluster_id, const json& said) {
  const ClusterRow cluster = core.cluster(cluster_id);
  core.decide(policy::Code::kPolicyChanged, cluster.name);
  if (said.contains("retention")) {
    const std::string text = said.value("retention", "");
    core.policy_of(text);
    core.db.run("UPDATE clusters SET retention = ? WHERE id = ?", text, cluster_id);
    note_protection(core, cluster_id);
  }
  if (said.contains("schedules")) change_schedules(core, cluster_id, said["schedules"]);
}

void end_schedule(Core& core, Id cluster_id, const std::string& name, bool delete_backups) {
  for (const SlotRow& slot : core.slots_of(cluster_id)) {
    if (slot.name != name) continue;
    core.decide(policy::Code::kScheduleDeleted, core.cluster(cluster_id).name + "/" + name);
    return delete_schedule(core, slot, delete_backups);
  }
}

// The newest backup that is described.
void delete_described(Core& core, Id cluster_id, const json& what) {
  const ClusterRow cluster = core.cluster(cluster_id);
  const std::string wanted = what.value("region", "");
  const std::string& region = wanted.empty() ? cluster.region : wanted;
  const Instant as_of = instant_in(what, "as_of").value_or(core.now);
  const auto tags = what.value("tags", std::vector<std::string>());
  std::optional<BackupRow> best;
  for (const Id vault : core.vaults_of(cluster_id)) {
    if (core.vault_row(vault).region != region) continue;
    for (BackupRow& held : core.held(vault)) {
      const bool fits = policy::is_described(held.born, held.tags, as_of, tags);
      if (fits && (!best || held.born >= best->born)) best = std::move(held);
    }
  }
  if (best) return drop(core, *best, policy::Code::kDeleted, policy::name(policy::Why::kAsked));
  core.decide(policy::Code::kDeletionRefused, cluster.name, policy::name(policy::Why::kNoBackup));
}

Project project_of(const json& what) {
  Project project;
  project.id = what.value("project", "");
  project.plan = what.value("plan", "");
  if (what.contains("quota")) project.quota_bytes = what["quota"].get<std::uint64_t>();
  project.quota_mode = what.value("quota_mode", "");
  project.quota_ceiling_bytes = what.value("quota_ceiling", UINT64_MAX);
  project.grace = Duration(what.value("grace", std::int64_t{0}));
  return project;
}

void begin_for(Core& core, Id cluster, const Plan& plan, const std::string& uid) {
  const std::string what = plan.what.value("do", "");
  const bool delete_backups = plan.what.value("delete_backups", false);
  if (what == "delete") delete_cluster(core, cluster, delete_backups);
  if (what == "schedules_off") switch_schedules(core, cluster, false);
  if (what == "schedules_on") switch_schedules(core, cluster, true);
  if (what == "suspend") suspend(core, cluster, true);
  if (what == "clock_jump") {
    jump_clock(core, cluster, Duration(plan.what.value("jump", std::int64_t{0})));
  }
  if (what == "delete_backup") delete_described(core, cluster, plan.what);
  if (what == "delete_schedule") {
    end_schedule(core, cluster, plan.what["policies"][uid].value("schedule", ""), delete_backups);
  }
  if (what == "change_policy") change_policy(core, cluster, plan.what["policies"][uid]);
}

}  // namespace

void ask_planned(Core& core, Id planned) {
  const Plan plan = plan_of(core, planned);
  const bool restores = plan.what.value("do", "") == "restore";
  for (const auto& [cluster, uid] : clusters_of(core, plan)) {
    if (restores) {
      start_restore(core, cluster, restore_of(plan.what));
    } else {
      start_manual(core, cluster, asked_of(plan.what));
    }
  }
}

void begin_planned(Core& core, Id planned) {
  const Plan plan = plan_of(core, planned);
  const std::string what = plan.what.value("do", "");
  const std::string region = plan.what.value("region", "");
  const bool delete_backups = plan.what.value("delete_backups", false);
  if (plan.lasts > Duration{0}) {
    core.push(plus(plan.at, plan.lasts), policy::Due::kScenarioEnds, planned);
  }
  if (what == "outside") return tell_outside(core, plan, true);
  if (what == "region_down") return take_down(core, region, Down::kRegion);
  if (what == "store_down") return take_down(core, region, Down::kStore);
  if (what == "lose_storage") {
    std::vector<Id> named;
    for (const auto& [cluster, uid] : clusters_of(core, plan)) named.push_back(cluster);
    return lose_storage(core, region, named);
  }
  if (what == "delete_project") {
    const auto id =
        core.db.number("SELECT id FROM projects WHERE name = ?", plan.what.value("project", ""));
    if (id) delete_project(core, *id, delete_backups);
    return;
  }
  if (what == "change_plan") return change_plan(core, project_of(plan.what));
  if (what == "revoke_key" || what == "enable_key") {
    return switch_key(core, plan.what.value("project", ""), plan.what.value("key", ""),
                      what == "revoke_key");
  }
  for (const auto& [cluster, uid] : clusters_of(core, plan)) begin_for(core, cluster, plan, uid);
}

void end_planned(Core& core, Id planned) {
  const Plan plan = plan_of(core, planned);
  const std::string what = plan.what.value("do", "");
  if (what == "outside") return tell_outside(core, plan, false);
  const std::string region = plan.what.value("region", "");
  if (what == "region_down") return bring_back(core, region, Down::kRegion);
  if (what == "store_down") return bring_back(core, region, Down::kStore);
  if (what != "suspend") return;
  for (const auto& [cluster, uid] : clusters_of(core, plan)) suspend(core, cluster, false);
}

}  // namespace backcast::control
