#include "engine/policy/service/copies.h"

namespace backcast::policy {

std::optional<ServicePlan> parse_service_plan(std::string_view name) {
  if (name == "free") return ServicePlan::kFree;
  if (name == "serverless") return ServicePlan::kServerless;
  if (name == "dedicated" || name == "standard" || name == "enterprise") {
    return ServicePlan::kDedicated;
  }
  if (name == "business-critical") return ServicePlan::kBusinessCritical;
  return std::nullopt;
}

ServicePlan service_plan(std::string_view name) {
  return parse_service_plan(name).value_or(ServicePlan::kDedicated);
}

CopyFault check_copy(const CopyRequest& request, const CopyRules& rules) {
  const bool is_other =
      request.source_cloud.empty() || request.source_cloud != request.target_cloud;
  if (rules.anywhere) return CopyFault::kNone;
  if (!rules.by_plan) return is_other ? CopyFault::kOtherProvider : CopyFault::kNone;
  if (request.plan < rules.lowest_plan) return CopyFault::kPlan;
  if (!request.cloud_has_copies) return CopyFault::kCloudWithout;
  if (is_other) return CopyFault::kOtherProvider;
  if (request.same_region) return CopyFault::kSameRegion;
  if (request.made_by == Origin::kManual) {
    return request.retention_days ? CopyFault::kRetentionOfManual : CopyFault::kNone;
  }
  if (!request.retention_days) return CopyFault::kNoRetention;
  if (*request.retention_days < rules.min_retention_days ||
      *request.retention_days > rules.max_retention_days) {
    return CopyFault::kRetentionRange;
  }
  return CopyFault::kNone;
}

std::string explain(CopyFault fault) {
  switch (fault) {
    case CopyFault::kNone:
      return "copied after the original is complete";
    case CopyFault::kPlan:
      return "the project's plan has no copies in other regions";
    case CopyFault::kCloudWithout:
      return "clusters on this cloud have no copies in other regions";
    case CopyFault::kOtherProvider:
      return "the target is with another cloud provider (96001)";
    case CopyFault::kSameRegion:
      return "the target is the region of the original (96001)";
    case CopyFault::kNoRetention:
      return "a scheduled copy needs retention days of its own (96034)";
    case CopyFault::kRetentionRange:
      return "retention days outside 1..30 (96034)";
    case CopyFault::kRetentionOfManual:
      return "a copy made by hand is permanent and takes no retention days";
  }
  return {};
}

}  // namespace backcast::policy
