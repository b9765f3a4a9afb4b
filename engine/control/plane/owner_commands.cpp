// Commands about projects and clusters.
#include <fmt/format.h>

#include <limits>

#include "engine/control/plane/parts.h"
#include "engine/control/plane/transact.h"

namespace backcast::control {
namespace {

Error not_found(const char* what, const std::string& id) {
  return {Errc::kNotFound, fmt::format("there is no {} {}", what, id), {}, {}};
}

Status check_texts(Core& core, const Cluster& cluster) {
  core.policy_of(cluster.retention);  // both throw what is wrong
  core.zone_of(cluster.zone);
  for (const char* word : {"", "beside", "skip", "queue"}) {
    if (cluster.overlap == word) return kOk;
  }
  return bad_input(fmt::format("overlap '{}'", cluster.overlap), "beside, skip or queue");
}

constexpr const char* kProjectColumns =
    "SELECT name, rules, plan, quota, quota_mode, quota_ceiling, grace, regions, deleted, key_gone "
    "FROM projects ";

Project read_project(Row& r) {
  Project p;
  p.id = r.text();
  p.rules = r.text();
  p.plan = r.text();
  if (const auto quota = r.integer_if()) p.quota_bytes = static_cast<std::uint64_t>(*quota);
  p.quota_mode = r.text();
  p.quota_ceiling_bytes = r.bytes();
  p.grace = r.duration();
  p.regions = split(r.text());
  p.deleted = r.instant_if();
  p.key_destroyed = r.instant_if();
  return p;
}

constexpr const char* kClusterColumns =
    "SELECT c.uid, c.name, p.name, c.cloud, c.region, c.kind, c.version, c.key, c.cu, c.cpu, "
    "c.memory, c.nodes, c.source, c.zone, c.retention, c.overlap, c.retries, c.retry_after, "
    "c.tags, c.created, c.deleted, c.suspended, c.restoring "
    "FROM clusters c JOIN projects p ON p.id = c.project ";

Cluster read_cluster(Row& r) {
  Cluster c;
  c.id = r.text();
  c.name = r.text();
  c.project = r.text();
  c.cloud = r.text();
  c.region = r.text();
  c.kind = r.text();
  c.version = r.text();
  c.key = r.text();
  c.cu = static_cast<std::uint32_t>(r.integer());
  c.cpu = static_cast<std::uint32_t>(r.integer());
  c.memory_gib = static_cast<std::uint32_t>(r.integer());
  c.nodes = static_cast<std::uint32_t>(r.integer());
  c.source = r.text();
  c.zone = r.text();
  c.retention = r.text();
  c.overlap = r.text();
  c.retries = static_cast<std::uint32_t>(r.integer());
  c.retry_after = r.duration();
  c.tags = split(r.text());
  c.created = r.instant();
  c.deleted = r.instant_if();
  const bool suspended = r.flag(), restoring = r.flag();
  c.state = c.deleted ? "DELETED" : restoring ? "RESTORING" : suspended ? "SUSPENDED" : "RUNNING";
  return c;
}

Cluster one_cluster(Database& db, const std::string& uid) {
  static const std::string sql = fmt::format("{}{}", kClusterColumns, "WHERE c.uid = ?");
  const auto found = db.row(sql.c_str(), read_cluster, uid);
  if (!found) throw ErrorThrown(not_found("cluster", uid));
  return *found;
}

}  // namespace

Id ControlPlane::id_of(const char* sql, const char* what, const std::string& uid) {
  const auto id = database_->number(sql, uid);
  if (!id) throw ErrorThrown(not_found(what, uid));
  return *id;
}

Id ControlPlane::cluster_id(const std::string& uid) {
  return id_of("SELECT id FROM clusters WHERE uid = ?", "cluster", uid);
}

Id ControlPlane::backup_id(const std::string& uid) {
  return id_of("SELECT id FROM backups WHERE uid = ?", "backup", uid);
}

void ControlPlane::audit(const Caller& caller, const char* action, const std::string& subject,
                         const std::string& detail) {
  database_->run("INSERT INTO audit(at, who, action, subject, detail) VALUES(?, ?, ?, ?, ?)",
                 core_->now, caller.who, action, subject, detail);
}

Result<Project> ControlPlane::put_project(const Caller& caller, Project project) {
  return transact([&]() -> Result<Project> {
    if (Status status = check_name("project", project.id); !status.ok()) return status.error();
    if (policy::service_rules(project.rules) == nullptr) {
      return bad_input(fmt::format("no rules are named '{}'", project.rules));
    }
    const bool known_mode = project.quota_mode == "keep" || project.quota_mode == "hard" ||
                            project.quota_mode == "bill";
    if (!known_mode) return bad_input("quota mode: keep, hard or bill");
    constexpr auto kMost = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (project.quota_bytes && *project.quota_bytes > kMost) return bad_input("quota too large");
    database_->run(
        "INSERT INTO projects(name, rules, plan, quota, quota_mode, quota_ceiling, grace, regions) "
        "VALUES(?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET rules = excluded.rules, "
        "plan = excluded.plan, quota = excluded.quota, quota_mode = excluded.quota_mode, "
        "quota_ceiling = excluded.quota_ceiling, grace = excluded.grace, "
        "regions = excluded.regions",
        project.id, project.rules, project.plan, project.quota_bytes, project.quota_mode,
        project.quota_ceiling_bytes, project.grace, joined(project.regions));
    audit(caller, "put_project", project.id);
    static const std::string sql = fmt::format("{}{}", kProjectColumns, "WHERE name = ?");
    return *database_->row(sql.c_str(), read_project, project.id);
  });
}

Result<std::vector<Project>> ControlPlane::projects() {
  return transact([&]() -> Result<std::vector<Project>> {
    static const std::string sql = fmt::format("{}{}", kProjectColumns, "ORDER BY id");
    return database_->rows(sql.c_str(), read_project);
  });
}

Status ControlPlane::delete_project(const Caller& caller, const std::string& id,
                                    bool delete_backups) {
  return transact([&]() -> Status {
    const Id row =
        id_of("SELECT id FROM projects WHERE name = ? AND deleted IS NULL", "project", id);
    audit(caller, "delete_project", id);
    control::delete_project(*core_, row, delete_backups);
    return kOk;
  });
}

Result<Cluster> ControlPlane::create_cluster(const Caller& caller, Cluster cluster) {
  return transact([&]() -> Result<Cluster> {
    if (Status status = check_name("cluster", cluster.name); !status.ok()) return status.error();
    if (Status status = check_texts(*core_, cluster); !status.ok()) return status.error();
    const Id project = id_of("SELECT id FROM projects WHERE name = ? AND deleted IS NULL",
                             "project", cluster.project);
    const auto taken = database_->number(
        "SELECT 1 FROM clusters WHERE project = ? AND name = ? AND deleted IS NULL", project,
        cluster.name);
    if (taken) {
      return Error{Errc::kExists,
                   fmt::format("project {} has a cluster {}", cluster.project, cluster.name),
                   {},
                   {}};
    }
    if (Status status = check_new_key(*core_, project, cluster); !status.ok()) {
      return status.error();
    }
    const auto id = database_->number("SELECT coalesce(max(id), 0) + 1 FROM clusters");
    if (cluster.id.empty()) cluster.id = fmt::format("in01-{:015x}", *id);
    if (Status status = check_name("cluster", cluster.id); !status.ok()) return status.error();
    database_->run(
        "INSERT INTO clusters(id, uid, name, project, cloud, region, kind, version, key, cu, cpu, "
        "memory, nodes, source, zone, retention, overlap, retries, retry_after, tags, created) "
        "VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        *id, cluster.id, cluster.name, project, cluster.cloud, cluster.region, cluster.kind,
        cluster.version, cluster.key, cluster.cu, cluster.cpu, cluster.memory_gib, cluster.nodes,
        cluster.source, cluster.zone, cluster.retention, cluster.overlap, cluster.retries,
        cluster.retry_after, joined(cluster.tags), core_->now);
    core_->vault(*id, cluster.region);
    audit(caller, "create_cluster", cluster.id);
    return one_cluster(*database_, cluster.id);
  });
}

Result<Cluster> ControlPlane::change_cluster(const Caller& caller, const Cluster& cluster) {
  return transact([&]() -> Result<Cluster> {
    const Id id = cluster_id(cluster.id);
    const std::string retention = core_->cluster(id).retention;
    if (Status status = check_texts(*core_, cluster); !status.ok()) return status.error();
    database_->run(
        "UPDATE clusters SET version = ?, cu = ?, cpu = ?, memory = ?, nodes = ?, "
        "source = ?, zone = ?, retention = ?, overlap = ?, retries = ?, retry_after = ?, tags = ? "
        "WHERE uid = ?",
        cluster.version, cluster.cu, cluster.cpu, cluster.memory_gib, cluster.nodes, cluster.source,
        cluster.zone, cluster.retention, cluster.overlap, cluster.retries, cluster.retry_after,
        joined(cluster.tags), cluster.id);
    if (retention != cluster.retention) note_protection(*core_, id);
    audit(caller, "change_cluster", cluster.id);
    return one_cluster(*database_, cluster.id);
  });
}

Result<Cluster> ControlPlane::cluster(const std::string& id) {
  return transact([&]() -> Result<Cluster> { return one_cluster(*database_, id); });
}

Result<std::vector<Cluster>> ControlPlane::clusters() {
  return transact([&]() -> Result<std::vector<Cluster>> {
    static const std::string sql = fmt::format("{}{}", kClusterColumns, "ORDER BY c.id");
    return database_->rows(sql.c_str(), read_cluster);
  });
}

Status ControlPlane::delete_cluster(const Caller& caller, const std::string& id,
                                    bool delete_backups) {
  return transact([&]() -> Status {
    const Id row = cluster_id(id);
    audit(caller, "delete_cluster", id);
    control::delete_cluster(*core_, row, delete_backups);
    return kOk;
  });
}

Status ControlPlane::suspend(const Caller& caller, const std::string& id, bool suspended) {
  return transact([&]() -> Status {
    const Id row = cluster_id(id);
    if (core_->cluster(row).suspended == suspended) return kOk;
    audit(caller, suspended ? "suspend" : "resume", id);
    control::suspend(*core_, row, suspended);
    return kOk;
  });
}

}  // namespace backcast::control
