// Keys of clusters, which seal their backups apart from the rest of the project.
#include <fmt/format.h>

#include "engine/control/plane/parts.h"
#include "engine/control/plane/transact.h"

namespace backcast::control {
namespace {

constexpr const char* kColumns =
    "SELECT p.name, k.name, k.region, k.created, k.revoked FROM keys k "
    "JOIN projects p ON p.id = k.project ";

ClusterKey read_key(Row& r) {
  ClusterKey key;
  key.project = r.text();
  key.name = r.text();
  key.region = r.text();
  key.created = r.instant();
  key.revoked = r.instant_if();
  return key;
}

std::optional<ClusterKey> find_key(Database& db, const std::string& project,
                                   const std::string& name) {
  static const std::string sql = fmt::format("{}{}", kColumns, "WHERE p.name = ? AND k.name = ?");
  return db.row(sql.c_str(), read_key, project, name);
}

policy::ServicePlan plan_of(Database& db, Id project) {
  return policy::service_plan(
      db.row(
            "SELECT plan FROM projects WHERE id = ?", [](Row& r) { return r.text(); }, project)
          .value_or(""));
}

Error no_key(const std::string& project, const std::string& name) {
  return {Errc::kNotFound,
          fmt::format("project {} has no key {}", project, name),
          {},
          "backcast keys list shows them"};
}

}  // namespace

Status check_key(Core& core, const std::string& project, const std::string& name) {
  if (name.empty()) return kOk;
  const auto key = find_key(core.db, project, name);
  if (!key) return no_key(project, name);
  if (!key->revoked) return kOk;
  return not_now(fmt::format("the key {} of project {} was revoked at {}", name, project,
                             format_instant(*key->revoked)),
                 "nothing under it can be made or read until it is enabled again");
}

Status check_key_of(Core& core, Id cluster) {
  const auto key = core.db.row(
      "SELECT p.name, c.key FROM clusters c JOIN projects p ON p.id = c.project WHERE c.id = ?",
      [](Row& r) {
        std::string project = r.text();
        return std::pair(std::move(project), r.text());
      },
      cluster);
  return key ? check_key(core, key->first, key->second) : kOk;
}

Status check_new_key(Core& core, Id project, const Cluster& cluster) {
  if (cluster.key.empty()) return kOk;
  const ProjectRow row = core.project(project);
  if (Status fits = policy::check_key(*row.rules, plan_of(core.db, project)); !fits.ok()) {
    return fits;
  }
  if (Status usable = check_key(core, row.name, cluster.key); !usable.ok()) return usable;
  const auto key = find_key(core.db, row.name, cluster.key);
  const policy::NamedKey named{key->region, key->revoked.has_value()};
  if (policy::why_no_key(named, cluster.region) == policy::Why::kNothing) return kOk;
  return bad_input(fmt::format("the key {} is of region {}, and the cluster of {}", key->name,
                               key->region, cluster.region),
                   "a cluster takes a key of its own region");
}

Status check_keys_of(Core& core, const Restore& restore) {
  const auto sealed = [&](const std::string& uid) -> Status {
    const auto found = core.db.row(
        "SELECT key, project FROM clusters WHERE uid = ? AND key <> ''",
        [](Row& r) {
          std::string key = r.text();
          return std::pair(std::move(key), r.integer());
        },
        uid);
    if (!found) return kOk;
    const ProjectRow project = core.project(found->second);
    if (Status fits = policy::check_key(*project.rules, plan_of(core.db, project.id)); !fits.ok()) {
      return fits;
    }
    return check_key(core, project.name, found->first);
  };
  if (Status from = sealed(restore.cluster); !from.ok()) return from;
  return restore.into.empty() ? kOk : sealed(restore.into);
}

std::optional<policy::NamedKey> key_named(Core& core, Id project, const std::string& name) {
  if (name.empty()) return std::nullopt;
  const auto key = find_key(core.db, core.project(project).name, name);
  if (!key) return policy::NamedKey{{}, true};
  return policy::NamedKey{key->region, key->revoked.has_value()};
}

void switch_key(Core& core, const std::string& project, const std::string& name, bool revoked) {
  const auto key = find_key(core.db, project, name);
  if (!key || key->revoked.has_value() == revoked) return;
  core.db.run(
      "UPDATE keys SET revoked = ? WHERE name = ? AND "
      "project = (SELECT id FROM projects WHERE name = ?)",
      revoked ? std::optional(core.now) : std::nullopt, name, project);
  core.decide(revoked ? policy::Code::kKeyRevoked : policy::Code::kKeyEnabled,
              project + "/" + name);
}

// Whether somebody had revoked it is lost with the catalogue: whoever knows enables it again.
void adopt_key(Core& core, Id project, const std::string& key, const std::string& region) {
  if (key.empty()) return;
  core.db.run(
      "INSERT INTO keys(project, name, region, created, revoked) VALUES(?, ?, ?, ?4, ?4) "
      "ON CONFLICT DO NOTHING",
      project, key, region, core.now);
}

Result<ClusterKey> ControlPlane::create_key(const Caller& caller, const ClusterKey& key) {
  return transact([&]() -> Result<ClusterKey> {
    if (Status status = check_name("key", key.name); !status.ok()) return status.error();
    const Id project =
        id_of("SELECT id FROM projects WHERE name = ? AND deleted IS NULL", "project", key.project);
    const policy::ServiceRules& rules = *core_->project(project).rules;
    if (Status fits = policy::check_key(rules, plan_of(*database_, project)); !fits.ok()) {
      return fits.error();
    }
    if (key.region.empty()) return bad_input("a key needs the region of its clusters");
    if (find_key(*database_, key.project, key.name)) {
      return Error{
          Errc::kExists, fmt::format("project {} has a key {}", key.project, key.name), {}, {}};
    }
    const auto count = database_->number("SELECT count(*) FROM keys WHERE project = ?", project);
    if (Status room = policy::check_key_count(rules, static_cast<std::size_t>(*count));
        !room.ok()) {
      return room.error();
    }
    database_->run("INSERT INTO keys(project, name, region, created) VALUES(?, ?, ?, ?)", project,
                   key.name, key.region, core_->now);
    audit(caller, "create_key", key.project, key.name);
    return *find_key(*database_, key.project, key.name);
  });
}

Result<std::vector<ClusterKey>> ControlPlane::keys() {
  return transact([&]() -> Result<std::vector<ClusterKey>> {
    static const std::string sql = fmt::format("{}{}", kColumns, "ORDER BY k.id");
    return database_->rows(sql.c_str(), read_key);
  });
}

Result<ClusterKey> ControlPlane::switch_key(const Caller& caller, const std::string& project,
                                            const std::string& name, bool revoked) {
  return transact([&]() -> Result<ClusterKey> {
    const auto key = find_key(*database_, project, name);
    if (!key) return no_key(project, name);
    if (key->revoked.has_value() == revoked) return *key;
    control::switch_key(*core_, project, name, revoked);
    audit(caller, revoked ? "revoke_key" : "enable_key", project, name);
    return *find_key(*database_, project, name);
  });
}

Status ControlPlane::check_key(const std::string& project, const std::string& key) {
  return transact([&]() -> Status { return control::check_key(*core_, project, key); });
}

}  // namespace backcast::control
