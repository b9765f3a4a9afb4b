// Snapshots of a collection, of one shard and of everything: make, list, load, delete.
#include <fmt/format.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "engine/api/snapshots/snapshots.h"

namespace backcast::api {
namespace {

using nlohmann::json;

double seconds_since(std::chrono::steady_clock::time_point began) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

Outcome create(Snapshots& snapshots, const Call& call) {
  const Answer answer;
  BACKCAST_TRY(const bool wait, waits(call));
  BACKCAST_TRY(const Part part, part_of(call));
  BACKCAST_TRY(const control::Cluster cluster, snapshots.cluster_of(call));
  BACKCAST_CHECK(snapshots.check_there(cluster, part));
  BACKCAST_TRY(const control::Started started, snapshots.make(caller_of(call), cluster, part));
  if (!wait) return answer.accepted();
  Response waiting;
  waiting.later = [&snapshots, answer, started]() -> std::optional<Response> {
    const auto job = snapshots.backend().control.job(started.job);
    if (!job.ok()) return answer.refused(failure_of(job.error()));
    if (!job->ended) return std::nullopt;
    if (job->state != "SUCCESSFUL") {
      return answer.refused({500, "the snapshot could not be made: " + job->reason});
    }
    const auto made = snapshots.backend().control.backup(started.backup);
    if (!made.ok()) return answer.refused(failure_of(made.error()));
    return answer.done(description_of(*made));
  };
  return waiting;
}

Outcome list(Snapshots& snapshots, const Call& call) {
  const Answer answer;
  BACKCAST_TRY(const Part part, part_of(call));
  BACKCAST_TRY(const control::Cluster cluster, snapshots.cluster_of(call));
  BACKCAST_TRY(const auto found, snapshots.list(cluster, part));
  json result = json::array();
  for (const control::Backup& snapshot : found) result.push_back(description_of(snapshot));
  return answer.done(std::move(result));
}

Result<control::Backup, Failure> named(Snapshots& snapshots, const Call& call) {
  BACKCAST_TRY(const Part part, part_of(call));
  BACKCAST_TRY(const control::Cluster cluster, snapshots.cluster_of(call));
  return snapshots.find(cluster, part, call.path("snapshot"));
}

Outcome load(Snapshots& snapshots, const Call& call) {
  BACKCAST_TRY(const control::Backup snapshot, named(snapshots, call));
  return download_of(snapshots.backend(), call, snapshot, false, snapshot.name);
}

Outcome remove(Snapshots& snapshots, const Call& call) {
  const Answer answer;
  BACKCAST_TRY(const bool wait, waits(call));
  BACKCAST_TRY(const control::Backup snapshot, named(snapshots, call));
  BACKCAST_CHECK(told(snapshots.backend().control.delete_backup(caller_of(call), snapshot.id)));
  return wait ? answer.done(true) : answer.accepted();
}

std::vector<Field> description_fields() {
  return {{"name", "string", "Also its file's", true},
          {"creation_time", "string", "UTC, without a zone", true},
          {"size", "integer", "Bytes of its download", true},
          {"checksum", "string", "SHA-256 of its download"}};
}

// The four calls about one kind of snapshots.
void add_calls(std::vector<Route>& routes, Snapshots& snapshots, const std::string& place,
               const std::string& of, const std::string& what) {
  const Field wait{"wait", "boolean", "False: answers 202 and goes on"};
  routes.push_back({.method = "POST",
                    .pattern = place,
                    .id = "qdrantCreate" + of + "Snapshot",
                    .summary = "Makes a snapshot of " + what,
                    .needs = Privilege::kManage,
                    .query = {wait},
                    .answer = enveloped({"", "object", "", false, description_fields()}),
                    .of_cluster = true,
                    .handle = [&](const Call& call) { return create(snapshots, call); }});
  routes.push_back({.method = "GET",
                    .pattern = place,
                    .id = "qdrantList" + of + "Snapshots",
                    .summary = "Snapshots of " + what + ", newest first",
                    .needs = Privilege::kView,
                    .answer = enveloped({"", "array", "", true, description_fields()}),
                    .of_cluster = true,
                    .handle = [&](const Call& call) { return list(snapshots, call); }});
  routes.push_back({.method = "GET",
                    .pattern = place + "/{snapshot}",
                    .id = "qdrantLoad" + of + "Snapshot",
                    .summary = "The file of a snapshot",
                    .needs = Privilege::kManage,
                    .gives = Gives::kBytes,
                    .of_cluster = true,
                    .handle = [&](const Call& call) { return load(snapshots, call); }});
  routes.push_back({.method = "DELETE",
                    .pattern = place + "/{snapshot}",
                    .id = "qdrantDelete" + of + "Snapshot",
                    .summary = "Deletes a snapshot",
                    .needs = Privilege::kManage,
                    .query = {wait},
                    .answer = enveloped({"", "boolean", ""}),
                    .of_cluster = true,
                    .handle = [&](const Call& call) { return remove(snapshots, call); }});
}

}  // namespace

Response Answer::done(json result) const {
  return json_response(
      {{"result", std::move(result)}, {"status", "ok"}, {"time", seconds_since(began_)}});
}
Response Answer::accepted() const {
  return json_response({{"status", "accepted"}, {"time", seconds_since(began_)}}, 202);
}
Response Answer::refused(const Failure& failure) const {
  return dialect_of("/collections").refuse(failure);
}

Result<bool, Failure> waits(const Call& call) {
  if (!call.query("wait")) return true;
  return flag_in(call, "wait");
}

Result<Part, Failure> part_of(const Call& call) {
  Part part;
  if (call.parameters.count("collection") == 0) return part;
  part.collection = call.path("collection");
  if (part.collection.empty()) return Failure{400, "the name of the collection is missing"};
  if (call.parameters.count("shard") == 0) return part;
  const std::string& text = call.path("shard");
  std::uint32_t shard = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), shard);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) {
    return Failure{400, "a shard is a number"};
  }
  part.shard = shard;
  return part;
}

std::vector<Field> enveloped(Field result) {
  result.name = "result";
  return {std::move(result),
          {"status", "string", "\"ok\", or \"accepted\" with status 202", true},
          {"time", "number", "Seconds it took", true}};
}

std::vector<Route> snapshot_routes(Snapshots& snapshots) {
  std::vector<Route> routes;
  add_calls(routes, snapshots, "/collections/{collection}/snapshots", "", "a collection");
  add_calls(routes, snapshots, "/collections/{collection}/shards/{shard}/snapshots", "Shard",
            "one shard of a collection");
  add_calls(routes, snapshots, "/snapshots", "Full", "all collections, with their aliases");
  return routes;
}

}  // namespace backcast::api
