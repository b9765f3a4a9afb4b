// Commands about what holds for several clusters: limits of jobs, and scenarios as a whole.
#include "engine/control/plane/parts.h"
#include "engine/control/plane/transact.h"

namespace backcast::control {
namespace {

AppliedScenario read_scenario(Row& r) {
  AppliedScenario s;
  s.name = r.text();
  s.document = r.text();
  s.projects = split(r.text());
  s.applied = r.instant();
  s.who = r.text();
  return s;
}

constexpr const char* kOneScenario =
    "SELECT name, document, projects, applied, who FROM scenarios WHERE name = ?";

}  // namespace

Status ControlPlane::set_limit(const Caller& caller, const Limit& limit) {
  return transact([&]() -> Status {
    add_limit(limit);
    audit(caller, "set_limit", limit.name);
    return kOk;
  });
}

void ControlPlane::add_limit(const Limit& limit) {
  std::optional<Id> project;
  if (!limit.project.empty()) {
    project = id_of("SELECT id FROM projects WHERE name = ?", "project", limit.project);
  }
  database_->run(
      "INSERT INTO limits(name, jobs, wait, project, region, named) "
      "VALUES(?, ?, ?, ?, ?, ?)",
      limit.name, limit.jobs, limit.wait_at_most, project, limit.region, !limit.clusters.empty());
  const Id row = database_->last_row();
  for (const std::string& cluster : limit.clusters) {
    database_->run("INSERT OR IGNORE INTO limit_clusters(limit_id, cluster) VALUES(?, ?)", row,
                   cluster_id(cluster));
  }
}

Result<std::vector<Limit>> ControlPlane::limits() {
  return transact([&]() -> Result<std::vector<Limit>> {
    std::vector<Id> rows;
    std::vector<Limit> limits = database_->rows(
        "SELECT l.id, l.name, l.jobs, l.wait, coalesce(p.name, ''), l.region FROM limits l "
        "LEFT JOIN projects p ON p.id = l.project ORDER BY l.id",
        [&](Row& r) {
          rows.push_back(r.integer());
          Limit limit;
          limit.name = r.text();
          limit.jobs = static_cast<std::uint32_t>(r.integer());
          if (const auto wait = r.integer_if()) limit.wait_at_most = Duration(*wait);
          limit.project = r.text();
          limit.region = r.text();
          return limit;
        });
    for (std::size_t i = 0; i < rows.size(); ++i) {
      limits[i].clusters = database_->rows(
          "SELECT c.uid FROM limit_clusters l JOIN clusters c ON c.id = l.cluster "
          "WHERE l.limit_id = ? ORDER BY c.id",
          [](Row& r) { return r.text(); }, rows[i]);
    }
    return limits;
  });
}

Status ControlPlane::put_limits(const Caller& caller, const std::vector<Limit>& limits) {
  return transact([&]() -> Status {
    database_->run("DELETE FROM limit_clusters");
    database_->run("DELETE FROM limits");
    for (const Limit& limit : limits) add_limit(limit);
    audit(caller, "put_limits", {});
    return kOk;
  });
}

Result<AppliedScenario> ControlPlane::put_scenario(const Caller& caller, AppliedScenario scenario) {
  return transact([&]() -> Result<AppliedScenario> {
    if (scenario.name.empty()) return bad_input("a scenario has a name");
    const auto known = database_->row(kOneScenario, read_scenario, scenario.name);
    if (known && known->document == scenario.document) return *known;
    for (const std::string& project : scenario.projects) {
      id_of("SELECT id FROM projects WHERE name = ? AND deleted IS NULL", "project", project);
    }
    database_->run(
        "INSERT INTO scenarios(name, document, projects, applied, who) VALUES(?, ?, ?, ?, ?) "
        "ON CONFLICT(name) DO UPDATE SET document = excluded.document, "
        "projects = excluded.projects, applied = excluded.applied, who = excluded.who",
        scenario.name, scenario.document, joined(scenario.projects), core_->now, caller.who);
    audit(caller, "put_scenario", scenario.name);
    return *database_->row(kOneScenario, read_scenario, scenario.name);
  });
}

Result<std::vector<AppliedScenario>> ControlPlane::scenarios() {
  return transact([&]() -> Result<std::vector<AppliedScenario>> {
    return database_->rows(
        "SELECT name, document, projects, applied, who FROM scenarios ORDER BY name",
        read_scenario);
  });
}

Status ControlPlane::delete_scenario(const Caller& caller, const std::string& name) {
  return transact([&]() -> Status {
    if (!database_->row(kOneScenario, read_scenario, name)) {
      return Error{Errc::kNotFound, "there is no scenario " + name, {}, {}};
    }
    database_->run("DELETE FROM scenarios WHERE name = ?", name);
    audit(caller, "delete_scenario", name);
    return kOk;
  });
}

}  // namespace backcast::control
