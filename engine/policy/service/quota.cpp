#include "engine/policy/service/quota.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/text.h"

namespace backcast::policy {
std::string_view name(QuotaMode mode) {
  switch (mode) {
    case QuotaMode::kKeep:
      return "keep";
    case QuotaMode::kHard:
      return "hard";
    case QuotaMode::kBill:
      break;
  }
  return "bill";
}

QuotaVerdict check_quota(const Quota& quota, std::uint64_t held_bytes) {
  if (held_bytes <= quota.limit_bytes) return {true, QuotaReason::kWithin, 0, quota};
  const std::uint64_t over_bytes = held_bytes - quota.limit_bytes;
  if (quota.mode == QuotaMode::kKeep) return {true, QuotaReason::kKept, over_bytes, quota};
  if (quota.mode == QuotaMode::kHard) return {false, QuotaReason::kOverLimit, over_bytes, quota};
  if (held_bytes > quota.ceiling_bytes) {
    return {false, QuotaReason::kOverCeiling, over_bytes, quota};
  }
  return {true, QuotaReason::kBilled, over_bytes, quota};
}

std::string explain(const QuotaVerdict& verdict) {
  const Quota& quota = verdict.quota;
  if (verdict.reason == QuotaReason::kWithin) return "within the quota";
  const std::string held =
      fmt::format("the project would hold {}, {} over its quota of {}",
                  format_bytes(quota.limit_bytes + verdict.over_bytes),
                  format_bytes(verdict.over_bytes), format_bytes(quota.limit_bytes));
  switch (verdict.reason) {
    case QuotaReason::kKept:
      return held + ": stored, protected and minimum backups are kept beyond it";
    case QuotaReason::kBilled:
      return held + ": stored, and the part above is billed";
    case QuotaReason::kOverCeiling:
      return held + fmt::format(" and more than the {} a project can have: not stored",
                                format_bytes(quota.ceiling_bytes));
    default:
      return held + ": not stored (quota_mode \"hard\")";
  }
}

std::optional<RetentionPolicy> within_quota(const RetentionPolicy& policy, const Quota& quota,
                                            std::uint64_t held_by_others_bytes) {
  const auto* native = std::get_if<NativePolicy>(&policy);
  if (quota.mode != QuotaMode::kKeep || native == nullptr) return std::nullopt;
  // At least 1 byte: a size limit of 0 would be none.
  const std::uint64_t left_bytes =
      quota.limit_bytes > held_by_others_bytes ? quota.limit_bytes - held_by_others_bytes : 1;
  NativePolicy within = *native;
  if (within.max_size_bytes == 0 || within.max_size_bytes > left_bytes) {
    within.max_size_bytes = left_bytes;
    within.is_default_size = false;
  }
  return within;
}

void take_quota_as_limit(RetentionPolicy& policy, std::uint64_t quota_bytes) {
  auto* native = std::get_if<NativePolicy>(&policy);
  if (native != nullptr && native->is_default_size) native->max_size_bytes = quota_bytes;
}

Status check_quota_policy(QuotaMode mode, const std::optional<RetentionPolicy>& policy,
                          std::string_view project) {
  if (mode != QuotaMode::kKeep) return kOk;
  if (policy && std::holds_alternative<NativePolicy>(*policy)) return kOk;
  return bad_input(fmt::format("the quota of project {} keeps minimum and protected backups, and "
                               "this policy has none",
                               printable(project)),
                   "give a \"zerops: …\" policy, or \"quota_mode\": \"hard\" in the project");
}

}  // namespace backcast::policy
