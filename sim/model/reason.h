// Why a backup stays, went, failed or was refused, and why a restore failed: codes, and verdicts as
// the rule book gave them. sim/words says them in words.
#pragma once

#include <cstdint>
#include <variant>

#include "engine/policy/retention/retention.h"
#include "engine/policy/service/admission.h"
#include "engine/policy/service/lifecycle.h"
#include "engine/policy/service/quota.h"

namespace backcast::sim {

inline constexpr std::uint32_t kNone = UINT32_MAX;  // no index

// What needs no number: names, times and regions are those of the backup or restore.
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
  kVersion
};

// Where a scenario states a policy; nowhere by default.
struct PolicyPlace {
  enum class In : std::uint8_t { kNowhere, kService, kSchedule, kEvent } in{};
  std::uint32_t index = 0;     // of the service's schedule, or of the scenario's event
  std::uint32_t copy = kNone;  // of its copies; kNone: of what it makes itself
  bool operator==(const PolicyPlace&) const = default;
};

// What a rule of a policy said.
struct Ruled {
  PolicyPlace policy;
  policy::Reason reason;
  bool at_once = false;  // of a backup that is not stored because it would go at once
  bool operator==(const Ruled&) const = default;
};

// What became of it when its service or project was deleted.
struct Orphaned {
  policy::Fate fate;
  policy::OwnerKind owner{};
};

using Reason = std::variant<Why, Ruled, policy::Admission, policy::QuotaVerdict, Orphaned>;

}  // namespace backcast::sim
