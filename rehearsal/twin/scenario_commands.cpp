#include "rehearsal/twin/scenario_commands.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

namespace backcast::rehearsal {
namespace {

using nlohmann::json;
using sim::EventKind;

std::string text_of(const std::optional<policy::RetentionPolicy>& policy) {
  return policy ? policy::to_text(*policy) : std::string();
}

const char* word_of(const std::optional<policy::Overlap>& overlap) {
  if (!overlap) return "";
  constexpr const char* kWords[] = {"beside", "skip", "queue"};
  return kWords[static_cast<std::size_t>(*overlap)];
}

std::vector<control::Copy> copies_of(const std::vector<sim::CopyRule>& rules) {
  std::vector<control::Copy> copies;
  for (const sim::CopyRule& rule : rules) copies.push_back({rule.region, text_of(rule.retention)});
  return copies;
}

control::Project project_of(const sim::Project& project) {
  control::Project said;
  said.id = project.name;
  said.plan = project.plan;
  said.rules = std::string(project.rules->name);
  said.quota_bytes = project.quota_bytes;
  said.quota_mode = std::string(policy::name(project.quota_mode));
  said.quota_ceiling_bytes = project.quota_ceiling_bytes;
  said.grace = project.grace;
  said.regions = project.regions;
  return said;
}

control::Cluster cluster_of(const sim::Scenario& scenario, const sim::Service& s) {
  control::Cluster cluster;
  cluster.name = s.name;
  cluster.project = scenario.projects[s.project].name;
  cluster.cloud = s.cloud;
  cluster.region = s.region;
  cluster.kind = s.kind;
  if (s.key) cluster.key = scenario.keys[*s.key].name;
  cluster.zone = s.zone.name();
  cluster.retention = text_of(s.retention);
  cluster.overlap = word_of(s.job.overlap);
  cluster.retries = s.job.retries;
  cluster.retry_after = s.job.retry_after;
  return cluster;
}

control::Schedule schedule_of(const sim::ServiceSchedule& schedule) {
  control::Schedule said;
  said.name = schedule.name;
  said.rule = policy::print(schedule.rule);
  said.zone = schedule.zone.name();
  said.retention = text_of(schedule.retention);
  said.initial = schedule.initial_backup;
  said.catches_up = schedule.catches_up;
  said.copies = copies_of(schedule.copies);
  said.from = schedule.from;
  if (schedule.until != Instant::max()) said.until = schedule.until;
  return said;
}

control::Limit limit_of(const sim::Scenario& scenario, const sim::JobLimit& limit) {
  control::Limit said;
  said.name = limit.name;
  said.jobs = limit.rule.jobs;
  said.wait_at_most = limit.rule.wait_at_most;
  said.region = limit.region;
  if (limit.project) said.project = scenario.projects[*limit.project].name;
  for (const std::uint32_t service : limit.services) said.clusters.push_back(uid_of(service));
  return said;
}

template <typename Made>
Status only_status(const Result<Made>& made) {
  return made.ok() ? Status(kOk) : Status(made.error());
}

const char* deed_of(EventKind kind) {
  switch (kind) {
    case EventKind::kManualBackup:
      return "backup";
    case EventKind::kRestore:
      return "restore";
    case EventKind::kDeleteService:
      return "delete";
    case EventKind::kDeleteProject:
      return "delete_project";
    case EventKind::kDisableSchedules:
      return "schedules_off";
    case EventKind::kEnableSchedules:
      return "schedules_on";
    case EventKind::kSuspend:
      return "suspend";
    case EventKind::kOutage:
      return "region_down";
    case EventKind::kStoreOutage:
      return "store_down";
    case EventKind::kStorageLoss:
      return "lose_storage";
    case EventKind::kClockJump:
      return "clock_jump";
    case EventKind::kLinkOutage:
    case EventKind::kJobFailures:
      return "outside";
    case EventKind::kDeleteBackup:
      return "delete_backup";
    case EventKind::kDeleteSchedule:
      return "delete_schedule";
    case EventKind::kChangePolicy:
      return "change_policy";
    case EventKind::kChangePlan:
      return "change_plan";
    case EventKind::kRevokeKey:
      return "revoke_key";
    case EventKind::kEnableKey:
      return "enable_key";
    case EventKind::kBurst:
      return nullptr;
  }
  return nullptr;
}

json copies_as_json(const std::vector<control::Copy>& copies) {
  json list = json::array();
  for (const control::Copy& copy : copies) {
    list.push_back({{"region", copy.region}, {"retention", copy.retention}});
  }
  return list;
}

json schedule_as_json(const control::Schedule& schedule) {
  json said{{"name", schedule.name},
            {"rule", schedule.rule},
            {"zone", schedule.zone},
            {"retention", schedule.retention},
            {"initial", schedule.initial},
            {"catches_up", schedule.catches_up},
            {"copies", copies_as_json(schedule.copies)}};
  if (schedule.from) said["from"] = schedule.from->time_since_epoch().count();
  if (schedule.until) said["until"] = schedule.until->time_since_epoch().count();
  return said;
}

// What becomes of the policy of each cluster, by its id.
json policies_of(const sim::Scenario& scenario, const sim::ScheduledEvent& event) {
  json policies = json::object();
  for (const sim::PolicyChange& change : event.changes) {
    const sim::Service& s = scenario.services[change.service];
    json& said = policies[uid_of(change.service)] = json::object();
    if (change.retention) {
      said["retention"] = text_of(sim::retention_at(s, *change.retention));
    }
    if (!change.schedules) continue;
    if (event.kind == EventKind::kDeleteSchedule) {
      said["schedule"] = s.schedules[change.schedules->front()].name;
      continue;
    }
    said["schedules"] = json::array();
    for (const std::uint32_t schedule : *change.schedules) {
      said["schedules"].push_back(schedule_as_json(schedule_of(s.schedules[schedule])));
    }
  }
  return policies;
}

void put_plan(const control::Project& project, json& what) {
  what["project"] = project.id;
  what["plan"] = project.plan;
  if (project.quota_bytes) what["quota"] = *project.quota_bytes;
  what["quota_mode"] = project.quota_mode;
  what["quota_ceiling"] = project.quota_ceiling_bytes;
  what["grace"] = project.grace.count();
}

// Where a restore goes and what of the backup, in the words of the API.
void put_target(const sim::Scenario& scenario, const sim::ScheduledEvent& event, json& what) {
  if (event.to_project) what["to_project"] = scenario.projects[*event.to_project].name;
  if (event.key) what["key"] = scenario.keys[*event.key].name;
  if (event.into) what["into"] = uid_of(*event.into);
  json collections = json::array();
  for (const policy::CollectionChoice& one : event.collections) {
    collections.push_back({{"database", one.from.database},
                           {"name", one.from.name},
                           {"to_database", one.to.database},
                           {"to_name", one.to.name},
                           {"load", policy::name(one.load)}});
  }
  if (!collections.empty()) what["choice"] = {{"collections", std::move(collections)}};
}

std::string words_of(const sim::Scenario& scenario, const sim::ScheduledEvent& event,
                     const char* deed) {
  json what{{"do", deed}, {"region", event.region}, {"delete_backups", event.delete_backups}};
  what["clusters"] = json::array();
  for (const std::uint32_t service : event.services) what["clusters"].push_back(uid_of(service));
  if (event.project) what["project"] = scenario.projects[*event.project].name;
  if (event.kind == EventKind::kLinkOutage) {
    what["link"] = true;
    what["from"] = event.region;
    what["to"] = event.to_region;
  }
  if (event.kind == EventKind::kJobFailures) what["services"] = event.services;
  what["jump"] = event.jump.count();
  what["tags"] = event.tags;
  what["retention"] = text_of(event.retention);
  what["copies"] = copies_as_json(copies_of(event.copies));
  if (event.becomes) {
    put_plan(project_of(*event.becomes), what);
  } else if (!event.changes.empty()) {
    what["policies"] = policies_of(scenario, event);
  }
  what["to_region"] = event.to_region;
  what["in_place"] = event.in_place;
  put_target(scenario, event, what);
  if (event.as_of) what["as_of"] = event.as_of->time_since_epoch().count();
  if (event.role) {
    constexpr const char* kRoles[] = {"organization_owner", "project_admin", "custom_with_backup",
                                      "custom_without_backup", "other"};
    what["role"] = kRoles[static_cast<std::size_t>(*event.role)];
  }
  const auto version = [&](const char* key, const std::optional<policy::Version>& of) {
    if (of) what[key] = policy::to_string(*of);
  };
  version("backup_version", event.backup_version);
  version("target_version", event.target_version);
  version("latest_version", event.latest_version);
  return what.dump();
}

Status say_event(const sim::Scenario& scenario, const sim::ScheduledEvent& event,
                 control::ControlPlane& plane) {
  const char* deed = deed_of(event.kind);
  if (deed == nullptr) return kOk;
  using As = control::ControlPlane::PlannedAs;
  const bool asked = event.kind == EventKind::kManualBackup || event.kind == EventKind::kRestore;
  return plane.plan(event.at, event.lasts, asked ? As::kIsAsked : As::kHappens,
                    words_of(scenario, event, deed));
}

}  // namespace

std::string uid_of(std::uint32_t service) {
  return fmt::format("cluster-{}", service + 1);
}

std::vector<std::string> not_played(const sim::Scenario& scenario) {
  std::set<std::string> missing;
  if (!scenario.repositories.empty()) missing.insert("repositories that services share");
  if (!scenario.fleets.empty()) missing.insert("fleets that are kept as sums");
  for (const sim::Expanded& expanded : scenario.expanded) {
    if (sim::has_laws(expanded.fleet)) missing.insert("fleets whose members are drawn");
  }
  if (unix_seconds(scenario.start) * kSecond != scenario.start.time_since_epoch()) {
    missing.insert("a start within a second");
  }
  std::set<std::string> names, projects;
  for (const sim::Project& project : scenario.projects) {
    if (!projects.insert(project.name).second) missing.insert("projects of one name");
  }
  for (const sim::Service& s : scenario.services) {
    if (!s.history.empty()) missing.insert("restore points of a history");
    if (s.job.backup_takes || s.job.copy_takes || s.job.restore_takes) {
      missing.insert("times that are tried");
    }
    if (!names.insert(s.name).second) missing.insert("services of one name");
    if (s.name.find(' ') != std::string::npos) missing.insert("names with blanks");
  }
  return {missing.begin(), missing.end()};
}

Said commands_of(const sim::Scenario& scenario) {
  Said said;
  for (const sim::Project& p : scenario.projects) said.projects.push_back(project_of(p));
  for (const sim::Key& key : scenario.keys) {
    said.keys.push_back({scenario.projects[key.project].name, key.name, key.region, {}, {}});
  }
  for (const sim::Service& s : scenario.services) {
    said.clusters.push_back(cluster_of(scenario, s));
    auto& schedules = said.schedules.emplace_back();
    for (const sim::ServiceSchedule& rule : s.schedules) {
      if (rule.is_from_the_start()) schedules.push_back(schedule_of(rule));
    }
  }
  for (const sim::JobLimit& limit : scenario.limits) {
    said.limits.push_back(limit_of(scenario, limit));
  }
  return said;
}

Status say(const sim::Scenario& scenario, control::ControlPlane& plane, const DataOf& data) {
  const control::Caller caller{"scenario"};
  Said said = commands_of(scenario);
  for (control::Project& project : said.projects) {
    Status done = only_status(plane.put_project(caller, std::move(project)));
    if (!done.ok()) return done;
  }
  for (const control::ClusterKey& key : said.keys) {
    Status done = only_status(plane.create_key(caller, key));
    if (!done.ok()) return done;
  }
  for (std::uint32_t i = 0; i < said.clusters.size(); ++i) {
    said.clusters[i].id = uid_of(i);
    if (data) data(i, said.clusters[i]);
    Status done = only_status(plane.create_cluster(caller, std::move(said.clusters[i])));
    if (!done.ok()) return done;
  }
  for (const control::Limit& limit : said.limits) {
    if (Status done = plane.set_limit(caller, limit); !done.ok()) return done;
  }
  for (std::uint32_t i = 0; i < said.schedules.size(); ++i) {
    for (control::Schedule& schedule : said.schedules[i]) {
      schedule.cluster = uid_of(i);
      Status done = only_status(plane.put_schedule(caller, std::move(schedule)));
      if (!done.ok()) return done;
    }
  }
  for (const sim::ScheduledEvent& event : scenario.events) {
    if (Status done = say_event(scenario, event, plane); !done.ok()) return done;
  }
  return kOk;
}

}  // namespace backcast::rehearsal
