#include "sim/model/result.h"

#include <iterator>

namespace backcast::sim {

const char* name(LogKind kind) {
  constexpr const char* kNames[] = {
      "history_continued", "backup_started",  "backup_waits",    "backup_completed",
      "backup_failed",     "backup_refused",  "copy_started",    "copy_completed",
      "copy_failed",       "deleted",         "expired",         "quota_exceeded",
      "service_deleted",   "project_deleted", "key_destroyed",   "outage_began",
      "outage_ended",      "burst",           "restore_started", "restore_completed",
      "restore_failed",    "storage_lost",    "window_missed",   "window_missed",
      "window_missed",     "window_missed",   "clock_jumped"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(LogKind::kClockJumped) + 1);
  return kNames[static_cast<std::size_t>(kind)];
}

bool is_of_restore(LogKind kind) {
  return kind == LogKind::kRestoreStarted || kind == LogKind::kRestoreCompleted ||
         kind == LogKind::kRestoreFailed;
}

const char* name(BackupState state) {
  constexpr const char* kNames[] = {"running", "available", "deleted", "failed", "refused"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(BackupState::kRefused) + 1);
  return kNames[static_cast<std::size_t>(state)];
}

const char* name(SeriesKind kind) {
  return kind == SeriesKind::kStoredBytes ? "stored_bytes" : "quota_bytes";
}

void BackupCounts::add(const BackupRecord& backup, std::uint64_t times) {
  if (backup.available != kNever) {
    (backup.original != kNone ? copies : backup.of_history ? from_history : made) += times;
  }
  switch (backup.state) {
    case BackupState::kRunning:
      running += times;
      break;
    case BackupState::kAvailable:
      available += times;
      break;
    case BackupState::kDeleted:
      deleted += times;
      break;
    case BackupState::kFailed:
      failed += times;
      break;
    case BackupState::kRefused:
      refused += times;
      break;
  }
}

void BackupCounts::add(const BackupCounts& other) {
  made += other.made;
  copies += other.copies;
  from_history += other.from_history;
  available += other.available;
  deleted += other.deleted;
  failed += other.failed;
  refused += other.refused;
  running += other.running;
}

Verdict verdict_of(const RunResult& result) {
  if (result.requirements.empty()) return Verdict::kUnknown;
  Verdict verdict = Verdict::kHolds;
  for (const RequirementOutcome& outcome : result.requirements) {
    verdict = worse(verdict, outcome.verdict);
  }
  return verdict;
}

bool all_hold(const RunResult& result) {
  return result.requirements.empty() || verdict_of(result) == Verdict::kHolds;
}

}  // namespace backcast::sim
