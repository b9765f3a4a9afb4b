// What becomes of backups when what they belong to goes: a service or cluster, its project.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/base/instant.h"
#include "engine/policy/retention/history.h"

namespace backcast::policy {

enum class OwnerKind : std::uint8_t { kService, kProject };

struct DeletionRules {
  bool as_asked = false;        // everything goes or stays, as whoever deletes says
  bool automatic_goes = false;  // automatic backups and the copies of schedules
  bool manual_goes = false;     // backups by hand and their copies
  Duration grace{0};            // what goes stays so long
  bool destroys_key = false;    // with a project, at the end of the grace
};

// The rules of one deletion: what was asked for, and the grace of its project where there is one.
DeletionRules when_asked(DeletionRules rules, bool delete_backups, Duration grace);

enum class FateReason : std::uint8_t {
  kStays,          // the vendor keeps it
  kGoesWithOwner,  // deleted at once
  kGraceEnds,      // deleted at the end of the grace
  kExpiresBefore,  // its own expiry comes first
};

struct Fate {
  std::optional<Instant> gone_at;  // at this instant it can no longer be read; none: it stays
  FateReason reason = FateReason::kStays;
};

// The fate of one backup when its owner is deleted at `deleted_at`. `made_by` is how it was asked
// for: a copy goes by its original. `expires` is the expiry it has already.
Fate after_deletion(const DeletionRules& rules, Origin made_by, Instant deleted_at,
                    std::optional<Instant> expires = std::nullopt);
// "kept: the service is deleted, backups made by hand stay"
std::string explain(const Fate& fate, OwnerKind owner, Origin made_by);

// Whether a backup is one that a deletion by hand describes: born at or before a moment, with all
// of these tags. The newest of them is meant.
bool is_described(Instant born, const std::vector<std::string>& tags, Instant as_of,
                  const std::vector<std::string>& wanted);

// When the project's private key is destroyed; after that no copy of a backup can be opened.
std::optional<Instant> key_destroyed_at(const DeletionRules& rules, Instant project_deleted_at);

}  // namespace backcast::policy
