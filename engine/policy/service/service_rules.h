// The rules of a vendor of backups, or of your own repository: one plain value that everybody asks.
// It is made here, from the word of a profile; outside this folder, the dialects and the data no
// code knows one vendor from another.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/policy/retention/retention.h"
#include "engine/policy/retention/tags.h"
#include "engine/policy/schedule/schedule.h"
#include "engine/policy/service/admission.h"
#include "engine/policy/service/copies.h"
#include "engine/policy/service/lifecycle.h"
#include "engine/policy/service/nodes.h"
#include "engine/policy/service/restore_rules.h"

namespace backcast::policy {

// How a schedule may be written. The words are those of parse_schedule.
struct ScheduleRules {
  std::string_view words = {};  // before a cron line or a period: "zerops: "; "" = as cron has them
  bool names_periods = false;   // "daily", "weekly" and "monthly" are the vendor's words, too
  bool only_windows = false;    // weekdays and a start window, one such policy at a time
  bool is_utc = false;
  std::size_t name_min = 0, name_max = 0;  // characters of its name; 0 = as you like
};

struct TagRules {
  bool by_time = false;               // an automatic backup gets its time tags and no others
  std::optional<TagLimits> limits{};  // of the tags that callers give
};

struct RetentionRules {
  bool own_words = false;            // retention is written in the vendor's words alone
  std::string_view days_words = {};  // of "retention_days", before the number; "" = there are none
  std::string_view days_unit = {};   // and behind it
  int max_days = 0;                  // 0 = the dialect's own limit
  bool scheduled_forever = true;     // what a schedule makes may stay for ever
  bool manual_permanent = false;     // what is made by hand always does
};

// Keys that callers name for single clusters, beside that of the project.
struct KeyRules {
  bool of_clusters = true;                       // there are such keys
  ServicePlan lowest_plan = ServicePlan::kFree;  // that has them
  std::size_t most = 0;                          // of one project; 0 = as many as you like
};

struct ServiceRules {
  std::string_view name;    // as profiles call them: "zilliz"
  std::string_view vendor;  // as people do: "Zilliz"; "" = your own repository
  AdmissionRules admission;
  TagRules tags;
  RetentionRules retention;
  ScheduleRules schedule;
  CopyRules copies;
  DeletionRules deletion;
  RestoreRules restore;
  KeyRules keys;
  NodeRule nodes = NodeRule::kPrimary;
  bool has_plans = false;                        // which decide on backups and copies
  bool backs_up_when_switched_on = false;        // one automatic backup at once
  std::span<const std::string_view> kinds = {};  // of the services it backs up; none: of any
};

// "zilliz", "qdrant", "zerops", "plain"; null for any other word.
const ServiceRules* service_rules(std::string_view name);

// The tags of the automatic backup that is made at `when`: the vendor's, the policy's, or the
// `usual` ones. `previous` is the automatic one before it. Nothing: none is due.
std::optional<std::vector<std::string>> tags_at_birth(const ServiceRules& rules,
                                                      const std::optional<RetentionPolicy>& policy,
                                                      std::vector<std::string> usual, Instant when,
                                                      std::optional<Instant> previous,
                                                      const Zone& zone);

// The retention that "retention_days" stands for. Errors: there is none, or not so many days.
Result<RetentionPolicy> retention_of_days(const ServiceRules& rules, std::int64_t days);

// What the vendors' APIs refuse, with their error codes.
Status check_forever(const ServiceRules& rules);           // of what a schedule makes
Status check_manual_retention(const ServiceRules& rules);  // any stated for what is made by hand
Status check_grace(const ServiceRules& rules);             // any stated for deleted services
Status check_kind(const ServiceRules& rules, std::string_view kind);
Status check_plan(const ServiceRules& rules, ServicePlan plan);
// Of a cluster under a key of its own, and of a restore into such a cluster or from its backups.
Status check_key(const ServiceRules& rules, ServicePlan plan);
// Another key beside so many of the project.
Status check_key_count(const ServiceRules& rules, std::size_t keys);
Status check_role(const ServiceRules& rules, CallerRole role);
Status check_schedule(const ServiceRules& rules, const Schedule& schedule);
// Taken from the schedule when a backup is made: renaming a schedule leaves earlier backups as they
// are called.
Status check_schedule_name(const ServiceRules& rules, std::string_view name);

}  // namespace backcast::policy
