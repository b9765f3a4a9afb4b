#include "sim/model/result.h"

#include <iterator>

namespace backcast::sim {

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
