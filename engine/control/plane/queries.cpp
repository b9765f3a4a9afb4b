// What there is and what happened, as it is shown.
#include <fmt/format.h>

#include "engine/control/plane/parts.h"
#include "engine/control/plane/transact.h"

namespace backcast::control {
namespace {

// An empty text, and NULL for a time, ask for all.
constexpr const char* kWhere =
    "FROM backups b JOIN clusters c ON c.id = b.cluster JOIN projects p ON p.id = c.project "
    "LEFT JOIN backups o ON o.id = b.original "
    "WHERE (?1 = '' OR c.uid = ?1) AND (?2 = '' OR p.name = ?2) AND (?3 = '' OR b.region = ?3) "
    "AND (?4 = '' OR b.kind = ?4) AND (?5 < 0 OR b.state = ?5) "
    "AND (?6 = '' OR ' ' || b.tags || ' ' LIKE '% ' || ?6 || ' %') "
    "AND (?7 IS NULL OR b.born >= ?7) AND (?8 IS NULL OR b.born < ?8) AND b.state <= ?9 ";

constexpr const char* kColumns =
    "SELECT b.uid, c.uid, p.name, b.region, coalesce(o.uid, ''), b.kind, b.schedule, b.name, "
    "b.tags, b.of_manual, b.protected, b.state, b.born, b.available, b.deleted, b.expires, b.size, "
    "b.added, b.reason, b.contents, b.snapshot ";

Backup read_backup(Row& r) {
  constexpr const char* kStates[] = {"CREATING", "AVAILABLE", "DELETED", "FAILED", "REFUSED"};
  Backup b;
  b.id = r.text();
  b.cluster = r.text();
  b.project = r.text();
  b.region = r.text();
  b.original = r.text();
  b.kind = r.text();
  b.schedule = r.text();
  b.name = r.text();
  b.tags = split(r.text());
  b.of_manual = r.flag();
  b.is_protected = r.flag();
  b.state = kStates[std::min<std::int64_t>(r.integer(), 4)];
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

int state_of(const std::string& name) {
  constexpr const char* kStates[] = {"CREATING", "AVAILABLE", "DELETED", "FAILED", "REFUSED"};
  for (int i = 0; i < 5; ++i) {
    if (name == kStates[i]) return i;
  }
  return -1;
}

constexpr const char* kJobColumns =
    "SELECT j.uid, j.type, c.uid, coalesce(b.uid, ''), j.state, j.reason, j.progress, j.attempt, "
    "j.started, j.ended FROM jobs j JOIN clusters c ON c.id = j.cluster "
    "LEFT JOIN backups b ON b.id = j.backup ";

Job read_job(Row& r) {
  constexpr const char* kTypes[] = {"BACKUP", "COPY", "RESTORE"};
  constexpr const char* kStates[] = {"PENDING", "IN_PROGRESS", "SUCCESSFUL",
                                     "FAILED",  "CANCELED",    "PENDING"};
  Job j;
  j.id = r.text();
  j.type = kTypes[std::min<std::int64_t>(r.integer(), 2)];
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
    static const std::string count_sql = fmt::format("SELECT count(*) {}", kWhere);
    static const std::string page_sql = fmt::format(
        "{}{}{}", kColumns, kWhere, "ORDER BY b.born DESC, b.id DESC LIMIT ?10 OFFSET ?11");
    const int state = state_of(f.state), newest_state = f.with_gone || state > 1 ? 4 : 1;
    Backups backups;
    backups.count =
        static_cast<std::uint64_t>(database_
                                       ->number(count_sql.c_str(), f.cluster, f.project, f.region,
                                                f.kind, state, f.tag, f.from, f.to, newest_state)
                                       .value_or(0));
    backups.page =
        database_->rows(page_sql.c_str(), read_backup, f.cluster, f.project, f.region, f.kind,
                        state, f.tag, f.from, f.to, newest_state, f.limit, f.offset);
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
    static const std::string sql = fmt::format("{}{}", kJobColumns,
                                               "WHERE (?1 = '' OR c.uid = ?1) "
                                               "ORDER BY j.id DESC");
    std::vector<Job> found;
    std::uint64_t passed = 0;
    for (Job& job : database_->rows(sql.c_str(), read_job, f.cluster)) {
      if (!f.type.empty() && job.type != f.type) continue;
      if (!f.state.empty() && job.state != f.state) continue;
      if (passed++ < f.offset) continue;
      if (found.size() == f.limit) break;
      found.push_back(std::move(job));
    }
    return found;
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

Result<std::vector<UsageRecord>> ControlPlane::usage(Instant from, Instant to) {
  return transact([&]() -> Result<std::vector<UsageRecord>> {
    // What a backup is counted with is what it is as its vendor keeps it: its size.
    return database_->rows(
        "SELECT b.uid, c.name, p.name, p.rules, b.region, b.kind, b.tags, b.available, b.deleted, "
        "b.size FROM backups b JOIN clusters c ON c.id = b.cluster "
        "JOIN projects p ON p.id = c.project WHERE b.available IS NOT NULL AND b.available < ?2 "
        "AND (b.deleted IS NULL OR b.deleted > ?1) ORDER BY b.available, b.id",
        [&](Row& r) {
          UsageRecord u;
          u.backup = r.text();
          u.service = r.text();
          u.project = r.text();
          u.provider = r.text();
          u.region = r.text();
          u.backup_kind = r.text();
          u.tags = split(r.text());
          const Instant available = r.instant();
          const Instant gone = r.instant_if().value_or(to);
          u.quantity = r.bytes();
          u.start = std::max(available, from);
          u.end = std::min(gone, to);
          if (available < from) u.born = available;
          return u;
        },
        from, to);
  });
}

}  // namespace backcast::control
