#include "engine/policy/quota.h"

#include <fmt/format.h>

#include "engine/base/bytes.h"

namespace backcast::policy {
namespace {

constexpr std::uint64_t kGib = 1ULL << 30;
constexpr std::uint64_t kZeropsCeilingBytes = 1024 * kGib;  // technical limit of a project

}  // namespace

QuotaVerdict check_quota(const Quota& quota, std::uint64_t held_bytes) {
  if (held_bytes <= quota.limit_bytes) return {};
  const std::uint64_t over_bytes = held_bytes - quota.limit_bytes;
  if (quota.mode == QuotaMode::kRefuse) return {false, QuotaReason::kOverLimit, over_bytes};
  if (held_bytes > quota.ceiling_bytes) return {false, QuotaReason::kOverCeiling, over_bytes};
  return {true, QuotaReason::kBilled, over_bytes};
}

std::string explain(const QuotaVerdict& verdict, const Quota& quota) {
  if (verdict.reason == QuotaReason::kWithin) return "within the quota";
  const std::string held =
      fmt::format("the project would hold {}, {} over its quota of {}",
                  format_bytes(quota.limit_bytes + verdict.over_bytes),
                  format_bytes(verdict.over_bytes), format_bytes(quota.limit_bytes));
  switch (verdict.reason) {
    case QuotaReason::kBilled:
      return held + ": stored, and the part above is billed";
    case QuotaReason::kOverCeiling:
      return held + fmt::format(" and more than the {} a project can have: not stored",
                                format_bytes(quota.ceiling_bytes));
    default:
      return held + ": not stored";
  }
}

Quota zerops_quota(bool serious_plan, QuotaMode mode) {
  return {(serious_plan ? 25 : 5) * kGib, mode, kZeropsCeilingBytes};
}

}  // namespace backcast::policy
