// Restore drills: when each cluster's next one is due, and what those before measured.
#include "engine/control/plane/parts.h"
#include "engine/control/plane/transact.h"

namespace backcast::control {
namespace {

constexpr const char* kColumns =
    "SELECT c.uid, c.name, p.name, d.every, d.due, r.backup, r.job, r.started, r.ended, r.bytes, "
    "r.rows, r.how, r.why_not FROM drills d JOIN clusters c ON c.id = d.cluster "
    "JOIN projects p ON p.id = c.project LEFT JOIN drill_results r ON r.id = "
    "(SELECT max(id) FROM drill_results WHERE cluster = d.cluster) WHERE c.deleted IS NULL ";

Drill read_drill(Row& r) {
  Drill d;
  d.cluster = r.text();
  d.name = r.text();
  d.project = r.text();
  d.every = r.duration();
  d.due = r.instant();
  DrillResult last;
  last.cluster = d.cluster;
  last.backup = r.text();
  last.job = r.text();
  const auto started = r.instant_if();
  last.ended = r.instant_if().value_or(Instant{});
  last.bytes = static_cast<std::uint64_t>(r.integer_if().value_or(0));
  last.rows = static_cast<std::uint64_t>(r.integer_if().value_or(0));
  last.how = r.text();
  last.why_not = r.text();
  if (started) {
    last.started = *started;
    d.last = std::move(last);
  }
  return d;
}

}  // namespace

Result<Drill> ControlPlane::put_drill(const Caller& caller, const std::string& cluster,
                                      Duration every) {
  return transact([&]() -> Result<Drill> {
    if (every < kMinute) return bad_input("drills are at least a minute apart");
    const Id row = cluster_id(cluster);
    database_->run(
        "INSERT INTO drills(cluster, every, due) VALUES(?, ?, ?) "
        "ON CONFLICT(cluster) DO UPDATE SET every = excluded.every, due = excluded.due",
        row, every, core_->now);
    audit(caller, "put_drill", cluster);
    static const std::string sql = std::string(kColumns) + "AND d.cluster = ?";
    const auto made = database_->row(sql.c_str(), read_drill, row);
    if (!made) return not_now("the cluster is deleted");
    return *made;
  });
}

Result<std::vector<Drill>> ControlPlane::drills() {
  return transact([&]() -> Result<std::vector<Drill>> {
    static const std::string sql = std::string(kColumns) + "ORDER BY d.due, d.cluster";
    return database_->rows(sql.c_str(), read_drill);
  });
}

Status ControlPlane::delete_drill(const Caller& caller, const std::string& cluster) {
  return transact([&]() -> Status {
    const Id row = cluster_id(cluster);
    if (!database_->number("SELECT 1 FROM drills WHERE cluster = ?", row)) {
      return Error{Errc::kNotFound, "there are no drills of " + cluster, {}, {}};
    }
    database_->run("DELETE FROM drills WHERE cluster = ?", row);
    audit(caller, "delete_drill", cluster);
    return kOk;
  });
}

Status ControlPlane::note_drill(const DrillResult& result) {
  return transact([&]() -> Status {
    const Id row = cluster_id(result.cluster);
    database_->run(
        "INSERT INTO drill_results(cluster, backup, job, started, ended, bytes, rows, how, "
        "why_not) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row, result.backup, result.job, result.started, result.ended, result.bytes, result.rows,
        result.how, result.why_not);
    database_->run("UPDATE drills SET due = ? + every WHERE cluster = ?", result.started, row);
    return kOk;
  });
}

}  // namespace backcast::control
