// What those need to know who run the jobs.
#include "engine/control/plane/parts.h"
#include "engine/control/plane/transact.h"

namespace backcast::control {
namespace {

std::string text_of(Database& db, const char* sql, Id id) {
  return db
      .row(
          sql, [](Row& r) { return r.text(); }, id)
      .value_or("");
}

constexpr const char* kBytes =
    "SELECT b.vault, b.id, p.name, c.key, b.region, b.snapshot, b.state <= 1 FROM backups b "
    "JOIN clusters c ON c.id = b.cluster JOIN projects p ON p.id = c.project ";

ControlPlane::Bytes read_bytes(Row& r) {
  ControlPlane::Bytes bytes;
  bytes.vault = r.integer();
  bytes.backup = r.integer();
  bytes.project = r.text();
  bytes.key = r.text();
  bytes.region = r.text();
  bytes.snapshot = r.text();
  bytes.is_wanted = r.flag();
  return bytes;
}

}  // namespace

Result<std::vector<Work>> ControlPlane::running() {
  return transact([&]() -> Result<std::vector<Work>> {
    std::vector<Work> works;
    for (const WorkKind kind :
         {WorkKind::kBackup, WorkKind::kCopy, WorkKind::kRestore, WorkKind::kExport}) {
      for (const JobRow& job : core_->open_jobs(kind, JobState::kRuns)) {
        if (!job.told) works.push_back(core_->work_of(job));
      }
    }
    return works;
  });
}

Result<ControlPlane::Detail> ControlPlane::detail(Id id) {
  struct Names {
    std::string cluster, into, backup, original, project;
  };
  Detail detail;
  const auto names = transact([&]() -> Result<Names> {
    const JobRow job = core_->job(id);
    detail.work = core_->work_of(job);
    detail.choice = text_of(*database_, "SELECT request FROM jobs WHERE id = ?", id);
    if (job.kind == WorkKind::kExport) {  // a name has no blank
      const std::size_t blank = detail.choice.find(' ');
      detail.sent.bucket = detail.choice.substr(0, blank);
      detail.sent.directory = detail.choice.substr(blank + 1);
    }
    if (Status key = check_key_of(*core_, job.cluster); !key.ok()) {
      detail.key_refusal = to_string(key.error());
    }
    detail.in_place =
        database_->number("SELECT in_place FROM jobs WHERE id = ?", id).value_or(0) != 0;
    constexpr const char* kCluster = "SELECT uid FROM clusters WHERE id = ?";
    constexpr const char* kBackup = "SELECT uid FROM backups WHERE id = ?";
    const auto into = database_->number("SELECT into_cluster FROM jobs WHERE id = ?", id);
    return Names{text_of(*database_, kCluster, job.cluster),
                 text_of(*database_, kCluster, into.value_or(job.cluster)),
                 text_of(*database_, kBackup, job.backup),
                 text_of(*database_, kBackup, detail.work.original),
                 core_->project(core_->cluster(job.cluster).project).name};
  });
  if (!names.ok()) return names.error();
  BACKCAST_TRY(detail.cluster, cluster(names->cluster));
  BACKCAST_TRY(detail.into, cluster(names->into));
  BACKCAST_TRY(detail.backup, backup(names->backup));
  if (!names->original.empty()) {
    BACKCAST_TRY(detail.original, backup(names->original));
  }
  BACKCAST_TRY(const std::vector<Project> all, projects());
  for (const Project& project : all) {
    if (project.id == names->project) detail.project = project;
  }
  return detail;
}

Result<std::vector<ControlPlane::Held>> ControlPlane::held() {
  return transact([&]() -> Result<std::vector<Held>> {
    return database_->rows(
        "SELECT vault, id, size FROM backups WHERE state = 1 OR (state = 0 AND kind = 'copy')",
        [](Row& r) {
          Held held;
          held.vault = r.integer();
          held.backup = r.integer();
          held.size_bytes = r.bytes();
          return held;
        });
  });
}

Result<ControlPlane::Bytes> ControlPlane::bytes_of(Id backup) {
  return transact([&]() -> Result<Bytes> {
    static const std::string sql = std::string(kBytes) + "WHERE b.id = ?";
    auto bytes = database_->row(sql.c_str(), read_bytes, backup);
    if (!bytes) return Error{Errc::kNotFound, "there is no such backup", {}, {}};
    bytes->is_shared = database_
                           ->number(
                               "SELECT 1 FROM backups WHERE vault = ? AND state = 1 AND id <> ? "
                               "AND snapshot = ? AND snapshot <> ''",
                               bytes->vault, bytes->backup, bytes->snapshot)
                           .has_value();
    return *bytes;
  });
}

Result<std::string> ControlPlane::project_name(Id project) {
  return transact([&]() -> Result<std::string> { return core_->project(project).name; });
}

}  // namespace backcast::control
