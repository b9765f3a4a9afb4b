#include "engine/policy/service/service_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace backcast::policy {
namespace {

bool is_name_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
         c == '_';
}

}  // namespace

std::optional<std::vector<std::string>> tags_at_birth(const ServiceRules& rules,
                                                      const std::optional<RetentionPolicy>& policy,
                                                      std::vector<std::string> usual, Instant when,
                                                      std::optional<Instant> previous,
                                                      const Zone& zone) {
  if (rules.tags.by_time) return names(time_tags(when, previous));
  if (!policy) return usual;
  return tags_at_birth(*policy, std::move(usual), when, previous, zone);
}

Result<RetentionPolicy> retention_of_days(const ServiceRules& rules, std::int64_t days) {
  const RetentionRules& retention = rules.retention;
  if (retention.days_words.empty()) {
    return bad_input(fmt::format("{} has no retention in days", rules.vendor),
                     "give \"retention\" with its minimums and maximums instead");
  }
  if (retention.max_days > 0 && (days < 1 || days > retention.max_days)) {
    return bad_input(fmt::format("{} days is outside 1 to {}", days, retention.max_days),
                     "give a number of days such as 7, or \"forever\"");
  }
  return parse_policy(fmt::format("{}{}{}", retention.days_words, days, retention.days_unit));
}

Status check_forever(const ServiceRules& rules) {
  if (rules.retention.scheduled_forever) return kOk;
  return bad_input(fmt::format("{} keeps scheduled backups for 1 to 30 days", rules.vendor),
                   "give a number from 1 to 30; manual backups are permanent");
}

Status check_manual_retention(const ServiceRules& rules) {
  if (!rules.retention.manual_permanent) return kOk;
  return bad_input(fmt::format("{} keeps backups made by hand for ever", rules.vendor),
                   "leave the field out");
}

Status check_grace(const ServiceRules& rules) {
  if (rules.deletion.grace > Duration{0}) return kOk;
  return bad_input("only Zerops keeps deleted services' backups", "leave the field out");
}

Status check_kind(const ServiceRules& rules, std::string_view kind) {
  const bool is_known =
      rules.kinds.empty() || kind.empty() ||
      std::find(rules.kinds.begin(), rules.kinds.end(), kind) != rules.kinds.end();
  if (is_known) return kOk;
  return bad_input(fmt::format("{} backs up no service of kind {}", rules.vendor, printable(kind)));
}

Status check_plan(const ServiceRules& rules, ServicePlan plan) {
  const char* hint = "move the cluster to a dedicated plan";
  if (rules.has_plans && plan == ServicePlan::kFree) {
    return bad_input(fmt::format("free clusters have no backups ({} 96021)", rules.vendor), hint);
  }
  if (rules.has_plans && plan == ServicePlan::kServerless) {
    return bad_input(
        fmt::format("serverless clusters have no such backups ({} 96022)", rules.vendor), hint);
  }
  return kOk;
}

Status check_key(const ServiceRules& rules, ServicePlan plan) {
  if (!rules.keys.of_clusters) {
    return bad_input(fmt::format("{} has no keys of single clusters", rules.vendor),
                     "leave the key out: backups are sealed under that of the project");
  }
  if (plan >= rules.keys.lowest_plan) return kOk;
  return bad_input(
      fmt::format("keys of clusters are of the Business Critical plan ({} 96028)", rules.vendor),
      "move the project to the plan \"business-critical\"");
}

Status check_key_count(const ServiceRules& rules, std::size_t keys) {
  if (rules.keys.most == 0 || keys < rules.keys.most) return kOk;
  return bad_input(
      fmt::format("the project has {} keys, and {} allows no more", keys, rules.vendor),
      "take one of those for the cluster");
}

Status check_role(const ServiceRules& rules, CallerRole role) {
  if (!rules.restore.by_role || role == CallerRole::kOrganizationOwner ||
      role == CallerRole::kProjectAdmin || role == CallerRole::kCustomWithBackup) {
    return kOk;
  }
  return bad_input(fmt::format("this role may not manage backups ({} 96013)", rules.vendor),
                   "ask for the backup privilege, project admin or organisation owner");
}

Status check_schedule(const ServiceRules& rules, const Schedule& schedule) {
  if (!rules.schedule.only_windows || std::holds_alternative<WindowSchedule>(schedule)) return kOk;
  return bad_input(
      fmt::format("a {} policy takes weekdays and a window of two hours, no other schedule",
                  rules.vendor),
      "give \"weekdays\": \"1,2,3,5\" with \"window\": \"02:00-04:00\", or {} for every day");
}

Status check_schedule_name(const ServiceRules& rules, std::string_view name) {
  const auto [name_min, name_max] = std::pair(rules.schedule.name_min, rules.schedule.name_max);
  if (name_max == 0) return kOk;
  if (name.size() < name_min || name.size() > name_max) {
    return bad_input(
        fmt::format("display name {} has {} characters", printable(name), name.size()),
        fmt::format("write {} to {} letters, digits, \"-\" or \"_\"", name_min, name_max));
  }
  if (!std::all_of(name.begin(), name.end(), is_name_character)) {
    return bad_input(
        fmt::format("display name {} has a character that is not allowed", printable(name)),
        "write letters, digits, \"-\" or \"_\"");
  }
  return kOk;
}

}  // namespace backcast::policy
