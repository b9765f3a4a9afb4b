// Commands about schedules.
#include <fmt/format.h>

#include "engine/control/plane/parts.h"
#include "engine/control/plane/transact.h"

namespace backcast::control {
namespace {

std::optional<Instant> unless(Instant t, Instant none) {
  return t == none ? std::nullopt : std::optional(t);
}

std::vector<Schedule> read(Database& db, Id cluster) {
  std::vector<std::pair<Id, Schedule>> found;
  for (auto& row : db.rows(
           "SELECT s.id, s.uid, c.uid, s.name, s.rule, s.zone, s.retention, "
           "s.initial, s.catches_up, s.from_at, s.until_at, s.due "
           "FROM schedules s JOIN clusters c ON c.id = s.cluster "
           "WHERE s.cluster = ? AND s.deleted = 0 ORDER BY s.id",
           [](Row& r) {
             Schedule s;
             const Id id = r.integer();
             s.id = r.text();
             s.cluster = r.text();
             s.name = r.text();
             s.rule = r.text();
             s.zone = r.text();
             s.retention = r.text();
             s.initial = r.flag();
             s.catches_up = r.flag();
             s.from = unless(r.instant(), Instant{});
             s.until = unless(r.instant(), Instant::max());
             s.due = unless(r.instant(), Instant::max());
             return std::pair(id, std::move(s));
           },
           cluster)) {
    found.push_back(std::move(row));
  }
  std::vector<Schedule> schedules;
  for (auto& [id, schedule] : found) {
    schedule.copies = db.rows(
        "SELECT region, retention FROM copies WHERE schedule = ? ORDER BY place",
        [](Row& r) {
          Copy copy;
          copy.region = r.text();
          copy.retention = r.text();
          return copy;
        },
        id);
    schedules.push_back(std::move(schedule));
  }
  return schedules;
}

}  // namespace

Result<Schedule> ControlPlane::put_schedule(const Caller& caller, Schedule schedule) {
  return transact([&]() -> Result<Schedule> {
    const Id cluster = cluster_id(schedule.cluster);
    const ClusterRow owner = core_->cluster(cluster);
    const policy::ServiceRules& rules = *core_->project(owner.project).rules;
    const policy::Schedule& rule = core_->rule_of(schedule.rule);
    if (Status status = policy::check_schedule(rules, rule); !status.ok()) return status.error();
    if (!schedule.name.empty()) {
      Status status = policy::check_schedule_name(rules, schedule.name);
      if (!status.ok()) return status.error();
    }
    if (core_->policy_of(schedule.retention) == nullptr) {
      if (Status status = policy::check_forever(rules); !status.ok()) return status.error();
    }
    core_->zone_of(schedule.zone);
    for (const Copy& copy : schedule.copies) core_->policy_of(copy.retention);
    const auto known =
        database_->number("SELECT id FROM schedules WHERE uid = ? AND cluster = ? AND deleted = 0",
                          schedule.id, cluster);
    const Instant from = schedule.from.value_or(Instant{});
    const Instant until = schedule.until.value_or(Instant::max());
    if (known) {
      database_->run(
          "UPDATE schedules SET name = ?, rule = ?, zone = ?, retention = ?, "
          "catches_up = ?, from_at = ?, until_at = ?, last = ? WHERE id = ?",
          schedule.name, schedule.rule, schedule.zone, schedule.retention, schedule.catches_up,
          from, until, Instant::min(), *known);
      database_->run("DELETE FROM copies WHERE schedule = ?", *known);
    } else {
      const auto id = database_->number("SELECT coalesce(max(id), 0) + 1 FROM schedules");
      if (schedule.id.empty()) schedule.id = fmt::format("schedule-{:08}", *id);
      database_->run(
          "INSERT INTO schedules(id, uid, cluster, place, name, rule, zone, retention, initial, "
          "catches_up, from_at, until_at, last, due, missed) VALUES(?, ?, ?, "
          "(SELECT count(*) FROM schedules WHERE cluster = ?3), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
          "0)",
          *id, schedule.id, cluster, schedule.name, schedule.rule, schedule.zone,
          schedule.retention, schedule.initial, schedule.catches_up, from, until, Instant::min(),
          Instant::max());
    }
    const Id row = id_of("SELECT id FROM schedules WHERE uid = ?", "schedule", schedule.id);
    int place = 0;
    for (const Copy& copy : schedule.copies) {
      database_->run("INSERT INTO copies(schedule, place, region, retention) VALUES(?, ?, ?, ?)",
                     row, place++, copy.region, copy.retention);
    }
    audit(caller, known ? "change_schedule" : "create_schedule", schedule.id, schedule.rule);
    begin_schedule(*core_, core_->slot(row), schedule.initial && !known);
    for (Schedule& now : read(*database_, cluster)) {
      if (now.id == schedule.id) return std::move(now);
    }
    return failed("the schedule is not there");
  });
}

Result<std::vector<Schedule>> ControlPlane::schedules(const std::string& cluster) {
  return transact(
      [&]() -> Result<std::vector<Schedule>> { return read(*database_, cluster_id(cluster)); });
}

Status ControlPlane::delete_schedule(const Caller& caller, const std::string& id,
                                     bool delete_backups) {
  return transact([&]() -> Status {
    const Id row = id_of("SELECT id FROM schedules WHERE uid = ? AND deleted = 0", "schedule", id);
    const SlotRow slot = core_->slot(row);
    audit(caller, "delete_schedule", id);
    database_->run("UPDATE schedules SET deleted = 1, due = ? WHERE id = ?", Instant::max(), row);
    if (!delete_backups) return kOk;
    for (const Id vault : core_->vaults_of(slot.cluster)) {
      for (const BackupRow& backup : core_->held(vault)) {
        const bool mine =
            backup.schedule == slot.name && backup.kind != "manual" && !backup.of_manual;
        if (mine) drop(*core_, backup, policy::Code::kDeleted, "asked");
      }
    }
    return kOk;
  });
}

Status ControlPlane::switch_schedules(const Caller& caller, const std::string& cluster, bool on) {
  return transact([&]() -> Status {
    const Id row = cluster_id(cluster);
    audit(caller, on ? "schedules_on" : "schedules_off", cluster);
    control::switch_schedules(*core_, row, on);
    return kOk;
  });
}

Result<bool> ControlPlane::schedules_are_on(const std::string& cluster) {
  return transact(
      [&]() -> Result<bool> { return core_->cluster(cluster_id(cluster)).schedules_on; });
}

}  // namespace backcast::control
