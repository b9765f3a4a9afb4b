// What becomes of backups when what they belong to goes: a service or cluster, its project, a
// schedule; and what switching automatic backups on and off does.
#pragma once

#include <optional>
#include <string>

#include "engine/base/instant.h"
#include "engine/policy/retention/history.h"

namespace backcast::policy {

enum class OwnerKind : std::uint8_t { kService, kProject, kSchedule };

struct DeletionRules {
  bool automatic_goes = false;  // automatic backups and the copies of schedules
  bool manual_goes = false;     // backups by hand and their copies
  Duration grace{0};            // what goes stays so long
  bool destroys_key = false;    // with a project, at the end of the grace
};

// Zilliz: automatic backups and scheduled copies go with the cluster at once; what was made by hand
// stays. Qdrant: everything stays unless the caller asks for deletion. Zerops: everything goes
// after the grace, and with a project its key.
DeletionRules zilliz_deletion();
DeletionRules qdrant_deletion(bool delete_backups);
DeletionRules zerops_deletion(Duration grace = 7 * kDay);

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

// When the project's private key is destroyed; after that no copy of a backup can be opened.
std::optional<Instant> key_destroyed_at(const DeletionRules& rules, Instant project_deleted_at);

// ---------------------------------------------------------------------------------------------

// What setting a policy does besides changing it. Existing backups always keep their own expiry.
struct SwitchEffect {
  bool starts_backup_now = false;  // an initial automatic backup
  bool schedules_run = false;
};
// Zilliz: switching on, also again, makes one backup at once; changing a policy that is on does
// not; switching off stops new runs only.
SwitchEffect zilliz_policy_set(bool was_enabled, bool enabled);

}  // namespace backcast::policy
