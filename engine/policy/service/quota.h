// A project's backup quota, shared by its services: what becomes of a backup beyond it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/error.h"
#include "engine/policy/retention/retention.h"

namespace backcast::policy {

// Three readings of what Zerops publishes.
enum class QuotaMode : std::uint8_t {
  // The guide of 29 May 2025: "Backups with protected tags and the minimum required time-based
  // backups will always be kept, even if they exceed the limits". They are made and stored beyond
  // the quota as well; all others go.
  kKeep,
  kHard,  // the public API: a backup that would pass the limit is not stored, the old ones stay
  kBill,  // the price list since 3 June 2025: stored and charged above the limit, to the ceiling
};

std::string_view name(QuotaMode mode);  // "keep", "hard", "bill"

struct Quota {
  std::uint64_t limit_bytes = UINT64_MAX;
  QuotaMode mode = QuotaMode::kHard;
  std::uint64_t ceiling_bytes = UINT64_MAX;  // kBill: refused beyond this
};

enum class QuotaReason : std::uint8_t { kWithin, kKept, kBilled, kOverLimit, kOverCeiling };

struct QuotaVerdict {
  bool stored = true;
  QuotaReason reason = QuotaReason::kWithin;
  std::uint64_t over_bytes = 0;  // above the limit: charged if stored, too much if not
  Quota quota = {};              // that was asked
};

// May a backup be stored? `held_bytes` is what the project would hold once retention has run with
// the new backup as the newest: retention makes room first, and what protected ones and minimums
// keep counts. A refused backup leaves everything as it was: old ones are not deleted for it.
QuotaVerdict check_quota(const Quota& quota, std::uint64_t held_bytes);

// "the project would hold 5.40 GB, 400.00 MB over its quota of 5.00 GB: not stored"
std::string explain(const QuotaVerdict& verdict);

// kKeep: the policy of one service with what the quota leaves it, while the project's others hold
// so much, as its size limit: what protected tags and minimums ask for stays, all others go. None
// where the policy stands as it is: other modes, and policies that know no size limit.
std::optional<RetentionPolicy> within_quota(const RetentionPolicy& policy, const Quota& quota,
                                            std::uint64_t held_by_others_bytes);

// A vendor's policy that leaves its size limit to the vendor has the project's quota as its limit:
// it is written as before, and takes another quota in the same way.
void take_quota_as_limit(RetentionPolicy& policy, std::uint64_t quota_bytes);

// kKeep goes by minimums and protected tags. Errors: the policy has none.
Status check_quota_policy(QuotaMode mode, const std::optional<RetentionPolicy>& policy,
                          std::string_view project);

}  // namespace backcast::policy
