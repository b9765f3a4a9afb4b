#include <fmt/format.h>

#include <algorithm>

#include "engine/base/time_math.h"
#include "engine/control/plane/parts.h"
#include "engine/policy/service/starts.h"

namespace backcast::control {
namespace {

using policy::Code;
using policy::Why;

std::optional<policy::Overlap> overlap_of(const ClusterRow& cluster) {
  if (cluster.overlap == "skip") return policy::Overlap::kSkip;
  if (cluster.overlap == "queue") return policy::Overlap::kQueue;
  if (cluster.overlap == "beside") return policy::Overlap::kBeside;
  return std::nullopt;
}

policy::RunningJobs running_of(Core& core, Id cluster) {
  policy::RunningJobs running;
  for (const JobRow& job : core.open_jobs(WorkKind::kBackup, JobState::kRuns, cluster)) {
    ++(job.slot != 0 ? running.automatic : running.manual);
  }
  return running;
}

// The first limit that leaves no room for another job of the cluster.
std::optional<policy::ConcurrencyLimit> full_for(Core& core, const ClusterRow& cluster) {
  struct Covering {
    policy::ConcurrencyLimit rule;
    std::int64_t running;
  };
  const auto covering = core.db.rows(
      "SELECT l.jobs, l.wait, (SELECT count(*) FROM jobs j JOIN clusters c ON c.id = j.cluster "
      "  WHERE j.state = 1 AND j.type = 0 AND (l.project IS NULL OR l.project = c.project) "
      "  AND (l.region = '' OR l.region = c.region) AND (l.named = 0 OR EXISTS(SELECT 1 "
      "  FROM limit_clusters m WHERE m.limit_id = l.id AND m.cluster = c.id))) "
      "FROM limits l WHERE (l.project IS NULL OR l.project = ?) AND (l.region = '' OR "
      "l.region = ?) AND (l.named = 0 OR EXISTS(SELECT 1 FROM limit_clusters m "
      "WHERE m.limit_id = l.id AND m.cluster = ?)) ORDER BY l.id",
      [](Row& r) {
        Covering c{};
        c.rule.jobs = static_cast<std::uint32_t>(r.integer());
        if (const auto wait = r.integer_if()) c.rule.wait_at_most = Duration(*wait);
        c.running = r.integer();
        return c;
      },
      cluster.project, cluster.region, cluster.id);
  for (const Covering& limit : covering) {
    if (!policy::has_room(limit.rule, static_cast<std::uint32_t>(limit.running))) {
      return limit.rule;
    }
  }
  return std::nullopt;
}

struct Facts {
  std::optional<policy::ConcurrencyLimit> full;
  policy::AttemptFacts facts;
};

void find_facts(Core& core, const ClusterRow& cluster, Facts& into) {
  into.full = full_for(core, cluster);
  into.facts.why_not = core.why_not(cluster);
  into.facts.runs = !core.open_jobs(WorkKind::kBackup, JobState::kRuns, cluster.id).empty();
  into.facts.overlap = overlap_of(cluster);
  into.facts.full = into.full ? &*into.full : nullptr;
}

Id new_backup(Core& core, const ClusterRow& cluster, const SlotRow* slot, const Asked* asked) {
  const bool automatic = slot != nullptr;
  core.db.run(automatic ? "UPDATE clusters SET automatic = automatic + 1 WHERE id = ?"
                        : "UPDATE clusters SET manual = manual + 1 WHERE id = ?",
              cluster.id);
  const auto number = core.db.number(automatic ? "SELECT automatic FROM clusters WHERE id = ?"
                                               : "SELECT manual FROM clusters WHERE id = ?",
                                     cluster.id);
  const std::string label =
      fmt::format("{}/{}-{:06}", cluster.name, automatic ? "auto" : "manual", *number);
  const std::int64_t sequence = core.next_sequence();
  const auto id = core.db.number("SELECT coalesce(max(id), 0) + 1 FROM backups");
  core.db.run(
      "INSERT INTO backups(id, uid, label, cluster, vault, sequence, kind, of_manual, schedule, "
      "name, tags, protected, state, born, size, contents, region) "
      "VALUES(?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, 0, 0, ?, 0, ?, ?)",
      *id, fmt::format("backup{}_{:x}", *id, cluster.id), label, cluster.id,
      core.vault(cluster.id, cluster.region), sequence, automatic ? "automatic" : "manual",
      automatic ? slot->name : std::string(), asked != nullptr ? asked->name : std::string(),
      joined(automatic ? cluster.tags : asked->tags), core.now,
      asked != nullptr ? asked->contents : std::string(), cluster.region);
  return *id;
}

Id new_job(Core& core, Id cluster, Id backup, const SlotRow* slot, const Asked* asked) {
  const auto id = core.db.number("SELECT coalesce(max(id), 0) + 1 FROM jobs");
  core.db.run(
      "INSERT INTO jobs(id, uid, type, cluster, backup, slot, retention, state, scheduled) "
      "VALUES(?, ?, 0, ?, ?, ?, ?, ?, ?)",
      *id, fmt::format("job-{:08}", *id), cluster, backup,
      slot != nullptr ? std::optional(slot->id) : std::nullopt,
      slot != nullptr ? slot->retention : asked->retention, static_cast<int>(JobState::kAgain),
      core.now);
  int place = 0;
  for (const Copy& copy : asked != nullptr ? asked->copies : std::vector<Copy>()) {
    core.db.run("INSERT INTO copies(job, place, region, retention) VALUES(?, ?, ?, ?)", *id,
                place++, copy.region, copy.retention);
  }
  return *id;
}

StartedRows start(Core& core, Id cluster_id, const SlotRow* slot, const Asked* asked) {
  const ClusterRow cluster = core.cluster(cluster_id);
  const bool automatic = slot != nullptr;
  if (automatic && !is_due(core, cluster)) {  // the tool makes nothing, and prunes all the same
    if (core.why_not(cluster) == Why::kNothing) prune(core, core.vault(cluster.id, cluster.region));
    return {};
  }
  const policy::RunningJobs running = running_of(core, cluster.id);
  policy::DueFacts facts{core.why_not(cluster), automatic, running, false, overlap_of(cluster)};
  facts.another = running.automatic + running.manual > 0 ||
                  !core.open_jobs(WorkKind::kBackup, JobState::kWaits, cluster.id).empty();
  const policy::DueVerdict verdict =
      policy::on_due(core.project(cluster.project).rules->admission, facts);
  const Id backup = new_backup(core, cluster, slot, asked);
  if (!verdict.starts) {
    if (verdict.missed) core.db.run("UPDATE schedules SET missed = 1 WHERE id = ?", slot->id);
    const std::string why = policy::code_of(verdict.why);
    core.set_state(backup, BackupState::kRefused, why);
    core.decide(verdict.code, core.backup(backup).label, why);
    return {backup, 0};
  }
  const Id job = new_job(core, cluster.id, backup, slot, asked);
  const std::uint64_t size_bytes = core.outside.accept(core.work_of(core.job(job)), core.now);
  core.db.run("UPDATE backups SET size = ? WHERE id = ?", size_bytes, backup);
  attempt(core, job);
  return {backup, job};
}

void begin(Core& core, JobRow job) {
  const BackupRow backup = core.backup(job.backup);
  if (backup.born != core.now) {  // a retry, or one that waited, backs up what is there now
    core.db.run("UPDATE backups SET born = ?, sequence = ? WHERE id = ?", core.now,
                core.next_sequence(), backup.id);
    const std::uint64_t size_bytes = core.outside.accept(core.work_of(job), core.now);
    core.db.run("UPDATE backups SET size = ? WHERE id = ?", size_bytes, backup.id);
  }
  Begun begun = core.outside.begin(core.work_of(job), core.now);
  const ClusterRow cluster = core.cluster(job.cluster);
  const auto key = key_named(core, cluster.project, cluster.key);
  if (key && key->revoked) begun.fails = Why::kRevokedKey;
  core.db.run("UPDATE jobs SET started = ?, reason = ?, told = 0 WHERE id = ?", core.now,
              std::string(policy::name(begun.fails)), job.id);
  core.decide(Code::kBackupStarted, backup.label);
  core.set_turn(job.id, JobState::kRuns);
  if (begun.takes) core.push(plus(core.now, *begun.takes), policy::Due::kJobEnds, job.id);
}

policy::StartDelay delay_of(Core& core, const SlotRow& slot) {
  return [&core, &slot](Instant named, int window_seconds) {
    return core.outside.start_delay(slot.cluster, slot.place, named, window_seconds);
  };
}

// What has become of its timetable is kept, and the next start awaited.
void keep(Core& core, const SlotRow& slot) {
  const policy::Timetable& t = slot.timetable;
  core.db.run("UPDATE schedules SET last = ?, due = ?, missed = ? WHERE id = ?", t.last, t.due,
              t.missed, slot.id);
  core.push(t.due, policy::Due::kFires, slot.id);
}

policy::TimetableRules rules_of(Core& core, const SlotRow& slot) {
  return {core.rule_of(slot.rule), core.zone_of(slot.zone), slot.from, slot.until};
}

}  // namespace

void start_scheduled(Core& core, Id slot) {
  if (core.db.number("SELECT 1 FROM schedules WHERE id = ? AND deleted = 1", slot)) return;
  const SlotRow row = core.slot(slot);
  start(core, row.cluster, &row, nullptr);
}

StartedRows start_manual(Core& core, Id cluster, const Asked& asked) {
  return start(core, cluster, nullptr, &asked);
}

void attempt(Core& core, Id job_id) {
  using Then = policy::AttemptVerdict::Then;
  core.db.run("UPDATE jobs SET attempt = attempt + 1 WHERE id = ?", job_id);
  const JobRow job = core.job(job_id);
  Facts facts;
  find_facts(core, core.cluster(job.cluster), facts);
  const policy::AttemptVerdict verdict = policy::on_attempt(facts.facts);
  if (verdict.then == Then::kFails) return fail_job(core, job, policy::name(verdict.why));
  if (verdict.then == Then::kBegins) return begin(core, job);
  core.decide(Code::kBackupWaits, core.backup(job.backup).label);
  core.set_turn(job.id, JobState::kWaits);
  if (verdict.gives_up_after) {
    core.push(plus(core.now, *verdict.gives_up_after), policy::Due::kWaitEnds, job.id);
  }
}

void start_waiting(Core& core) {
  using Then = policy::AttemptVerdict::Then;
  for (const JobRow& job : core.open_jobs(WorkKind::kBackup, JobState::kWaits)) {
    Facts facts;
    find_facts(core, core.cluster(job.cluster), facts);
    const policy::AttemptVerdict verdict = policy::on_turn(facts.facts);
    if (verdict.then == Then::kWaits) continue;
    core.db.run("UPDATE jobs SET state = ? WHERE id = ?", static_cast<int>(JobState::kAgain),
                job.id);
    verdict.then == Then::kFails ? fail_job(core, job, policy::name(verdict.why))
                                 : begin(core, job);
  }
}

void give_up_waiting(Core& core, Id job_id) {
  const JobRow job = core.job(job_id);
  if (job.state != JobState::kWaits) return;
  const std::string why = policy::name(Why::kWaitedTooLong);
  core.end_job(job.id, JobState::kFailed, why);
  core.set_state(job.backup, BackupState::kRefused, why);
  if (job.slot != 0) core.db.run("UPDATE schedules SET missed = 1 WHERE id = ?", job.slot);
  core.decide(Code::kWaitOver, core.backup(job.backup).label, why);
}

void make_up(Core& core, Id cluster_id) {
  const ClusterRow cluster = core.cluster(cluster_id);
  if (core.why_not(cluster) != Why::kNothing || !cluster.schedules_on) return;
  for (SlotRow& slot : core.slots_of(cluster.id)) {
    const bool was_missed = slot.timetable.missed;
    const bool now = policy::makes_up(slot.timetable, slot.catches_up, core.now, slot.until);
    if (was_missed) core.db.run("UPDATE schedules SET missed = 0 WHERE id = ?", slot.id);
    if (now) start_scheduled(core, slot.id);
  }
}

void begin_schedule(Core& core, const SlotRow& slot, bool initial) {
  SlotRow mine = slot;
  const Instant first = std::max(mine.from, core.now);
  if (initial && first < mine.until) core.push(first, policy::Due::kInitial, mine.id);
  const auto known = core.db.number(
      "SELECT max(born) FROM backups WHERE cluster = ? AND state = 1 AND kind <> 'copy'",
      mine.cluster);
  policy::begin(
      mine.timetable, rules_of(core, mine), core.now, core.cluster(mine.cluster).clock_ahead,
      known ? std::optional(Instant(Duration(*known))) : std::nullopt, delay_of(core, mine));
  keep(core, mine);
}

void fire(Core& core, Id slot_id) {
  SlotRow slot = core.slot(slot_id);
  const ClusterRow cluster = core.cluster(slot.cluster);
  if (!policy::fires(slot.timetable, rules_of(core, slot), core.now, cluster.clock_ahead,
                     delay_of(core, slot))) {
    return;
  }
  keep(core, slot);
  if (cluster.schedules_on && !cluster.deleted) start_scheduled(core, slot.id);
}

void jump_clock(Core& core, Id cluster_id, Duration by) {
  const ClusterRow cluster = core.cluster(cluster_id);
  core.decide(Code::kClockJumped, cluster.name, {}, by / kSecond);
  const Duration ahead = plus(cluster.clock_ahead, by);
  core.db.run("UPDATE clusters SET clock_ahead = ? WHERE id = ?", ahead, cluster.id);
  for (SlotRow& slot : core.slots_of(cluster.id)) {
    const auto skipped = policy::on_jump(slot.timetable, rules_of(core, slot), core.now, by, ahead,
                                         delay_of(core, slot));
    if (skipped) {
      core.decide(Code::kStartSkipped, cluster.name, {}, unix_seconds(*skipped));
    }
    keep(core, slot);
  }
  make_up(core, cluster.id);
}

}  // namespace backcast::control
