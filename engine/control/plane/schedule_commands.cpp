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

void check(const Status& status) {
  if (!status.ok()) throw ErrorThrown(status.error());
}

// All that is said of it stands to the rules and can be read.
void check_schedule(Core& core, const policy::ServiceRules& rules, const Schedule& schedule) {
  check(policy::check_schedule(rules, core.rule_of(schedule.rule)));
  if (!schedule.name.empty()) check(policy::check_schedule_name(rules, schedule.name));
  if (core.policy_of(schedule.retention) == nullptr) check(policy::check_forever(rules));
  core.zone_of(schedule.zone);
  for (const Copy& copy : schedule.copies) core.policy_of(copy.retention);
}

void write(Core& core, const Schedule& schedule, Instant from, Instant until, Id row) {
  core.db.run(
      "UPDATE schedules SET name = ?, rule = ?, zone = ?, retention = ?, "
      "catches_up = ?, from_at = ?, until_at = ? WHERE id = ?",
      schedule.name, schedule.rule, schedule.zone, schedule.retention, schedule.catches_up, from,
      until, row);
  core.db.run("DELETE FROM copies WHERE schedule = ?", row);
  int place = 0;
  for (const Copy& copy : schedule.copies) {
    core.db.run("INSERT INTO copies(schedule, place, region, retention) VALUES(?, ?, ?, ?)", row,
                place++, copy.region, copy.retention);
  }
}

// Whether it names the same times as before, and goes on.
bool goes_on(Core& core, const SlotRow& before, const SlotRow& after) {
  const auto rules_of = [&](const SlotRow& slot) {
    return policy::TimetableRules{core.rule_of(slot.rule), core.zone_of(slot.zone), slot.from,
                                  slot.until};
  };
  return policy::goes_on(rules_of(before), rules_of(after), core.now);
}

}  // namespace

Id put_schedule(Core& core, Id cluster, Schedule& schedule) {
  check_schedule(core, *core.project(core.cluster(cluster).project).rules, schedule);
  const auto known =
      core.db.number("SELECT id FROM schedules WHERE uid = ? AND cluster = ? AND deleted = 0",
                     schedule.id, cluster);
  const Instant from = schedule.from.value_or(Instant{});
  const Instant until = schedule.until.value_or(Instant::max());
  if (known) {
    const SlotRow before = core.slot(*known);
    write(core, schedule, from, until, *known);
    const SlotRow after = core.slot(*known);
    if (!goes_on(core, before, after)) begin_schedule(core, after, false);
    return *known;
  }
  const Id id = core.db.number("SELECT coalesce(max(id), 0) + 1 FROM schedules").value_or(1);
  if (schedule.id.empty()) schedule.id = fmt::format("schedule-{:08}", id);
  core.db.run(
      "INSERT INTO schedules(id, uid, cluster, place, name, rule, zone, retention, initial, "
      "catches_up, from_at, until_at, last, due, missed) VALUES(?, ?, ?, "
      "(SELECT count(*) FROM schedules WHERE cluster = ?3), '', '', '', '', ?, 0, 0, 0, ?, ?, 0)",
      id, schedule.id, cluster, schedule.initial, Instant::min(), Instant::max());
  write(core, schedule, from, until, id);
  begin_schedule(core, core.slot(id), schedule.initial);
  return id;
}

void delete_schedule(Core& core, const SlotRow& slot, bool delete_backups) {
  core.db.run("UPDATE schedules SET deleted = 1, due = ? WHERE id = ?", Instant::max(), slot.id);
  if (!delete_backups) return;
  for (const Id vault : core.vaults_of(slot.cluster)) {
    for (const BackupRow& backup : core.held(vault)) {
      const bool mine =
          backup.schedule == slot.name && backup.made_by() == policy::Origin::kAutomatic;
      if (mine) drop(core, backup, policy::Code::kDeleted, policy::name(policy::Why::kAsked));
    }
  }
}

Result<Schedule> ControlPlane::put_schedule(const Caller& caller, Schedule schedule) {
  return transact([&]() -> Result<Schedule> {
    const Id cluster = cluster_id(schedule.cluster);
    const auto known =
        database_->number("SELECT 1 FROM schedules WHERE uid = ? AND cluster = ? AND deleted = 0",
                          schedule.id, cluster);
    control::put_schedule(*core_, cluster, schedule);
    audit(caller, known ? "change_schedule" : "create_schedule", schedule.id, schedule.rule);
    for (Schedule& now : read(*database_, cluster)) {
      if (now.id == schedule.id) return std::move(now);
    }
    return Error{Errc::kNotFound, "the schedule is not there", {}, {}};
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
    control::delete_schedule(*core_, slot, delete_backups);
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
