// Our own routes of projects, clusters and schedules.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "engine/api/routes/backend.h"
#include "engine/api/routes/values.h"

namespace backcast::api {
namespace {

using nlohmann::json;

constexpr Privilege kView = Privilege::kView, kManage = Privilege::kManage;
const Failure kNoProject{404, "there is no such project", "make it: backcast projects set NAME"};
const Failure kNoSchedule{404, "there is no such schedule"};

Field delete_backups_field() {
  return {"delete_backups", "boolean", "Its backups, too, where the rules leave it to the caller"};
}

Outcome put_project(Backend& backend, const Call& call) {
  const std::string& id = call.path("project");
  BACKCAST_TRY(const auto projects, told(backend.control.projects()));
  const auto known =
      std::find_if(projects.begin(), projects.end(), [&](const auto& p) { return p.id == id; });
  control::Project project = known == projects.end() ? control::Project{} : *known;
  project.id = id;
  BACKCAST_CHECK(told(read_into(project, call.body)));
  BACKCAST_TRY(project, told(backend.control.put_project(caller_of(call), std::move(project))));
  return json_response(json_of(project), known == projects.end() ? 201 : 200);
}

Outcome list_projects(Backend& backend, const Call& call) {
  BACKCAST_TRY(const auto projects, told(backend.control.projects()));
  json listed = json::array();
  for (const control::Project& project : projects) {
    if (reaches(call.caller, project.id)) listed.push_back(json_of(project));
  }
  return json_response({{"projects", std::move(listed)}});
}

Outcome list_clusters(Backend& backend, const Call& call) {
  BACKCAST_TRY(const auto clusters, clusters_of(backend, call));
  const auto project = call.query("project"), name = call.query("name");
  BACKCAST_TRY(const bool with_gone, flag_in(call, "with_gone"));
  json listed = json::array();
  for (const Owned& owned : clusters) {
    const control::Cluster& cluster = owned.cluster;
    if ((project && cluster.project != *project) || (name && cluster.name != *name)) continue;
    if (cluster.deleted && !with_gone) continue;
    listed.push_back(json_of(cluster));
  }
  return json_response({{"clusters", std::move(listed)}});
}

Outcome create_cluster(Backend& backend, const Call& call) {
  control::Cluster cluster;
  BACKCAST_CHECK(told(read_into(cluster, call.body)));
  BACKCAST_TRY(const control::Project project,
               project_of(backend, call, cluster.project, {kNoProject, kNoProject}));
  if (!cluster.kind.empty()) {
    BACKCAST_CHECK(told(policy::check_kind(*policy::service_rules(project.rules), cluster.kind)));
  }
  BACKCAST_TRY(cluster, told(backend.control.create_cluster(caller_of(call), std::move(cluster))));
  return json_response(json_of(cluster), 201);
}

Outcome change_cluster(Backend& backend, const Call& call) {
  BACKCAST_TRY(Owned owned, cluster_of(backend, call, call.path("cluster")));
  control::Cluster changed = owned.cluster;
  BACKCAST_CHECK(told(read_into(changed, call.body)));
  const control::Cluster& was = owned.cluster;
  const bool is_same = changed.id == was.id && changed.name == was.name &&
                       changed.project == was.project && changed.region == was.region &&
                       changed.cloud == was.cloud && changed.kind == was.kind &&
                       changed.key == was.key;
  if (!is_same) {
    return Failure{409, "id, name, project, cloud, region, kind and key of a cluster stay"};
  }
  BACKCAST_TRY(changed, told(backend.control.change_cluster(caller_of(call), changed)));
  return json_response(json_of(changed));
}

Outcome delete_cluster(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, cluster_of(backend, call, call.path("cluster")));
  BACKCAST_TRY(const bool backups, flag_in(call, "delete_backups"));
  BACKCAST_CHECK(told(backend.control.delete_cluster(caller_of(call), owned.cluster.id, backups)));
  return json_response({{"id", owned.cluster.id}});
}

Outcome suspend(Backend& backend, const Call& call, bool suspended) {
  BACKCAST_TRY(const Owned owned, cluster_of(backend, call, call.path("cluster")));
  BACKCAST_CHECK(told(backend.control.suspend(caller_of(call), owned.cluster.id, suspended)));
  BACKCAST_TRY(const auto now, told(backend.control.cluster(owned.cluster.id)));
  return json_response(json_of(now));
}

Outcome list_schedules(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, cluster_of(backend, call, call.path("cluster")));
  BACKCAST_TRY(const auto schedules, told(backend.control.schedules(owned.cluster.id)));
  BACKCAST_TRY(const bool on, told(backend.control.schedules_are_on(owned.cluster.id)));
  json listed = json::array();
  for (const control::Schedule& schedule : schedules) listed.push_back(json_of(schedule));
  return json_response({{"on", on}, {"schedules", std::move(listed)}});
}

Outcome put_schedule(Backend& backend, const Call& call, const std::string& id) {
  BACKCAST_TRY(const Owned owned, cluster_of(backend, call, call.path("cluster")));
  control::Schedule schedule;
  if (!id.empty()) {
    BACKCAST_TRY(const auto known, told(backend.control.schedules(owned.cluster.id)));
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const auto& s) { return s.id == id; });
    if (found == known.end()) return kNoSchedule;
    schedule = *found;
  }
  schedule.cluster = owned.cluster.id;
  BACKCAST_CHECK(told(read_into(schedule, call.body)));
  BACKCAST_TRY(schedule, told(backend.control.put_schedule(caller_of(call), std::move(schedule))));
  return json_response(json_of(schedule), id.empty() ? 201 : 200);
}

Outcome delete_schedule(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, cluster_of(backend, call, call.path("cluster")));
  BACKCAST_TRY(const auto known, told(backend.control.schedules(owned.cluster.id)));
  const std::string& id = call.path("schedule");
  if (std::none_of(known.begin(), known.end(), [&](const auto& s) { return s.id == id; })) {
    return kNoSchedule;
  }
  BACKCAST_TRY(const bool backups, flag_in(call, "delete_backups"));
  BACKCAST_CHECK(told(backend.control.delete_schedule(caller_of(call), id, backups)));
  return json_response({{"id", id}});
}

Outcome switch_schedules(Backend& backend, const Call& call) {
  BACKCAST_TRY(const Owned owned, cluster_of(backend, call, call.path("cluster")));
  const bool on = call.body["on"].get<bool>();
  BACKCAST_CHECK(told(backend.control.switch_schedules(caller_of(call), owned.cluster.id, on)));
  return json_response({{"on", on}});
}

}  // namespace

std::vector<Route> project_routes(Backend& backend) {
  return {{.method = "GET",
           .pattern = "/v1/projects",
           .id = "listProjects",
           .summary = "Projects",
           .needs = kView,
           .answer = {{"projects", "array", "", true, project_fields()}},
           .handle = [&backend](const Call& call) { return list_projects(backend, call); }},
          {.method = "PUT",
           .pattern = "/v1/projects/{project}",
           .id = "putProject",
           .summary = "Makes a project, or changes what is given of one",
           .body = project_fields(),
           .answer = project_fields(),
           .takes = Takes::kJson,
           .handle = [&backend](const Call& call) { return put_project(backend, call); }},
          {.method = "DELETE",
           .pattern = "/v1/projects/{project}",
           .id = "deleteProject",
           .summary = "Deletes a project with its clusters",
           .query = {delete_backups_field()},
           .answer = {{"id", "string", "", true}},
           .handle = [&backend](const Call& call) -> Outcome {
             const std::string& id = call.path("project");
             BACKCAST_TRY(const bool backups, flag_in(call, "delete_backups"));
             BACKCAST_CHECK(told(backend.control.delete_project(caller_of(call), id, backups)));
             return json_response({{"id", id}});
           }}};
}

std::vector<Route> cluster_routes(Backend& backend) {
  std::vector<Route> routes{
      {.method = "GET",
       .pattern = "/v1/clusters",
       .id = "listClusters",
       .summary = "Clusters",
       .needs = kView,
       .query = {{"project", "string", "Only its own"},
                 {"name", "string", "Only of this name"},
                 {"with_gone", "boolean", "Deleted ones, too"}},
       .answer = {{"clusters", "array", "", true, cluster_fields()}},
       .handle = [&backend](const Call& call) { return list_clusters(backend, call); }},
      {.method = "POST",
       .pattern = "/v1/clusters",
       .id = "createCluster",
       .summary = "Tells of a cluster whose data is to be backed up",
       .needs = kManage,
       .body = cluster_fields(),
       .answer = cluster_fields(),
       .takes = Takes::kJson,
       .handle = [&backend](const Call& call) { return create_cluster(backend, call); }},
      {.method = "GET",
       .pattern = "/v1/clusters/{cluster}",
       .id = "getCluster",
       .summary = "One cluster",
       .needs = kView,
       .answer = cluster_fields(),
       .handle = [&backend](const Call& call) -> Outcome {
         BACKCAST_TRY(const Owned owned, cluster_of(backend, call, call.path("cluster")));
         return json_response(json_of(owned.cluster));
       }},
      {.method = "PATCH",
       .pattern = "/v1/clusters/{cluster}",
       .id = "changeCluster",
       .summary = "Changes what is given",
       .needs = kManage,
       .body = cluster_fields(),
       .answer = cluster_fields(),
       .takes = Takes::kJson,
       .handle = [&backend](const Call& call) { return change_cluster(backend, call); }},
      {.method = "DELETE",
       .pattern = "/v1/clusters/{cluster}",
       .id = "deleteCluster",
       .summary = "Forgets a cluster; what becomes of its backups is up to the rules",
       .needs = kManage,
       .query = {delete_backups_field()},
       .answer = {{"id", "string", "", true}},
       .handle = [&backend](const Call& call) { return delete_cluster(backend, call); }}};
  for (const bool suspended : {true, false}) {
    const std::string word = suspended ? "suspend" : "resume";
    routes.push_back({.method = "POST",
                      .pattern = "/v1/clusters/{cluster}/" + word,
                      .id = word + "Cluster",
                      .summary = suspended ? "No backups from now on" : "Backups again",
                      .needs = kManage,
                      .answer = cluster_fields(),
                      .handle = [&backend, suspended](const Call& call) {
                        return suspend(backend, call, suspended);
                      }});
  }
  return routes;
}

std::vector<Route> schedule_routes(Backend& backend) {
  return {
      {.method = "GET",
       .pattern = "/v1/clusters/{cluster}/schedules",
       .id = "listSchedules",
       .summary = "When a cluster is backed up, and whether it is now",
       .needs = kView,
       .answer = {{"on", "boolean", "", true}, {"schedules", "array", "", true, schedule_fields()}},
       .handle = [&backend](const Call& call) { return list_schedules(backend, call); }},
      {.method = "POST",
       .pattern = "/v1/clusters/{cluster}/schedules",
       .id = "createSchedule",
       .summary = "Adds a schedule",
       .needs = kManage,
       .body = schedule_fields(),
       .answer = schedule_fields(),
       .takes = Takes::kJson,
       .handle = [&backend](const Call& call) { return put_schedule(backend, call, ""); }},
      {.method = "PATCH",
       .pattern = "/v1/clusters/{cluster}/schedules/{schedule}",
       .id = "changeSchedule",
       .summary = "Changes what is given, from now on",
       .needs = kManage,
       .body = schedule_fields(),
       .answer = schedule_fields(),
       .takes = Takes::kJson,
       .handle =
           [&backend](const Call& call) {
             return put_schedule(backend, call, call.path("schedule"));
           }},
      {.method = "DELETE",
       .pattern = "/v1/clusters/{cluster}/schedules/{schedule}",
       .id = "deleteSchedule",
       .summary = "Ends a schedule",
       .needs = kManage,
       .query = {delete_backups_field()},
       .answer = {{"id", "string", "", true}},
       .handle = [&backend](const Call& call) { return delete_schedule(backend, call); }},
      {.method = "PUT",
       .pattern = "/v1/clusters/{cluster}/schedules",
       .id = "switchSchedules",
       .summary = "Switches all schedules of a cluster on or off",
       .needs = kManage,
       .body = {{"on", "boolean", "", true}},
       .answer = {{"on", "boolean", "", true}},
       .takes = Takes::kJson,
       .handle = [&backend](const Call& call) { return switch_schedules(backend, call); }}};
}

}  // namespace backcast::api
