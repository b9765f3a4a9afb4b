// AWS Backup: the lifecycle of recovery points, given at birth.
//
// A rule moves a recovery point to cold storage after so many days and deletes it after so many,
// both from its creation date; without DeleteAfterDays it is kept for ever. Deletion comes at least
// 90 days after the move to cold storage. Where several rules of a plan make the same recovery
// point, the one with the longest retention wins and the other runs are dropped. Expiry is checked
// hourly or so by the service; here, at the exact moment.
// Source: AWS Backup API reference, Lifecycle; developer guide, overlapping backup rules.
#include <fmt/format.h>

#include "engine/policy/dialects/decide.h"

namespace backcast::policy {
namespace {

std::size_t winner(const AwsPolicy& policy) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < policy.rules.size(); ++i) {
    const auto& days = policy.rules[i].delete_after_days;
    const auto& best_days = policy.rules[best].delete_after_days;
    if (best_days && (!days || *days > *best_days)) best = i;
  }
  return best;
}

}  // namespace

Birth born(const AwsPolicy& policy, const Point& newborn, Points, const PlanContext&) {
  Birth birth;
  birth.reason = {Rule::kPermanent, Effect::kKeeps, 0, 0};
  if (policy.rules.empty()) return birth;
  const std::size_t index = winner(policy);
  const AwsPolicy::Rule& rule = policy.rules[index];
  if (rule.cold_after_days) birth.cold = plus(newborn.time, *rule.cold_after_days * kDay);
  if (rule.delete_after_days) {
    birth.expires = plus(newborn.time, *rule.delete_after_days * kDay);
    birth.reason = {Rule::kExpiry, Effect::kKeeps, static_cast<std::int32_t>(index),
                    *rule.delete_after_days};
  }
  return birth;
}

void decide(const AwsPolicy& policy, Points points, const PlanContext& context,
            Verdicts& verdicts) {
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Birth birth = born(policy, points[i], {}, context);
    const Instant expires =
        points[i].expires != kNoExpiry ? points[i].expires : birth.expires.value_or(kNoExpiry);
    if (expires == kNoExpiry) {
      verdicts.keep(i, {Rule::kPermanent, Effect::kKeeps, 0, 0});
    } else if (expires <= context.now) {
      verdicts.drop(i, {Rule::kExpiry, Effect::kTooOld, 0, (context.now - expires) / kSecond});
    } else {
      const bool is_cold = birth.cold && *birth.cold <= context.now;
      verdicts.keep(
          i, {Rule::kExpiry, Effect::kKeeps, is_cold ? 1 : 0, (expires - context.now) / kSecond});
    }
  }
}

std::string words(const AwsPolicy&, const Reason& reason) {
  if (reason.rule == Rule::kPermanent) return "kept indefinitely";
  const std::string span = format_duration(std::chrono::seconds(reason.detail));
  if (reason.effect != Effect::kKeeps) return fmt::format("expired {} ago", span);
  return fmt::format("{}, expires in {}", reason.ordinal != 0 ? "cold" : "warm", span);
}

}  // namespace backcast::policy
