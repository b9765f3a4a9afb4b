// AWS Backup: the lifecycle of recovery points, given at birth.
//
// A rule moves a recovery point to cold storage after so many days and deletes it after so many,
// both from its creation date; without DeleteAfterDays it is kept for ever. Deletion comes at least
// 90 days after the move to cold storage. Where several rules of a plan make the same recovery
// point, the one with the longest retention wins and the other runs are dropped. Expiry is checked
// hourly or so by the service; here, at the exact moment.
// --continuous: a continuous backup, restorable to any second, lives 1 to 35 days and never moves
// to cold storage. --copy-*: the lifecycle of the rule's copies; its days count from the creation
// date of the source, which a copy keeps, and a copy that is never deleted of itself expires with
// its source. Source: AWS Backup API reference, Lifecycle and BackupRule; developer guide,
// overlapping backup rules, point-in-time recovery, copy lifecycle.
#include <fmt/format.h>

#include "engine/policy/retention/dialects/decide.h"
#include "engine/policy/retention/dialects/flags.h"

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
  const bool is_copy = (newborn.marks & kMarkCopy) != 0;
  const auto cold_days = is_copy ? rule.copy_cold_after_days : rule.cold_after_days;
  auto delete_days = rule.delete_after_days;
  if (is_copy && rule.copy_delete_after_days) delete_days = rule.copy_delete_after_days;
  if (cold_days) birth.cold = plus(newborn.time, times(kDay, *cold_days));
  if (delete_days) {
    birth.expires = plus(newborn.time, times(kDay, *delete_days));
    birth.reason = {Rule::kExpiry, Effect::kKeeps, static_cast<std::int32_t>(index), *delete_days};
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
      const bool is_continuous = policy.rules[winner(policy)].continuous;
      verdicts.keep(i, {Rule::kExpiry, Effect::kKeeps,
                        is_cold         ? 1
                        : is_continuous ? 2
                                        : 0,
                        seconds_between(context.now, expires)});
    }
  }
}

namespace {

using A = AwsPolicy;

constexpr std::int32_t kMinColdDays = 90;  // Lifecycle: "a minimum of 90 days"
constexpr std::int32_t kMaxDays = 100 * 366;
constexpr std::int32_t kMaxContinuousDays = 35;  // point-in-time recovery

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
       p.rules.push_back({.name = std::string(value)});
       return kOk;
     },
     nullptr},
    {"--delete-after-days", "DeleteAfterDays", true, true,
     [](A& p, std::string_view value) { return set_days(current(p).delete_after_days, value); },
     nullptr},
    {"--cold-after-days", "MoveToColdStorageAfterDays", true, true,
     [](A& p, std::string_view value) { return set_days(current(p).cold_after_days, value); },
     nullptr},
    {"--copy-delete-after-days", "", true, true,
     [](A& p, std::string_view value) {
       return set_days(current(p).copy_delete_after_days, value);
     },
     nullptr},
    {"--copy-cold-after-days", "", true, true,
     [](A& p, std::string_view value) { return set_days(current(p).copy_cold_after_days, value); },
     nullptr},
    {"--continuous", "EnableContinuousBackup", false, true,
     [](A& p, std::string_view) -> Status {
       current(p).continuous = true;
       return kOk;
     },
     nullptr},
};

std::string write_rules(const A& p) {
  std::string text;
  for (const A::Rule& rule : p.rules) {
    if (!rule.name.empty()) text += fmt::format(" --rule {}", quoted_word(rule.name));
    text += fmt::format(" --delete-after-days {}", rule.delete_after_days.value_or(-1));
    const auto days = [&](const char* flag, const std::optional<std::int32_t>& n) {
      if (n) text += fmt::format(" {} {}", flag, *n);
    };
    days("--cold-after-days", rule.cold_after_days);
    if (rule.continuous) text += " --continuous";
    days("--copy-delete-after-days", rule.copy_delete_after_days);
    days("--copy-cold-after-days", rule.copy_cold_after_days);
  }
  return text;
}

Status check_cold(const std::optional<std::int32_t>& cold_days,
                  const std::optional<std::int32_t>& delete_days) {
  if (!cold_days || !delete_days || *delete_days >= *cold_days + kMinColdDays) return kOk;
  return bad_input(fmt::format("aws: deletion after {} days is less than {} days after the move "
                               "to cold storage after {}",
                               *delete_days, kMinColdDays, *cold_days),
                   fmt::format("delete after at least {} days", *cold_days + kMinColdDays));
}

Status check(A& p) {
  if (p.rules.empty()) {
    return bad_input("aws: no lifecycle", "give --delete-after-days, with -1 for \"for ever\"");
  }
  for (const A::Rule& rule : p.rules) {
    BACKCAST_CHECK(check_cold(rule.cold_after_days, rule.delete_after_days));
    const auto& copied = rule.copy_delete_after_days;
    BACKCAST_CHECK(check_cold(rule.copy_cold_after_days, copied ? copied : rule.delete_after_days));
    if (!rule.continuous) continue;
    if (!rule.delete_after_days || *rule.delete_after_days > kMaxContinuousDays) {
      return bad_input("aws: a continuous backup lives 1 to 35 days",
                       "give --delete-after-days 35, and another rule for longer retention");
    }
    if (rule.cold_after_days) {
      return bad_input("aws: a continuous backup cannot move to cold storage",
                       "give another rule for cold storage");
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
  constexpr const char* kPlaces[] = {"warm", "cold", "continuous"};
  return fmt::format("{}, expires in {}", kPlaces[reason.ordinal], span);
}

}  // namespace backcast::policy
