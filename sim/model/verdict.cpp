#include "sim/model/verdict.h"

#include <algorithm>
#include <cmath>

#include "sim/model/scenario.h"

namespace backcast::sim {
namespace {

constexpr std::uint64_t kUsualReplications = 200;
constexpr std::uint64_t kFailuresToExpect = 3;  // where a quantile just holds

}  // namespace

const char* name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHolds:
      return "holds";
    case Verdict::kFails:
      return "fails";
    case Verdict::kUnknown:
      break;
  }
  return "unknown";
}

const char* shown(Verdict verdict) {
  switch (verdict) {
    case Verdict::kHolds:
      return "HOLDS";
    case Verdict::kFails:
      return "FAILS";
    case Verdict::kUnknown:
      break;
  }
  return "UNKNOWN";
}

std::uint64_t parts_of(double share) {
  return static_cast<std::uint64_t>(std::llround(share * static_cast<double>(kWholeShare)));
}

std::uint64_t required_replications(double quantile, std::uint64_t replications) {
  const uint128 parts = uint128{parts_of(quantile)} * replications;
  return static_cast<std::uint64_t>((parts + kWholeShare - 1) / kWholeShare);
}

std::uint64_t least_replications(double quantile) {
  const std::uint64_t may_fail = kWholeShare - parts_of(quantile);
  if (may_fail == 0) return 2;
  return std::max<std::uint64_t>((kFailuresToExpect * kWholeShare + may_fail - 1) / may_fail, 2);
}

std::uint32_t wanted_replications(const Scenario& scenario) {
  if (!is_drawn(scenario)) return 1;
  std::uint64_t wanted = kUsualReplications;
  for (const Requirement& r : scenario.requirements) {
    wanted = std::max(wanted, least_replications(r.quantile.value_or(1)));
  }
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, kMaxReplications));
}

Verdict verdict_of(const Count& count, double quantile) {
  const std::uint64_t required = required_replications(quantile, count.all);
  const bool one_is_enough = required == count.all && parts_of(quantile) == kWholeShare;
  if (one_is_enough && count.failed > 0) return Verdict::kFails;
  if (count.all < least_replications(quantile)) return Verdict::kUnknown;
  if (count.failed > count.all - required) return Verdict::kFails;
  return count.held >= required ? Verdict::kHolds : Verdict::kUnknown;
}

bool is_tolerated(uint128 broken, uint128 judged, double of_time) {
  return broken * kWholeShare <= judged * (kWholeShare - parts_of(of_time));
}

}  // namespace backcast::sim
