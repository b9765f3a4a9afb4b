// What lies in the repositories by the catalogue, and how a catalogue that was lost is made again
// from what they say.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "engine/control/plane/parts.h"
#include "engine/control/plane/transact.h"

namespace backcast::control {
namespace {

using policy::Code;
using policy::Why;

constexpr const char* kItems =
    "SELECT b.id, b.snapshot, coalesce(o.uid, b.uid), b.state FROM backups b "
    "JOIN clusters c ON c.id = b.cluster JOIN projects p ON p.id = c.project "
    "LEFT JOIN backups o ON o.id = b.original WHERE p.name = ? AND c.key = ? AND b.region = ?";

// The row it had, or the next one: what is named after rows later on is then named otherwise.
Id free_row(Database& db, const char* taken, const char* next, Id wanted) {
  if (wanted > 0 && !db.number(taken, wanted)) return wanted;
  return db.number(next).value_or(1);
}

Id adopt_project(Database& db, const Project& project) {
  const auto known = db.number("SELECT id FROM projects WHERE name = ?", project.id);
  if (known) return *known;
  db.run(
      "INSERT INTO projects(name, rules, plan, quota, quota_mode, quota_ceiling, grace, regions) "
      "VALUES(?, ?, ?, ?, ?, ?, ?, ?)",
      project.id, project.rules, project.plan, project.quota_bytes, project.quota_mode,
      project.quota_ceiling_bytes, project.grace, joined(project.regions));
  return db.last_row();
}

Id adopt_cluster(Core& core, const Kept& kept, Id project) {
  const Cluster& c = kept.cluster;
  const auto known = core.db.number("SELECT id FROM clusters WHERE uid = ?", c.id);
  if (known) return *known;
  const Id id = free_row(core.db, "SELECT id FROM clusters WHERE id = ?",
                         "SELECT coalesce(max(id), 0) + 1 FROM clusters", kept.cluster_row);
  core.db.run(
      "INSERT INTO clusters(id, uid, name, project, cloud, region, kind, version, key, cu, cpu, "
      "memory, nodes, source, zone, retention, overlap, retries, retry_after, tags, created, "
      "deleted) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      id, c.id, c.name, project, c.cloud, c.region, c.kind, c.version, c.key, c.cu, c.cpu,
      c.memory_gib, c.nodes, c.source, c.zone, c.retention, c.overlap, c.retries, c.retry_after,
      joined(c.tags), c.created, c.deleted);
  core.vault(id, c.region);
  adopt_key(core, project, c.key, c.region);
  return id;
}

// Names are numbered on from those that were given.
void count_on(Core& core, const Kept& kept, Id cluster) {
  const std::size_t dash = kept.label.rfind('-');
  std::int64_t number = 0;
  for (std::size_t i = dash + 1; dash != std::string::npos && i < kept.label.size(); ++i) {
    if (kept.label[i] < '0' || kept.label[i] > '9' || number > 1'000'000'000) break;
    number = number * 10 + (kept.label[i] - '0');
  }
  if (kept.backup.kind == "automatic") {
    core.db.run(
        "UPDATE clusters SET automatic = max(automatic, ?1), "
        "newest_automatic = max(coalesce(newest_automatic, ?2), ?2) WHERE id = ?3",
        number, kept.backup.born, cluster);
  } else if (kept.backup.kind == "manual") {
    core.db.run("UPDATE clusters SET manual = max(manual, ?) WHERE id = ?", number, cluster);
  }
}

void write_backup(Core& core, const Kept& kept, Id id, Id cluster) {
  const Backup& b = kept.backup;
  core.db.run(
      "INSERT INTO backups(id, uid, label, cluster, vault, sequence, region, original, kind, "
      "of_manual, schedule, name, tags, protected, state, born, size) "
      "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT id FROM backups WHERE uid = ?8), ?9, ?10, ?11, "
      "?12, '', 0, 0, ?13, 0) ON CONFLICT(id) DO NOTHING",
      id, b.id, kept.label, cluster, core.vault(cluster, b.region), core.next_sequence(), b.region,
      b.original, b.kind, b.of_manual, b.schedule, b.name, b.born);
  core.db.run(
      "UPDATE backups SET tags = ?, protected = ?, state = 1, born = ?, available = ?, "
      "expires = ?, size = ?, added = ?, reason = ?, contents = ?, snapshot = ?, "
      "birth_policy = ?, birth_place = ?, birth_copy = ?, changes = ? WHERE id = ?",
      joined(b.tags), b.is_protected, b.born, b.available, b.expires, b.size_bytes, b.added_bytes,
      b.reason, b.contents, b.snapshot, kept.birth_policy, kept.birth_place, kept.birth_of_copy,
      kept.changes, id);
  if (b.expires) core.push(*b.expires, policy::Due::kExpires, core.backup(id).vault);
}

}  // namespace

Result<std::vector<ControlPlane::Shelf>> ControlPlane::shelves() {
  return transact([&]() -> Result<std::vector<Shelf>> {
    return database_->rows(
        "SELECT DISTINCT p.name, c.key, v.region FROM vaults v JOIN clusters c ON c.id = v.cluster "
        "JOIN projects p ON p.id = c.project WHERE p.key_gone IS NULL ORDER BY 1, 2, 3",
        [](Row& r) {
          Shelf shelf;
          shelf.project = r.text();
          shelf.key = r.text();
          shelf.region = r.text();
          return shelf;
        });
  });
}

Result<std::vector<ControlPlane::OnShelf>> ControlPlane::on_shelf(const Shelf& shelf) {
  return transact([&]() -> Result<std::vector<OnShelf>> {
    return database_->rows(
        kItems,
        [](Row& r) {
          OnShelf item;
          item.backup = r.integer();
          item.snapshot = r.text();
          item.made_as = r.text();
          const auto state = static_cast<BackupState>(r.integer());
          item.is_available = state == BackupState::kAvailable;
          item.is_wanted = item.is_available || state == BackupState::kCreating;
          return item;
        },
        shelf.project, shelf.key, shelf.region);
  });
}

Result<Kept> ControlPlane::kept_backup(Id id) {
  struct Names {
    std::string backup, cluster, project;
  };
  Kept kept;
  kept.row = id;
  const auto names = transact([&]() -> Result<Names> {
    const auto found = database_->row(
        "SELECT b.uid, c.uid, p.name, b.label, c.id, b.birth_policy, b.birth_place, b.birth_copy, "
        "b.changes "
        "FROM backups b JOIN clusters c ON c.id = b.cluster JOIN projects p ON p.id = c.project "
        "WHERE b.id = ?",
        [&](Row& r) {
          Names of;
          of.backup = r.text();
          of.cluster = r.text();
          of.project = r.text();
          kept.label = r.text();
          kept.cluster_row = r.integer();
          kept.birth_policy = r.text();
          kept.birth_place = static_cast<int>(r.integer());
          kept.birth_of_copy = r.flag();
          kept.changes = r.integer();
          return of;
        },
        id);
    if (!found) return Error{Errc::kNotFound, "there is no such backup", {}, {}};
    return *found;
  });
  if (!names.ok()) return names.error();
  BACKCAST_TRY(kept.backup, backup(names->backup));
  BACKCAST_TRY(kept.cluster, cluster(names->cluster));
  BACKCAST_TRY(const std::vector<Project> all, projects());
  for (const Project& project : all) {
    if (project.id == names->project) kept.project = project;
  }
  return kept;
}

Result<bool> ControlPlane::adopt(const Caller& caller, const Kept& kept) {
  return transact([&]() -> Result<bool> {
    const Backup& b = kept.backup;
    const auto known = database_->number("SELECT id FROM backups WHERE uid = ?", b.id);
    if (known) {
      const BackupRow row = core_->backup(*known);
      if (row.born != b.born || core_->db.number("SELECT 1 FROM clusters WHERE id = ? AND uid = ?",
                                                 row.cluster, kept.cluster.id) != 1) {
        return Error{Errc::kExists,
                     fmt::format("another backup is called {} in this catalogue", b.id),
                     {},
                     "take it in to a service of its own"};
      }
      // Whoever was killed between a change and its label left an older one.
      const auto changes = database_->number("SELECT changes FROM backups WHERE id = ?", *known);
      if (row.state == BackupState::kDeleted || *changes >= kept.changes) return false;
    }
    const Id project = adopt_project(*database_, kept.project);
    const Id cluster = adopt_cluster(*core_, kept, project);
    const Id id = known ? *known
                        : free_row(*database_, "SELECT id FROM backups WHERE id = ?",
                                   "SELECT coalesce(max(id), 0) + 1 FROM backups", kept.row);
    write_backup(*core_, kept, id, cluster);
    count_on(*core_, kept, cluster);
    // What the catalogue thought was still to be done for it has been done.
    database_->run(
        "UPDATE jobs SET state = 2, progress = 100, ended = ? WHERE backup = ? AND type <> 2 AND "
        "state IN (0, 1, 5)",
        core_->now, id);
    audit(caller, "adopt", b.id);
    return !known.has_value();
  });
}

Status ControlPlane::lies_in(Id backup, const std::string& snapshot, const std::string& contents) {
  return transact([&]() -> Status {
    database_->run("UPDATE backups SET snapshot = ?, contents = ? WHERE id = ?", snapshot, contents,
                   backup);
    return kOk;
  });
}

Status ControlPlane::lost(const Caller& caller, Id backup) {
  return transact([&]() -> Status {
    const BackupRow row = core_->backup(backup);
    if (row.state != BackupState::kAvailable) return kOk;
    audit(caller, "lost", row.label);
    drop(*core_, row, Code::kDeleted, policy::name(Why::kStorageLost));
    return kOk;
  });
}

Status ControlPlane::copy_to(const std::string& path) {
  constexpr int kPages = 256;  // between which others have their turn
  try {
    SQLite::Database copy(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    std::unique_lock lock(mutex_);
    const std::unique_ptr<SQLite::Backup> backup = database_->copy_into(copy);
    while (true) {
      backup->executeStep(kPages);
      if (backup->getRemainingPageCount() == 0) break;
      lock.unlock();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      lock.lock();
    }
    return kOk;
  } catch (const SQLite::Exception& thrown) {
    return error_of(thrown);
  }
}

bool ControlPlane::is_whole(const std::string& path) {
  try {
    SQLite::Database file(path, SQLite::OPEN_READONLY);
    return file.execAndGet("PRAGMA quick_check").getString() == "ok" &&
           file.execAndGet("SELECT count(*) FROM sqlite_master WHERE name = 'backups'").getInt() ==
               1;
  } catch (const SQLite::Exception&) {
    return false;
  }
}

}  // namespace backcast::control
