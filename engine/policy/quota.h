// A project's backup quota, shared by its services: beyond it a backup is refused, or billed.
#pragma once

#include <cstdint>
#include <string>

namespace backcast::policy {

enum class QuotaMode : std::uint8_t {
  kRefuse,  // what would pass the limit is not stored (Zerops until 3 June 2025)
  kBill,    // stored and charged above the limit, up to the ceiling (Zerops since)
};

struct Quota {
  std::uint64_t limit_bytes = UINT64_MAX;
  QuotaMode mode = QuotaMode::kRefuse;
  std::uint64_t ceiling_bytes = UINT64_MAX;  // kBill: refused beyond this
};

enum class QuotaReason : std::uint8_t { kWithin, kBilled, kOverLimit, kOverCeiling };

struct QuotaVerdict {
  bool stored = true;
  QuotaReason reason = QuotaReason::kWithin;
  std::uint64_t over_bytes = 0;  // above the limit: charged if stored, too much if not
};

// May a backup be stored? `held_bytes` is what the project would hold once retention has run with
// the new backup as the newest: retention makes room first, and what protected ones and minimums
// keep counts. A refused backup leaves everything as it was: old ones are not deleted for it.
QuotaVerdict check_quota(const Quota& quota, std::uint64_t held_bytes);

// "the project would hold 5.40 GB, 400.00 MB over its quota of 5.00 GB: not stored"
std::string explain(const QuotaVerdict& verdict, const Quota& quota);

// Zerops' plans: 5 GiB (Lightweight) and 25 GiB (Serious); at most 1 TiB in a project.
Quota zerops_quota(bool serious_plan, QuotaMode mode);

}  // namespace backcast::policy
