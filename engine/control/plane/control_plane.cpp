#include "engine/control/plane/control_plane.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/control/catalogue/tokens.h"
#include "engine/control/plane/parts.h"
#include "engine/control/plane/transact.h"

namespace backcast::control {
namespace {

using policy::Due;

void handle(Core& core, Due due, Id entity) {
  switch (due) {
    case Due::kScenarioEnds:
      return end_planned(core, entity);
    case Due::kJobEnds:
      return end_job(core, entity);
    case Due::kLinkEnds:
      return settle(core, static_cast<std::uint32_t>(entity));
    case Due::kCopyEnds:
      return end_copy(core, entity);
    case Due::kRestoreEnds:
      return end_restore(core, entity);
    case Due::kExpires:
      return expire(core, entity);
    case Due::kPurge:
      return purge(core, entity);
    case Due::kKeyGone:
      return destroy_key(core, entity);
    case Due::kScenario:
      return begin_planned(core, entity);
    case Due::kInitial:
      return start_scheduled(core, entity);
    case Due::kFires:
      return fire(core, entity);
    case Due::kRetries:
      return attempt(core, entity);
    case Due::kWaitEnds:
      return give_up_waiting(core, entity);
    case Due::kManual:
      return ask_planned(core, entity);
  }
}

struct Next {
  std::int64_t second = 0;
  Due due{};
  Id entity = 0;
};

std::optional<Next> next_of(Database& database) {
  return database.row("SELECT second, due, entity FROM agenda ORDER BY second, due, entity LIMIT 1",
                      [](Row& r) {
                        Next next;
                        next.second = r.integer();
                        next.due = static_cast<Due>(r.integer());
                        next.entity = r.integer();
                        return next;
                      });
}

}  // namespace

Error error_of(const SQLite::Exception& thrown) {
  constexpr int kFull = 13, kBusy = 5, kNotADatabase = 26, kCorrupt = 11;  // SQLITE_FULL and so on
  const std::string what = fmt::format("the catalogue: {}", thrown.what());
  switch (thrown.getErrorCode()) {
    case kFull:
      return {Errc::kNoSpace, what, {}, "free space on its disk; nothing was changed"};
    case kBusy:
      return {Errc::kLocked, what, {}, "another process has it open: one server for a catalogue"};
    case kNotADatabase:
    case kCorrupt:
      return {Errc::kCorrupt, what, {}, "backcast serve --rebuild begins with its daily copy"};
    default:
      return {Errc::kFailed, what, {}, {}};
  }
}

Status check_name(const char* what, const std::string& name) {
  constexpr std::size_t kMost = 128;
  const bool fits = !name.empty() && name.size() <= kMost && name.front() != '.' &&
                    name.find_first_of(" /\\\"'<>") == std::string::npos;
  const bool printable =
      std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > 0x20 && c != 0x7F; });
  if (fits && printable) return kOk;
  return bad_input(fmt::format("'{}' is no name of a {}", name, what),
                   "1 to 128 characters without blanks, quotes and slashes");
}

ControlPlane::ControlPlane(std::unique_ptr<Database> database, Outside& outside,
                           OpenOptions options)
    : database_(std::move(database)),
      outside_(outside),
      options_(std::move(options)),
      core_(std::make_unique<Core>(*database_, outside)),
      notes_(std::make_unique<OutsideNotes>(*database_)),
      tokens_(std::make_unique<Tokens>(*database_, mutex_)) {
  const auto last = database_->number("SELECT at FROM decisions ORDER BY id DESC LIMIT 1");
  core_->now = last ? Instant(Duration(*last)) : Instant{};
  outside_.opened(*notes_);
}

ControlPlane::~ControlPlane() = default;

Result<std::unique_ptr<ControlPlane>> ControlPlane::open(const std::string& path, Outside& outside,
                                                         OpenOptions options) {
  try {
    auto database =
        std::make_unique<Database>(path, options.durable ? Durability::kFull : Durability::kNone);
    return std::unique_ptr<ControlPlane>(
        new ControlPlane(std::move(database), outside, std::move(options)));
  } catch (const ErrorThrown& thrown) {
    return thrown.error;
  } catch (const SQLite::Exception& thrown) {
    return error_of(thrown);
  }
}

Tokens& ControlPlane::tokens() {
  return *tokens_;
}

Result<std::optional<Instant>> ControlPlane::next_due() {
  const std::lock_guard lock(mutex_);
  try {
    const auto next = next_of(*database_);
    return next ? std::optional(from_unix_seconds(next->second)) : std::nullopt;
  } catch (const SQLite::Exception& thrown) {
    return error_of(thrown);
  }
}

Instant ControlPlane::last_decided() {
  const std::lock_guard lock(mutex_);
  return core_->now;
}

Result<bool> ControlPlane::step(Instant until) {
  return transact([&]() -> Result<bool> {
    const auto next = next_of(*database_);
    if (!next || from_unix_seconds(next->second) > until) return false;
    // A virtual clock stands still between two steps: what is due moves it on.
    core_->now = std::max(core_->now, from_unix_seconds(next->second));
    database_->run("DELETE FROM agenda WHERE second = ? AND due = ? AND entity = ?", next->second,
                   static_cast<int>(next->due), next->entity);
    handle(*core_, next->due, next->entity);
    return true;
  });
}

Result<bool> ControlPlane::ended(Id job_id, const Ended& how) {
  return transact([&]() -> Result<bool> {
    const JobRow job = core_->job(job_id);
    if (job.state != JobState::kRuns) return false;
    database_->run("UPDATE jobs SET told = 1, reason = ?, warns = ? WHERE id = ?",
                   how.ok ? std::string() : how.reason, how.ok ? how.reason : std::string(),
                   job.id);
    if (job.kind == WorkKind::kExport) {
      end_export(*core_, job, how);
      return true;
    }
    if (how.ok && job.kind != WorkKind::kRestore) {
      database_->run(
          "UPDATE backups SET size = ?, added = ?, contents = ?, snapshot = ? "
          "WHERE id = ?",
          how.size_bytes, how.added_bytes, how.contents, how.snapshot, job.backup);
    }
    const Due due = job.kind == WorkKind::kBackup ? Due::kJobEnds
                    : job.kind == WorkKind::kCopy ? Due::kCopyEnds
                                                  : Due::kRestoreEnds;
    core_->push(core_->now, due, job.id);
    return true;
  });
}

Status ControlPlane::progress(Id job, int percent) {
  return transact([&]() -> Status {
    database_->run("UPDATE jobs SET progress = ? WHERE id = ? AND state = 1", percent, job);
    return kOk;
  });
}

Status ControlPlane::plan(Instant at, Duration lasts, PlannedAs as, const std::string& text) {
  return transact([&]() -> Status {
    database_->run("INSERT INTO planned(at, lasts, text) VALUES(?, ?, ?)", at, lasts, text);
    core_->push(at, as == PlannedAs::kIsAsked ? Due::kManual : Due::kScenario,
                database_->last_row());
    return kOk;
  });
}

}  // namespace backcast::control
