// What a scenario or a drill has planned: each entry is a JSON object that names what is done
// ("do") and to what.
#include <nlohmann/json.hpp>

#include <fmt/format.h>

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

std::vector<Id> clusters_of(Core& core, const Plan& plan) {
  std::vector<Id> clusters;
  for (const auto& uid : plan.what.value("clusters", std::vector<std::string>())) {
    const auto id = core.db.number("SELECT id FROM clusters WHERE uid = ?", uid);
    if (id) clusters.push_back(*id);
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
  if (what.contains("as_of")) {
    restore.as_of = Instant(Duration(what["as_of"].get<std::int64_t>()));
  }
  restore.role = what.value("role", "");
  restore.backup_version = what.value("backup_version", "");
  restore.target_version = what.value("target_version", "");
  restore.latest_version = what.value("latest_version", "");
  return restore;
}

}  // namespace

void ask_planned(Core& core, Id planned) {
  const Plan plan = plan_of(core, planned);
  const bool restores = plan.what.value("do", "") == "restore";
  for (const Id cluster : clusters_of(core, plan)) {
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
  if (what == "lose_storage") return lose_storage(core, region, clusters_of(core, plan));
  if (what == "delete_project") {
    const auto id =
        core.db.number("SELECT id FROM projects WHERE name = ?", plan.what.value("project", ""));
    if (id) delete_project(core, *id, delete_backups);
    return;
  }
  for (const Id cluster : clusters_of(core, plan)) {
    if (what == "delete") delete_cluster(core, cluster, delete_backups);
    if (what == "schedules_off") switch_schedules(core, cluster, false);
    if (what == "schedules_on") switch_schedules(core, cluster, true);
    if (what == "suspend") suspend(core, cluster, true);
    if (what == "clock_jump") {
      jump_clock(core, cluster, Duration(plan.what.value("jump", std::int64_t{0})));
    }
  }
}

void end_planned(Core& core, Id planned) {
  const Plan plan = plan_of(core, planned);
  const std::string what = plan.what.value("do", "");
  if (what == "outside") return tell_outside(core, plan, false);
  const std::string region = plan.what.value("region", "");
  if (what == "region_down") return bring_back(core, region, Down::kRegion);
  if (what == "store_down") return bring_back(core, region, Down::kStore);
  if (what != "suspend") return;
  for (const Id cluster : clusters_of(core, plan)) suspend(core, cluster, false);
}

}  // namespace backcast::control
