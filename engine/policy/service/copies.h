// Copies of backups in other regions: where they may go and how long they live.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/policy/retention/history.h"

namespace backcast::policy {

enum class ServicePlan : std::uint8_t { kFree, kServerless, kDedicated, kBusinessCritical };
// "free", "serverless", "dedicated" (also called "standard" or "enterprise"), "business-critical".
std::optional<ServicePlan> parse_service_plan(std::string_view name);
// The same; dedicated where nobody said which.
ServicePlan service_plan(std::string_view name);

struct CopyRules {
  bool anywhere = true;  // the copies are your own affair: nothing below holds
  bool by_plan = false;  // else only the provider must be the same
  ServicePlan lowest_plan = ServicePlan::kDedicated;  // today's vendor asks for Business Critical
  int min_retention_days = 1;
  int max_retention_days = 30;
};

struct CopyRequest {
  std::string_view source_cloud, target_cloud;  // "" = not known, and that is no match
  bool cloud_has_copies = true;                 // of the source: Azure has none
  bool same_region = false;
  ServicePlan plan = ServicePlan::kDedicated;
  Origin made_by = Origin::kAutomatic;  // of the original: kAutomatic or kManual
  std::optional<int> retention_days;    // of a scheduled copy; one by hand has none
};

enum class CopyFault : std::uint8_t {
  kNone,
  kPlan,
  kCloudWithout,
  kOtherProvider,
  kSameRegion,
  kNoRetention,
  kRetentionRange,
  kRetentionOfManual,
};

// The first fault of a target in the order above.
CopyFault check_copy(const CopyRequest& request, const CopyRules& rules);
// With the vendor's code where it has one: 96001 for a target, 96034 for retention.
std::string explain(CopyFault fault);

}  // namespace backcast::policy
