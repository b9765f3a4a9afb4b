// What a service that makes backups decides, in codes: what happens in which order within a second,
// what happened, and why. The simulated world and the control plane both speak in these.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/instant.h"
#include "engine/policy/retention/retention.h"
#include "engine/policy/service/admission.h"
#include "engine/policy/service/lifecycle.h"
#include "engine/policy/service/quota.h"

namespace backcast::policy {

inline constexpr std::uint32_t kNoIndex = UINT32_MAX;  // no index

// What is due within one second happens in this order: what ends first, then what changes the
// world, then what starts; of one kind by what it is about. Behind each: what that is.
enum class Due : std::uint32_t {
  kScenarioEnds,  // scenario event whose time is over
  kJobEnds,       // job
  kLinkEnds,      // link
  kCopyEnds,      // copy that shares no link
  kRestoreEnds,   // restore
  kExpires,       // vault
  kPurge,         // service: grace after deletion is over
  kKeyGone,       // project that is deleted
  kScenario,      // scenario event
  kInitial,       // slot: the backup that a schedule begins with
  kFires,         // slot
  kRetries,       // job
  kWaitEnds,      // job that has waited as long as it may
  kManual,        // a manual backup or a restore that is asked for
};

// What happened.
enum class Code : std::uint8_t {
  kHistoryContinued,
  kBackupStarted,
  kBackupWaits,
  kBackupCompleted,
  kBackupFailed,
  kBackupRefused,
  kCopyStarted,
  kCopyCompleted,
  kCopyFailed,
  kDeleted,
  kExpired,
  kQuotaExceeded,
  kServiceDeleted,
  kProjectDeleted,
  kKeyDestroyed,
  kOutageBegan,
  kOutageEnded,
  kBurst,
  kRestoreStarted,
  kRestoreCompleted,
  kRestoreFailed,
  kStorageLost,
  kWindowMissed,
  kWaitOver,
  kSchedulesOff,
  kStartSkipped,
  kClockJumped,
  kScheduleDeleted,
  kPolicyChanged,
  kPlanChanged,
  kDeletionRefused,
  kKeyRevoked,
  kKeyEnabled
};
// snake_case: "backup_started". Every way of missing a start is a "window_missed".
const char* name(Code code);
// Outages, bursts and lost storage only happen; all else is decided.
bool is_decision(Code code);

// Why a backup stays, went, failed or was refused, and why a restore failed. What needs no number:
// names, times and regions are those of the backup or restore.
enum class Why : std::uint8_t {
  kNothing,  // there is nothing to say
  kServiceDeleted,
  kSuspended,
  kRegionDown,
  kSkipsOverlap,    // the tool starts no job beside another one
  kWaitedTooLong,   // for a limit of jobs to leave room
  kFailingTime,     // a scenario event makes jobs fail
  kByChance,        // drawn
  kServiceEnded,    // while the job ran
  kRegionFailed,    // while the job ran
  kServiceEndedOn,  // while it was copied
  kRegionFailedOn,  // while it was copied
  kStorageLost,
  kHistoryExpiry,   // as the history that names it says
  kNoRestorePoint,  // of a restore, as the next two
  kRole,
  kVersion,
  kStoreDown,      // of backups again
  kStoreFailed,    // while the job ran
  kStoreFailedOn,  // while it was copied
  kAsked,          // somebody wants it gone
  kNoBackup,       // of a deletion: none is as it is described
  kRestoring,      // the cluster is being set back to what a backup holds
  // Of a restore, the second of backups and copies, too:
  kKeyElsewhere,      // the key is of another region
  kRevokedKey,        // nothing under the key can be made or read
  kProjectGone,       // where it was to go
  kProjectElsewhere,  // that project is not bound to the region
  kNameTaken,         // of a collection: nothing was restored
  kSealedDatabase     // of a cluster under a key: no collection goes from one into another
};
const char* name(Why why);  // "region_down"

// Where a policy is stated; nowhere by default.
struct PolicyPlace {
  enum class In : std::uint8_t { kNowhere, kService, kSchedule, kEvent } in{};
  // Of the service's schedule, of the scenario's event, or of the policy: 0 is the first one that
  // the service has, then each that a change puts in its place.
  std::uint32_t index = 0;
  std::uint32_t copy = kNoIndex;  // of its copies; kNoIndex: of what it makes itself
  bool operator==(const PolicyPlace&) const = default;
};

// What a rule of a policy said.
struct Ruled {
  PolicyPlace policy;
  Reason reason;
  bool at_once = false;  // of a backup that is not stored because it would go at once
  bool operator==(const Ruled&) const = default;
};

// What became of it when its service or project was deleted.
struct Orphaned {
  Fate fate;
  OwnerKind owner{};
};

using Because = std::variant<Why, Ruled, Admission, QuotaVerdict, Orphaned>;

// As a code that two programs can compare: "", "region_down", "admission:automatic_runs",
// "rule:24:5:0:604800@schedule", "quota:over_limit:400", "fate:grace_ends:service".
std::string code_of(const Because& because);

// One decision as it is written down and compared.
struct Decision {
  Instant at{};
  Code code{};
  std::string subject;      // "vectors/auto-000012", "vectors", "project shop"
  std::string reason;       // as code_of
  std::int64_t number = 0;  // the attempt that comes next, seconds of a clock's jump
  // Of what is completed; of a restore that starts where it goes, as policy::words_of has it.
  std::vector<std::string> tags;
  std::optional<Instant> expires;  // of what is completed
};
// One line of such a file, without its end: the fields above, separated by tabs.
std::string to_line(const Decision& decision);

}  // namespace backcast::policy
