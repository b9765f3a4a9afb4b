// Which snapshots go, by the policy core's own verdict, and what that frees.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/policy/retention/retention.h"
#include "engine/store/snapshots/snapshot.h"

namespace backcast::store {

// With neither policy nor snapshots the repository's own policy decides (rules.h). What that keeps
// no other policy takes, and what its tags protect cannot be named.
struct ForgetRequest {
  std::optional<policy::RetentionPolicy> policy;  // decides about all snapshots that match
  std::vector<std::string> snapshots;             // or exactly these, by the beginning of their ids
  std::string host;                               // "" = any
  std::vector<std::string> tags;                  // all of them
  policy::Zone zone{};
  // A run deletes at most this many; beyond it nothing is deleted. Unset: half of what there is, or
  // ten if that is more.
  std::optional<std::uint64_t> max_deletions;
};

struct ForgetVerdict {
  Snapshot snapshot;  // of a damaged one the id alone
  bool is_damaged = false;
  std::optional<Instant> judged;  // the time that its policy went by
  bool keep = true;
  std::string reason;
  std::uint64_t frees_bytes = 0;  // chunks and object that nothing but it needs
  // Says another time than the one at which the store received it, which is here (received.h).
  std::optional<Instant> came;
  bool is_spared = false;  // would go if all times were as the writers say
};

struct ForgetPlan {
  std::vector<ForgetVerdict> verdicts;  // newest first, damaged ones last
  Instant now{};                        // what it judges by
  std::optional<policy::Zone> zone;     // where its days begin; none: by name
  std::vector<std::string> warnings;    // what is damaged, and what follows from it
  std::uint64_t deletions = 0;
  // What deleting all that goes frees: exact, from the reference lists. More than the sum over the
  // verdicts where deleted snapshots share chunks with each other alone.
  std::uint64_t frees_bytes = 0;
  std::uint64_t ceiling = 0;
  bool above_ceiling() const { return deletions > ceiling; }
};

// A damaged snapshot is in nobody's way: it can be named, and a policy keeps it.
Result<ForgetPlan> plan_forget(Repository& repository, const ForgetRequest& request);

struct ForgetResult {
  std::uint64_t set_aside =
      0;                      // prune deletes them and frees their space; unforget brings them back
  std::uint64_t deleted = 0;  // at once, by a disk too full even for another name
};
// Does what the plan says. Errors: kFailed above the ceiling; kNoSpace if something was deleted at
// once but the journal has no room even then, so that check will miss it.
Result<ForgetResult> apply_forget(Repository& repository, const ForgetPlan& plan);

}  // namespace backcast::store
