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
#include "engine/policy/dialects/flags.h"

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
      verdicts.drop(i, {Rule::kExpiry, Effect::kTooOld, 0, seconds_between(expires, context.now)});
    } else {
      const bool is_cold = birth.cold && *birth.cold <= context.now;
      verdicts.keep(i, {Rule::kExpiry, Effect::kKeeps, is_cold ? 1 : 0,
                        seconds_between(context.now, expires)});
    }
  }
}

namespace {

using A = AwsPolicy;

constexpr std::int32_t kMinColdDays = 90;  // Lifecycle: "a minimum of 90 days"
constexpr std::int32_t kMaxDays = 100 * 366;

// Options before any --rule belong to one rule without a name.
A::Rule& current(A& p) {
  if (p.rules.empty()) p.rules.emplace_back();
  return p.rules.back();
}

Status set_days(std::optional<std::int32_t>& days, std::string_view value) {
  if (days) return bad_input("is given twice for one rule");
  BACKCAST_TRY(const std::int32_t n, parse_count(value, -1, kMaxDays));
  if (n == 0) return bad_input("must be -1 (never) or at least 1");
  if (n > 0) days = n;
  return kOk;
}

constexpr Flag<A> kFlags[] = {
    {"--rule", "", true, true,
     [](A& p, std::string_view value) -> Status {
       if (value.empty()) return bad_input("the rule needs a name");
       p.rules.push_back({std::string(value), {}, {}});
       return kOk;
     },
     nullptr},
    {"--delete-after-days", "DeleteAfterDays", true, true,
     [](A& p, std::string_view value) { return set_days(current(p).delete_after_days, value); },
     nullptr},
    {"--cold-after-days", "MoveToColdStorageAfterDays", true, true,
     [](A& p, std::string_view value) { return set_days(current(p).cold_after_days, value); },
     nullptr},
};

std::string write_rules(const A& p) {
  std::string text;
  for (const A::Rule& rule : p.rules) {
    if (!rule.name.empty()) text += fmt::format(" --rule {}", quoted_word(rule.name));
    text += fmt::format(" --delete-after-days {}", rule.delete_after_days.value_or(-1));
    if (rule.cold_after_days) text += fmt::format(" --cold-after-days {}", *rule.cold_after_days);
  }
  return text;
}

Status check(A& p) {
  if (p.rules.empty()) {
    return bad_input("aws: no lifecycle", "give --delete-after-days, with -1 for \"for ever\"");
  }
  for (const A::Rule& rule : p.rules) {
    if (!rule.cold_after_days || !rule.delete_after_days) continue;
    if (*rule.delete_after_days < *rule.cold_after_days + kMinColdDays) {
      return bad_input(
          fmt::format("aws: deletion after {} days is less than {} days after the move "
                      "to cold storage after {}",
                      *rule.delete_after_days, kMinColdDays, *rule.cold_after_days),
          fmt::format("delete after at least {} days", *rule.cold_after_days + kMinColdDays));
    }
  }
  return kOk;
}

}  // namespace

const Dialect<AwsPolicy>& aws_dialect() {
  static const Dialect<A> kDialect{"aws", kFlags, {}, {}, {}, {}, check, write_rules};
  return kDialect;
}

std::string words(const AwsPolicy&, const Reason& reason) {
  if (reason.rule == Rule::kPermanent) return "kept indefinitely";
  const std::string span = span_text(reason.detail);
  if (reason.effect != Effect::kKeeps) return fmt::format("expired {} ago", span);
  return fmt::format("{}, expires in {}", reason.ordinal != 0 ? "cold" : "warm", span);
}

}  // namespace backcast::policy
