// Retention: which restore points stay, which go, and why. A policy is a value; the engine's
// `forget` and the simulator call the same two functions:
//   birth()  the verdict at creation: the expiry a restore point is born with (clouds, TTLs);
//   plan()   the verdict at pruning: looking back over a history (restic, borg, kopia, ...).
// Pure: no clock, no I/O. What each dialect decides, and from which source, heads its file in
// engine/policy/retention/dialects/; docs/policies.md shows them side by side.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/policy/retention/dialects/parameters.h"
#include "engine/policy/retention/history.h"
#include "engine/policy/time/calendar.h"

namespace backcast::policy {

// A policy as its tool writes it: "restic: --keep-daily 7 --keep-weekly 5 --keep-tag prod".
// Dialects: native, zerops, zilliz, qdrant, aws, restic, borg, borg2, kopia, pbs, sanoid,
// duplicacy, veeam. Quotes as in a shell. Errors: kBadInput for an unknown dialect or flag (with
// the nearest name), a missing or wrong value, or flags that contradict each other.
Result<RetentionPolicy> parse_policy(std::string_view text);

// The policy in the same words; parse_policy reads it back to an equal value.
std::string to_text(const RetentionPolicy& policy);

// "restic", "borg2", ...
std::vector<std::string_view> dialect_names();

// ---------------------------------------------------------------------------------------------
// Reasons

// What a rule looked at. Which words it is shown in depends on the dialect.
enum class Rule : std::uint8_t {
  kNone,        // no rule selects it
  kEverything,  // the policy has no rule: all stays
  kLast,        // the newest so many
  kSecondly,
  kMinutely,
  kFrequently,  // sanoid's sub-hourly class
  kHourly,
  kDaily,
  kWeekly,
  kMonthly,
  kThirteenWeekly,
  kThreeMonthly,
  kQuarterly,
  kYearly,
  kWithin,  // everything younger than a window
  kWithinHourly,
  kWithinDaily,
  kWithinWeekly,
  kWithinMonthly,
  kWithinYearly,
  kKeep,     // borg 2's --keep
  kSpacing,  // duplicacy's one every n days
  kTag,      // detail = index of the tag list in the policy
  kProtected,
  kPinned,
  kHeld,
  kIncomplete,
  kNewest,     // the newest is never deleted
  kFuture,     // stamped later than now: neither counted nor deleted
  kPermanent,  // made by hand, or a policy without an end
  kExpiry,     // the expiry it was born with, or age
  kMinimum,    // minimum per type; detail = BackupClass
  kMaximum,    // maximum per type; detail = BackupClass
  kTotalCount,
  kTotalSize,  // detail = the maximum in bytes
  kChain,      // an increment that stays needs it
};

// How the rule stands to the restore point.
enum class Effect : std::uint8_t {
  kKeeps,    // the rule keeps it; ordinal = its rank in the rule, from 1
  kOldest,   // kept although it fills no period: the oldest there is
  kCovered,  // another one stands for the same period
  kUsedUp,   // the rule is full; ordinal = the count that would have kept it
  kTooOld,   // outside the window; detail = seconds too old
  kDrops,    // the rule deletes it
};

// Why one restore point stays or goes; a value of a few bytes, turned into words on demand.
struct Reason {
  Rule rule = Rule::kNone;
  Effect effect = Effect::kDrops;
  std::int32_t ordinal = 0;
  std::int64_t detail = 0;
  bool operator==(const Reason&) const = default;
};

// In the tool's own words: "daily snapshot", "weekly #2", "protected tag v2".
std::string to_text(const RetentionPolicy& policy, const Reason& reason);

// ---------------------------------------------------------------------------------------------
// At pruning

// The policy that holds for one source: kopia's policies of hosts, users and paths, of which the
// nearest that says something wins, become one. Other policies are the same for all.
RetentionPolicy for_source(const RetentionPolicy& policy, const Snapshot& any_of_source);

struct PlanContext {
  Instant now{};
  Zone zone{};  // of the process that decides; UTC by default
};

struct Verdict {
  bool keep = false;
  std::uint32_t first_reason = 0;  // into Plan::reasons
  std::uint32_t reason_count = 0;  // 1 for a deleted one: the rule that came closest to keeping it
};

struct Plan {
  std::vector<Verdict> verdicts;            // in the order of the input
  std::vector<std::uint32_t> newest_first;  // input indices; equal times in input order
  std::vector<Reason> reasons;

  std::span<const Reason> reasons_of(std::size_t index) const {
    const Verdict& v = verdicts[index];
    return {reasons.data() + v.first_reason, v.reason_count};
  }
};

// Decides a whole history, in any order. Groups (restic's host and paths, kopia's source, PBS's
// backup group) are planned apart. O(n log n); 100,000 snapshots take milliseconds.
Plan plan(const RetentionPolicy& policy, std::span<const Snapshot> history,
          const PlanContext& context);

// The same on bare numbers, for simulators of fleets: no strings, no grouping (one call is one
// group), and `out` keeps its memory between calls.
enum Mark : std::uint16_t {
  kMarkProtected = 1 << 0,  // protected in the store, or by a tag the policy protects
  kMarkPinned = 1 << 1,
  kMarkHeld = 1 << 2,  // carries a hold tag of the policy
  kMarkIncomplete = 1 << 3,
  kMarkManual = 1 << 4,
  kMarkCopy = 1 << 5,
  kMarkDaily = 1 << 6,  // time tags given at birth (tags.h)
  kMarkWeekly = 1 << 7,
  kMarkMonthly = 1 << 8,
  kMarkYearly = 1 << 9,
  kMarkHourly = 1 << 10,
  kMarkFrequently = 1 << 11,
  kMarkIncrement = 1 << 12,  // restores only with the one before it (Veeam .vib)
  kMarkReverse = 1 << 13,    // restores only with the one after it (Veeam .vrb)
};
inline constexpr Instant kNoExpiry = Instant::max();

struct Point {
  Instant time{};
  Instant end{};                // when it finished; equal times are ordered by it (kopia)
  Instant expires = kNoExpiry;  // as stored at birth; kNoExpiry = the policy decides
  std::uint64_t size_bytes = 0;
  std::int32_t offset_seconds = 0;
  std::uint32_t tag_lists = 0;  // bit i: matches tag list i of the policy
  std::int32_t tag_index = -1;  // which protected or hold tag of the policy, for the reason
  std::uint16_t marks = 0;
};
void plan(const RetentionPolicy& policy, std::span<const Point> points, const PlanContext& context,
          Plan& out);

// How the policy sees a snapshot.
Point to_point(const RetentionPolicy& policy, const Snapshot& snapshot);

// ---------------------------------------------------------------------------------------------
// At creation

struct Birth {
  std::optional<Instant> expires;  // none: nothing is fixed at birth, or it never expires
  std::optional<Instant> cold;     // when it moves to cold storage (AWS Backup)
  std::uint16_t marks = 0;         // class flags given at birth (Veeam GFS)
  Reason reason;
};

// Whether birth() reads `older`.
bool birth_looks_back(const RetentionPolicy& policy);

// The verdict a newborn gets. `older` are the points before it, oldest first (Veeam's flags go to
// the first full backup of a period); other dialects ignore them.
Birth birth(const RetentionPolicy& policy, const Point& newborn, std::span<const Point> older,
            const PlanContext& context);

// The tags a run of the tool gives what it makes at `when`: `usual` ones, or the time tags of
// Zerops and the classes of sanoid, which depend on the run before. Nothing: no snapshot is due
// (sanoid).
std::optional<std::vector<std::string>> tags_at_birth(const RetentionPolicy& policy,
                                                      std::vector<std::string> usual, Instant when,
                                                      std::optional<Instant> previous,
                                                      const Zone& zone);

}  // namespace backcast::policy
