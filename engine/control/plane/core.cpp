#include "engine/control/plane/core.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

#include "engine/base/text.h"
#include "engine/policy/service/restore_target.h"

namespace backcast::control {
namespace {

constexpr const char* kBackupColumns =
    "SELECT id, cluster, vault, original, sequence, label, kind, schedule, tags, of_manual, state, "
    "born, available, expires, size, birth_place, birth_copy, birth_policy, region "
    "FROM backups ";

BackupRow read_backup(Row& r) {
  BackupRow b;
  b.id = r.integer();
  b.cluster = r.integer();
  b.vault = r.integer();
  b.original = r.integer_if().value_or(0);
  b.sequence = r.integer();
  b.label = r.text();
  b.kind = r.text();
  b.schedule = r.text();
  b.tags = split(r.text());
  b.of_manual = r.flag();
  b.state = static_cast<BackupState>(r.integer());
  b.born = r.instant();
  b.available = r.instant_if();
  b.expires = r.instant_if();
  b.size_bytes = r.bytes();
  b.birth.in = static_cast<policy::PolicyPlace::In>(r.integer());
  b.birth.of_copy = r.flag();
  b.birth.policy = r.text();
  b.region = r.text();
  return b;
}

constexpr const char* kSlotColumns =
    "SELECT id, cluster, place, name, rule, zone, retention, initial, catches_up, from_at, "
    "until_at, last, due, missed FROM schedules ";

SlotRow read_slot(Row& r) {
  SlotRow s;
  s.id = r.integer();
  s.cluster = r.integer();
  s.place = static_cast<std::uint32_t>(r.integer());
  s.name = r.text();
  s.rule = r.text();
  s.zone = r.text();
  s.retention = r.text();
  s.initial = r.flag();
  s.catches_up = r.flag();
  s.from = r.instant();
  s.until = r.instant();
  s.timetable.last = r.instant();
  s.timetable.due = r.instant();
  s.timetable.missed = r.flag();
  return s;
}

constexpr const char* kJobColumns =
    "SELECT id, cluster, backup, slot, type, state, attempt, reason, retention, scheduled, link, "
    "from_region, to_region, told FROM jobs ";

JobRow read_job(Row& r) {
  JobRow j;
  j.id = r.integer();
  j.cluster = r.integer();
  j.backup = r.integer_if().value_or(0);
  j.slot = r.integer_if().value_or(0);
  j.kind = static_cast<WorkKind>(r.integer());
  j.state = static_cast<JobState>(r.integer());
  j.attempt = static_cast<std::uint32_t>(r.integer());
  j.fails = r.text();
  j.retention = r.text();
  j.scheduled = r.instant();
  if (const auto link = r.integer_if()) j.link = static_cast<std::uint32_t>(*link);
  j.from_region = r.text();
  j.to_region = r.text();
  j.told = r.flag();
  return j;
}

template <typename T>
T found(std::optional<T> row, const char* what, Id id) {
  if (row) return *std::move(row);
  throw ErrorThrown({Errc::kCorrupt, fmt::format("the catalogue has no {} {}", what, id), {}, {}});
}

}  // namespace

void OutsideNotes::add(const std::string& line) {
  database_.run("INSERT INTO outside_notes(line) VALUES(?)", line);
}

std::vector<std::string> OutsideNotes::all() {
  return database_.rows("SELECT line FROM outside_notes ORDER BY id",
                        [](Row& r) { return r.text(); });
}

std::vector<policy::CollectionChoice> collections_in(const std::string& choice) {
  using nlohmann::json;
  const json said = choice.empty() ? json::object() : json::parse(choice, nullptr, false);
  std::vector<policy::CollectionChoice> collections;
  if (!said.is_object()) return collections;
  for (const json& one : said.value("collections", json::array())) {
    policy::CollectionChoice& chosen = collections.emplace_back();
    chosen.from = {one.value("database", policy::kDefaultDatabase), one.value("name", "")};
    chosen.to = {one.value("to_database", ""), one.value("to_name", "")};
    if (chosen.to.database.empty()) chosen.to.database = chosen.from.database;
    if (chosen.to.name.empty()) chosen.to.name = chosen.from.name;
    chosen.load = policy::parse_load_state(one.value("load", "")).value_or(chosen.load);
    chosen.replaces = one.value("replaces", false) || one.contains("shard");
  }
  return collections;
}

std::string joined(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

std::vector<std::string> split(const std::string& words) {
  std::vector<std::string> list;
  for (std::size_t from = 0; from < words.size();) {
    const std::size_t to = std::min(words.find(' ', from), words.size());
    if (to > from) list.push_back(words.substr(from, to - from));
    from = to + 1;
  }
  return list;
}

policy::Origin BackupRow::made_by() const {
  return kind == "manual" || of_manual ? policy::Origin::kManual : policy::Origin::kAutomatic;
}

policy::Origin BackupRow::origin() const {
  return kind == "copy" ? policy::Origin::kCopy : made_by();
}

ProjectRow Core::project(Id id) {
  return found(db.row(
                   "SELECT id, name, rules, quota, quota_mode, quota_ceiling, grace, regions, "
                   "deleted "
                   "FROM projects WHERE id = ?",
                   [](Row& r) {
                     ProjectRow p;
                     p.id = r.integer();
                     p.name = r.text();
                     p.rules = policy::service_rules(r.text());
                     const auto quota = r.integer_if();
                     const std::string mode = r.text();
                     const std::uint64_t ceiling = r.bytes();
                     using Mode = policy::QuotaMode;
                     if (quota) {
                       p.quota = policy::Quota{static_cast<std::uint64_t>(*quota),
                                               mode == "keep"   ? Mode::kKeep
                                               : mode == "bill" ? Mode::kBill
                                                                : Mode::kHard,
                                               ceiling};
                     }
                     p.grace = r.duration();
                     p.regions = split(r.text());
                     p.deleted = r.integer_if().has_value();
                     return p;
                   },
                   id),
               "project", id);
}

ClusterRow Core::cluster(Id id) {
  return found(
      db.row(
          "SELECT id, project, name, region, key, zone, retention, overlap, retries, retry_after, "
          "tags, deleted, suspended, restoring, schedules_on, clock_ahead, newest_automatic "
          "FROM clusters WHERE id = ?",
          [](Row& r) {
            ClusterRow c;
            c.id = r.integer();
            c.project = r.integer();
            c.name = r.text();
            c.region = r.text();
            c.key = r.text();
            c.zone = r.text();
            c.retention = r.text();
            c.overlap = r.text();
            c.retries.count = static_cast<std::uint32_t>(r.integer());
            c.retries.after = r.duration();
            c.tags = split(r.text());
            c.deleted = r.integer_if().has_value();
            c.suspended = r.flag();
            c.restoring = r.flag();
            c.schedules_on = r.flag();
            c.clock_ahead = r.duration();
            c.newest_automatic = r.instant_if();
            return c;
          },
          id),
      "cluster", id);
}

SlotRow Core::slot(Id id) {
  static const std::string sql = fmt::format("{}{}", kSlotColumns, "WHERE id = ?");
  return found(db.row(sql.c_str(), read_slot, id), "schedule", id);
}

std::vector<SlotRow> Core::slots_of(Id cluster) {
  static const std::string sql =
      fmt::format("{}{}", kSlotColumns, "WHERE cluster = ? AND deleted = 0 ORDER BY id");
  return db.rows(sql.c_str(), read_slot, cluster);
}

BackupRow Core::backup(Id id) {
  static const std::string sql = fmt::format("{}{}", kBackupColumns, "WHERE id = ?");
  return found(db.row(sql.c_str(), read_backup, id), "backup", id);
}

JobRow Core::job(Id id) {
  static const std::string sql = fmt::format("{}{}", kJobColumns, "WHERE id = ?");
  return found(db.row(sql.c_str(), read_job, id), "job", id);
}

std::vector<JobRow> Core::open_jobs(WorkKind kind, JobState state, Id cluster) {
  static const std::string of_one = fmt::format(
      "{}{}", kJobColumns, "WHERE type = ? AND state = ? AND cluster = ? ORDER BY turn, id");
  static const std::string of_all =
      fmt::format("{}{}", kJobColumns, "WHERE type = ? AND state = ? ORDER BY turn, id");
  const int type = static_cast<int>(kind), wanted = static_cast<int>(state);
  return cluster != 0 ? db.rows(of_one.c_str(), read_job, type, wanted, cluster)
                      : db.rows(of_all.c_str(), read_job, type, wanted);
}

Id Core::vault(Id cluster, const std::string& region) {
  const auto known =
      db.number("SELECT id FROM vaults WHERE cluster = ? AND region = ?", cluster, region);
  if (known) return *known;
  db.run("INSERT INTO vaults(cluster, region) VALUES(?, ?)", cluster, region);
  return db.last_row();
}

std::vector<Id> Core::vaults_of(Id cluster) {
  return db.rows(
      "SELECT id FROM vaults WHERE cluster = ? ORDER BY id", [](Row& r) { return r.integer(); },
      cluster);
}

Core::VaultRow Core::vault_row(Id vault) {
  return found(db.row(
                   "SELECT id, cluster, region FROM vaults WHERE id = ?",
                   [](Row& r) {
                     VaultRow v;
                     v.id = r.integer();
                     v.cluster = r.integer();
                     v.region = r.text();
                     return v;
                   },
                   vault),
               "vault", vault);
}

std::vector<BackupRow> Core::held(Id vault) {
  static const std::string sql =
      fmt::format("{}{}", kBackupColumns, "WHERE vault = ? AND state = 1 ORDER BY sequence");
  return db.rows(sql.c_str(), read_backup, vault);
}

std::int64_t Core::next_sequence() {
  return db.number("SELECT coalesce(max(sequence), 0) + 1 FROM backups").value_or(1);
}

bool Core::is_down(const std::string& region) {
  return db.number("SELECT outages FROM regions_down WHERE region = ?", region).value_or(0) > 0;
}

policy::Why Core::why_not(const ClusterRow& cluster) {
  const policy::Why why =
      policy::why_not_running({cluster.deleted, cluster.suspended, cluster.restoring});
  return why != policy::Why::kNothing ? why : why_no_store(cluster.region);
}

policy::Why Core::why_no_store(const std::string& region) {
  using policy::Why;
  if (is_down(region)) return Why::kRegionDown;
  const auto of_store =
      db.number("SELECT of_store FROM regions_down WHERE region = ?", region).value_or(0);
  return of_store > 0 ? Why::kStoreDown : Why::kNothing;
}

void Core::push(Instant at, policy::Due due, Id entity) {
  if (at == Instant::max()) return;
  const auto second =
      std::chrono::ceil<std::chrono::seconds>(std::max(at, now)).time_since_epoch().count();
  db.run("INSERT OR IGNORE INTO agenda(second, due, entity) VALUES(?, ?, ?)",
         static_cast<std::int64_t>(second), static_cast<int>(due), entity);
}

void Core::decide(policy::Code code, const std::string& subject, const std::string& reason,
                  std::int64_t number, const std::vector<std::string>& tags,
                  const std::optional<Instant>& expires) {
  db.run(
      "INSERT INTO decisions(at, code, subject, reason, number, tags, expires) "
      "VALUES(?, ?, ?, ?, ?, ?, ?)",
      now, static_cast<int>(code), subject, reason, number, joined(tags), expires);
}

void Core::set_state(Id backup, BackupState state, const std::string& reason) {
  db.run(
      "UPDATE backups SET state = ?, reason = ?, "
      "deleted = CASE WHEN ?1 = 2 THEN ? ELSE deleted END WHERE id = ?",
      static_cast<int>(state), reason, now, backup);
}

void Core::note_changed(Id backup) {
  db.run("UPDATE backups SET changes = changes + 1 WHERE id = ?", backup);
  outside.changed(backup);
}

void Core::end_job(Id job, JobState state, const std::string& reason) {
  db.run(
      // What was asked for may hold a password, and nobody needs it any more.
      "UPDATE jobs SET state = ?, reason = CASE WHEN ?1 = 2 THEN warns ELSE ? END, ended = ?, "
      "request = '', "
      "progress = CASE WHEN ?1 = 2 THEN 100 ELSE progress END WHERE id = ?",
      static_cast<int>(state), reason, now, job);
}

void Core::set_turn(Id job, JobState state) {
  db.run("UPDATE jobs SET state = ?, turn = (SELECT max(id) FROM decisions) WHERE id = ?",
         static_cast<int>(state), job);
}

void Core::await_links() {
  for (const Outside::Wake& wake : outside.wakes()) {
    push(wake.at, policy::Due::kLinkEnds, wake.link);
  }
}

Work Core::work_of(const JobRow& job) {
  const BackupRow made = backup(job.backup);
  Work work;
  work.kind = job.kind;
  work.job = job.id;
  work.cluster = job.cluster;
  work.backup = job.backup;
  work.original = made.original;
  work.vault = made.vault;
  work.automatic = job.slot != 0;
  work.attempt = job.attempt;
  work.scheduled = job.scheduled;
  work.from_region = job.from_region;
  work.to_region = job.to_region;
  work.born = made.born;
  work.size_bytes = made.size_bytes;
  if (job.kind != WorkKind::kRestore) return work;
  db.row(
      "SELECT into_cluster, in_place, request FROM jobs WHERE id = ?",
      [&](Row& r) {
        work.into = r.integer_if().value_or(0);
        work.in_place = r.flag();
        work.collections = collections_in(r.text());
        return true;
      },
      job.id);
  return work;
}

const policy::Schedule& Core::rule_of(const std::string& text) {
  const auto known = rules_.find(text);
  if (known != rules_.end()) return known->second;
  auto read = policy::parse_schedule(text);
  if (!read.ok()) throw ErrorThrown(read.error());
  return rules_.emplace(text, *std::move(read)).first->second;
}

const policy::RetentionPolicy* Core::policy_of(const std::string& text) {
  if (text.empty()) return nullptr;
  const auto known = policies_.find(text);
  if (known != policies_.end()) return &known->second;
  auto read = policy::parse_policy(text);
  if (!read.ok()) throw ErrorThrown(read.error());
  return &policies_.emplace(text, *std::move(read)).first->second;
}

const policy::RetentionPolicy* Core::retention_of(const ClusterRow& cluster) {
  const policy::RetentionPolicy* stated = policy_of(cluster.retention);
  const auto quota = stated == nullptr ? std::nullopt : project(cluster.project).quota;
  if (!quota) return stated;
  const std::string key = fmt::format("{} within {}", cluster.retention, quota->limit_bytes);
  const auto known = policies_.find(key);
  if (known != policies_.end()) return &known->second;
  policy::RetentionPolicy within = *stated;
  policy::take_quota_as_limit(within, quota->limit_bytes);
  return &policies_.emplace(key, std::move(within)).first->second;
}

const policy::Zone& Core::zone_of(const std::string& text) {
  const auto known = zones_.find(text);
  if (known != zones_.end()) return known->second;
  auto read = policy::Zone::find(text.empty() ? "UTC" : text);
  if (!read.ok()) throw ErrorThrown(read.error());
  return zones_.emplace(text, *std::move(read)).first->second;
}

}  // namespace backcast::control
