// Copies of backups in other regions: where they may go, when they start, how long they live.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/base/instant.h"
#include "engine/policy/history.h"

namespace backcast::policy {

enum class Cloud : std::uint8_t { kAws, kGcp, kAzure, kOther };
enum class ServicePlan : std::uint8_t { kFree, kServerless, kDedicated, kBusinessCritical };

struct CopyRules {
  ServicePlan lowest_plan = ServicePlan::kDedicated;  // today's vendor asks for Business Critical
  int min_retention_days = 1;
  int max_retention_days = 30;
};

struct CopyRequest {
  Cloud source = Cloud::kOther;
  Cloud target = Cloud::kOther;
  bool same_region = false;
  bool target_bound_to_project = true;
  ServicePlan plan = ServicePlan::kDedicated;
  Origin made_by = Origin::kAutomatic;  // of the original: kAutomatic or kManual
  std::optional<int> retention_days;    // of a scheduled copy; one by hand has none
};

enum class CopyFault : std::uint8_t {
  kNone,
  kPlan,
  kAzure,
  kOtherProvider,
  kSameRegion,
  kNotBound,
  kNoRetention,
  kRetentionRange,
  kRetentionOfManual,
};

// Zilliz's rules for a target. The first fault in the order above.
CopyFault check_copy(const CopyRequest& request, const CopyRules& rules = {});
// With the vendor's code where it has one: 96001 for a target, 96034 for retention.
std::string explain(CopyFault fault);

enum class JobOutcome : std::uint8_t { kRunning, kSucceeded, kFailed };

// When the copies of a backup may start: at its end, and only if it succeeded. Each target region
// is a job of its own, and a copy that fails leaves the original and other copies as they are.
std::optional<Instant> copies_start_at(JobOutcome original, Instant original_ended);

// A copy's life is counted from its own creation (Zilliz), or from that of the original (AWS
// Backup).
enum class CopyAge : std::uint8_t { kOwn, kOriginal };
// retention_days: up to 36,500; none for a permanent copy.
std::optional<Instant> copy_expires(CopyAge age, Instant original_born, Instant copy_born,
                                    std::optional<int> retention_days);

}  // namespace backcast::policy
