#include "sim/words/decisions.h"

namespace backcast::sim {
namespace {

std::string subject_of(const Scenario& scenario, const RunResult& run, const LogEvent& event) {
  const bool of_project =
      event.kind == LogKind::kProjectDeleted || event.kind == LogKind::kKeyDestroyed;
  if (of_project) return scenario.projects[event.about].name;
  if (event.kind == LogKind::kPlanChanged) {
    return scenario.projects[*scenario.events[event.about].project].name;
  }
  if (event.kind == LogKind::kKeyRevoked || event.kind == LogKind::kKeyEnabled) {
    return full_name(scenario, scenario.keys[*scenario.events[event.about].key]);
  }
  if (event.kind == LogKind::kScheduleDeleted) {
    const Service& service = scenario.services[event.service];
    return service.name + "/" + service.schedules[event.about].name;
  }
  if (event.backup != kNone) return run.backups[event.backup].id;
  return event.service == kNone ? std::string() : run.services[event.service].name;
}

// A log entry says why itself where that changes later; else the backup does.
std::string reason_of(const RunResult& run, const LogEvent& event) {
  switch (event.kind) {
    case LogKind::kBackupFailed:
    case LogKind::kDeletionRefused:
      return policy::code_of(event.reason);
    case LogKind::kRestoreFailed:
      return policy::code_of(run.restores[event.about].why_not);
    case LogKind::kBackupRefused:
    case LogKind::kCopyFailed:
    case LogKind::kDeleted:
    case LogKind::kExpired:
    case LogKind::kQuotaExceeded:
    case LogKind::kWindowMissed:
    case LogKind::kWaitOver:
      return event.backup == kNone ? std::string()
                                   : policy::code_of(run.backups[event.backup].reason);
    default:
      return {};
  }
}

std::int64_t number_of(const LogEvent& event) {
  constexpr std::int64_t kNanoseconds = 1'000'000'000;
  switch (event.kind) {
    case LogKind::kBackupFailed:
      return event.number;
    case LogKind::kClockJumped:
      return event.number / kNanoseconds;
    case LogKind::kStartSkipped:
      return unix_seconds(Instant(Duration(event.number)));
    default:
      return 0;
  }
}

}  // namespace

std::vector<policy::Decision> decisions_of(const Scenario& scenario, const RunResult& run) {
  std::vector<policy::Decision> decisions;
  for (const LogEvent& event : run.log) {
    if (!policy::is_decision(event.kind)) continue;
    policy::Decision& decision = decisions.emplace_back();
    decision.at = event.at;
    decision.code = event.kind;
    decision.subject = subject_of(scenario, run, event);
    decision.reason = reason_of(run, event);
    decision.number = number_of(event);
    if (event.kind == LogKind::kRestoreStarted) {
      const RestoreRecord& restore = run.restores[event.about];
      decision.tags =
          policy::words_of(target_of(scenario, scenario.events[restore.event], restore.service));
    }
    const bool completed =
        event.kind == LogKind::kBackupCompleted || event.kind == LogKind::kCopyCompleted;
    if (!completed) continue;
    const BackupRecord& backup = run.backups[event.backup];
    decision.tags = backup.tags;
    if (backup.expires != kNever) decision.expires = backup.expires;
  }
  return decisions;
}

}  // namespace backcast::sim
