#include "sim/model/result.h"

namespace backcast::sim {

const char* name(LogKind kind) {
  switch (kind) {
    case LogKind::kHistoryContinued:
      return "history_continued";
    case LogKind::kBackupStarted:
      return "backup_started";
    case LogKind::kBackupWaits:
      return "backup_waits";
    case LogKind::kBackupCompleted:
      return "backup_completed";
    case LogKind::kBackupFailed:
      return "backup_failed";
    case LogKind::kBackupRefused:
      return "backup_refused";
    case LogKind::kCopyStarted:
      return "copy_started";
    case LogKind::kCopyCompleted:
      return "copy_completed";
    case LogKind::kCopyFailed:
      return "copy_failed";
    case LogKind::kDeleted:
      return "deleted";
    case LogKind::kExpired:
      return "expired";
    case LogKind::kQuotaExceeded:
      return "quota_exceeded";
    case LogKind::kServiceDeleted:
      return "service_deleted";
    case LogKind::kProjectDeleted:
      return "project_deleted";
    case LogKind::kKeyDestroyed:
      return "key_destroyed";
    case LogKind::kOutageBegan:
      return "outage_began";
    case LogKind::kOutageEnded:
      return "outage_ended";
    case LogKind::kBurst:
      return "burst";
    case LogKind::kRestoreStarted:
      return "restore_started";
    case LogKind::kRestoreCompleted:
      return "restore_completed";
    case LogKind::kRestoreFailed:
      return "restore_failed";
    case LogKind::kStorageLost:
      return "storage_lost";
    case LogKind::kWindowMissed:
      return "window_missed";
    case LogKind::kClockJumped:
      return "clock_jumped";
    case LogKind::kRequirementFailed:
      return "requirement_failed";
    case LogKind::kRequirementHolds:
      return "requirement_holds";
  }
  return "unknown";
}

const char* name(BackupState state) {
  switch (state) {
    case BackupState::kRunning:
      return "running";
    case BackupState::kAvailable:
      return "available";
    case BackupState::kDeleted:
      return "deleted";
    case BackupState::kFailed:
      return "failed";
    case BackupState::kRefused:
      return "refused";
  }
  return "unknown";
}

const char* name(SeriesKind kind) {
  switch (kind) {
    case SeriesKind::kStoredBytes:
      return "stored_bytes";
    case SeriesKind::kQuotaBytes:
      return "quota_bytes";
  }
  return "unknown";
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
