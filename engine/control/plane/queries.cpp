// What there is and what happened, as it is shown.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/control/plane/parts.h"
#include "engine/control/plane/transact.h"

namespace backcast::control {
namespace {

// The conditions that are asked for; the others cost nothing, but keep their parameters.
struct Condition {
  bool asked;
  const char* sql;
  const char* otherwise;
};

template <std::size_t N>
std::string where(const Condition (&conditions)[N]) {
  std::string sql = "WHERE ";
  for (std::size_t i = 0; i < N; ++i) {
    sql += fmt::format("{}({})", i == 0 ? "" : " AND ",
                       conditions[i].asked ? conditions[i].sql : conditions[i].otherwise);
  }
  return sql + " ";
}

// One text for each set of conditions, where its statement finds it again.
const char* kept(std::string sql) {
  static std::set<std::string> texts;
  return texts.insert(std::move(sql)).first->c_str();
}

std::string where_of(const BackupFilter& f, int state) {
  const Condition conditions[] = {
      {!f.cluster.empty(), "b.cluster = (SELECT id FROM clusters WHERE uid = ?1)", "?1 IS ?1"},
      {!f.project.empty(),
       "b.cluster IN (SELECT c2.id FROM clusters c2 JOIN projects p2 ON p2.id = c2.project "
       "WHERE p2.name = ?2)",
       "?2 IS ?2"},
      {!f.region.empty(), "b.region = ?3", "?3 IS ?3"},
      {!f.kind.empty(), "b.kind = ?4", "?4 IS ?4"},
      {state >= 0, "b.state = ?5", "?5 IS ?5"},
      {!f.tag.empty(), "instr(' ' || b.tags || ' ', ' ' || ?6 || ' ') > 0", "?6 IS ?6"},
      {f.from.has_value(), "b.born >= ?7", "?7 IS ?7"},
      {f.to.has_value(), "b.born < ?8", "?8 IS ?8"},
      {state < 0 && !f.with_gone, "b.state <= 1", "1"},
      {!f.name.empty(), "b.name = ?9", "?9 IS ?9"}};
  return where(conditions);
}

constexpr const char* kFrom =
    "FROM backups b JOIN clusters c ON c.id = b.cluster JOIN projects p ON p.id = c.project "
    "LEFT JOIN backups o ON o.id = b.original ";

constexpr const char* kColumns =
    "SELECT b.uid, c.uid, p.name, b.region, c.key, coalesce(o.uid, ''), b.kind, b.schedule, "
    "b.name, "
    "b.tags, b.of_manual, b.protected, b.state, b.born, b.available, b.deleted, b.expires, b.size, "
    "b.added, b.reason, b.contents, b.snapshot ";

constexpr const char* kBackupStates[] = {"CREATING", "AVAILABLE", "DELETED", "FAILED", "REFUSED"};

// -1 where nothing is so called.
template <std::size_t N>
int place_in(const char* const (&names)[N], const std::string& name) {
  const auto found = std::find(std::begin(names), std::end(names), name);
  return found == std::end(names) ? -1 : static_cast<int>(found - std::begin(names));
}

Backup read_backup(Row& r) {
  Backup b;
  b.id = r.text();
  b.cluster = r.text();
  b.project = r.text();
  b.region = r.text();
  b.key = r.text();
  b.original = r.text();
  b.kind = r.text();
  b.schedule = r.text();
  b.name = r.text();
  b.tags = split(r.text());
  b.of_manual = r.flag();
  b.is_protected = r.flag();
  b.state = kBackupStates[std::min<std::int64_t>(r.integer(), 4)];
  b.born = r.instant();
  b.available = r.instant_if();
  b.deleted = r.instant_if();
  b.expires = r.instant_if();
  b.size_bytes = r.bytes();
  b.added_bytes = r.bytes();
  b.reason = r.text();
  b.contents = r.text();
  b.snapshot = r.text();
  return b;
}

constexpr const char* kTypes[] = {"BACKUP", "COPY", "RESTORE", "EXPORT"};
constexpr const char* kStates[] = {"PENDING", "IN_PROGRESS", "SUCCESSFUL",
                                   "FAILED",  "CANCELED",    "PENDING"};

constexpr const char* kJobColumns =
    "SELECT j.uid, j.type, c.uid, coalesce(b.uid, ''), j.state, j.reason, j.progress, j.attempt, "
    "j.started, j.ended FROM jobs j JOIN clusters c ON c.id = j.cluster "
    "LEFT JOIN backups b ON b.id = j.backup ";

Job read_job(Row& r) {
  Job j;
  j.id = r.text();
  j.type = kTypes[std::min<std::int64_t>(r.integer(), 3)];
  j.cluster = r.text();
  j.backup = r.text();
  j.state = kStates[std::min<std::int64_t>(r.integer(), 5)];
  j.reason = r.text();
  j.progress = static_cast<int>(r.integer());
  j.attempt = static_cast<std::uint32_t>(r.integer());
  j.started = r.instant_if();
  j.ended = r.instant_if();
  return j;
}

}  // namespace

Result<Backups> ControlPlane::backups(const BackupFilter& f) {
  return transact([&]() -> Result<Backups> {
    const int state = place_in(kBackupStates, f.state);
    const std::string asked = where_of(f, state);
    Backups backups;
    backups.count = static_cast<std::uint64_t>(
        database_
            ->number(kept(fmt::format("SELECT count(*) FROM backups b {}", asked)), f.cluster,
                     f.project, f.region, f.kind, state, f.tag, f.from, f.to, f.name)
            .value_or(0));
    backups.page = database_->rows(
        kept(fmt::format("{}{}{}ORDER BY b.born DESC, b.id DESC LIMIT ?10 OFFSET ?11", kColumns,
                         kFrom, asked)),
        read_backup, f.cluster, f.project, f.region, f.kind, state, f.tag, f.from, f.to, f.name,
        f.limit, f.offset);
    return backups;
  });
}

Result<Backup> ControlPlane::backup(const std::string& id) {
  return transact([&]() -> Result<Backup> {
    static const std::string sql = fmt::format(
        "{}{}", kColumns,
        "FROM backups b JOIN clusters c ON c.id = b.cluster JOIN projects p ON p.id = c.project "
        "LEFT JOIN backups o ON o.id = b.original WHERE b.id = ?");
    return *database_->row(sql.c_str(), read_backup, backup_id(id));
  });
}

Result<std::vector<Job>> ControlPlane::jobs(const JobFilter& f) {
  return transact([&]() -> Result<std::vector<Job>> {
    const int type = place_in(kTypes, f.type), state = place_in(kStates, f.state);
    const Condition conditions[] = {
        {!f.cluster.empty(), "j.cluster = (SELECT id FROM clusters WHERE uid = ?1)", "?1 IS ?1"},
        {type >= 0, "j.type = ?2", "?2 IS ?2"},
        {state >= 0, "j.state = ?3 OR (?3 = 0 AND j.state = 5)", "?3 IS ?3"}};
    return database_->rows(kept(fmt::format("{}{}ORDER BY j.id DESC LIMIT ?4 OFFSET ?5",
                                            kJobColumns, where(conditions))),
                           read_job, f.cluster, type, state, f.limit, f.offset);
  });
}

Result<Job> ControlPlane::job(const std::string& id) {
  return transact([&]() -> Result<Job> {
    static const std::string sql = fmt::format("{}{}", kJobColumns, "WHERE j.id = ?");
    return *database_->row(sql.c_str(), read_job,
                           id_of("SELECT id FROM jobs WHERE uid = ?", "job", id));
  });
}

Result<std::vector<ControlPlane::Decided>> ControlPlane::decisions(std::int64_t from,
                                                                   std::uint64_t limit) {
  return transact([&]() -> Result<std::vector<Decided>> {
    return database_->rows(
        "SELECT id, at, code, subject, reason, number, tags, expires FROM decisions WHERE id >= ? "
        "ORDER BY id LIMIT ?",
        [](Row& r) {
          Decided d;
          d.number = r.integer();
          d.decision.at = r.instant();
          d.decision.code = static_cast<policy::Code>(r.integer());
          d.decision.subject = r.text();
          d.decision.reason = r.text();
          d.decision.number = r.integer();
          d.decision.tags = split(r.text());
          d.decision.expires = r.instant_if();
          return d;
        },
        from, limit);
  });
}

Result<std::vector<Audit>> ControlPlane::audit(std::uint64_t offset, std::uint64_t limit) {
  return transact([&]() -> Result<std::vector<Audit>> {
    return database_->rows(
        "SELECT at, who, action, subject, detail FROM audit ORDER BY id DESC "
        "LIMIT ? OFFSET ?",
        [](Row& r) {
          Audit a;
          a.at = r.instant();
          a.who = r.text();
          a.action = r.text();
          a.subject = r.text();
          a.detail = r.text();
          return a;
        },
        limit, offset);
  });
}

}  // namespace backcast::control
