#include "engine/policy/copies.h"

#include "engine/base/assert.h"

namespace backcast::policy {
namespace {

constexpr int kMaxRetentionDays = 36'500;

}  // namespace

CopyFault check_copy(const CopyRequest& request, const CopyRules& rules) {
  if (request.plan < rules.lowest_plan) return CopyFault::kPlan;
  if (request.source == Cloud::kAzure) return CopyFault::kAzure;
  if (request.source != request.target) return CopyFault::kOtherProvider;
  if (request.same_region) return CopyFault::kSameRegion;
  if (!request.target_bound_to_project) return CopyFault::kNotBound;
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
      return "the plan has no copies in other regions";
    case CopyFault::kAzure:
      return "Azure has no copies in other regions";
    case CopyFault::kOtherProvider:
      return "the target is with another cloud provider (96001)";
    case CopyFault::kSameRegion:
      return "the target is the region of the original (96001)";
    case CopyFault::kNotBound:
      return "the target is not bound to the cluster's project (96001)";
    case CopyFault::kNoRetention:
      return "a scheduled copy needs retention days of its own (96034)";
    case CopyFault::kRetentionRange:
      return "retention days outside 1..30 (96034)";
    case CopyFault::kRetentionOfManual:
      return "a copy made by hand is permanent and takes no retention days";
  }
  return {};
}

std::optional<Instant> copies_start_at(JobOutcome original, Instant original_ended) {
  if (original != JobOutcome::kSucceeded) return std::nullopt;
  return original_ended;
}

std::optional<Instant> copy_expires(CopyAge age, Instant original_born, Instant copy_born,
                                    std::optional<int> retention_days) {
  if (!retention_days) return std::nullopt;
  BACKCAST_ASSERT(*retention_days >= 0 && *retention_days <= kMaxRetentionDays);
  return (age == CopyAge::kOwn ? copy_born : original_born) + *retention_days * kDay;
}

}  // namespace backcast::policy
