// What the vendors' APIs accept, with their error codes: retention, names, plans, who may call.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/policy/copies.h"
#include "engine/policy/schedule.h"

namespace backcast::policy {

// The automatic backup policy of one Zilliz cluster. Off by default; while it is off the vendor
// reports no times and 0 days.
struct ZillizPolicy {
  bool enabled = false;
  std::optional<ZillizWindow> window;
  int retention_days = 0;
  bool operator==(const ZillizPolicy&) const = default;
};

inline constexpr int kZillizDefaultRetentionDays = 7;

// The console's preset: every day, 08:00-10:00 at UTC+8, 7 days.
ZillizPolicy zilliz_console_policy();
// A policy switched on as the API is called: frequency "1,2,3,5", start time "02:00-04:00"; without
// retention days, 7. Errors: 96032, 96033, 96034.
Result<ZillizPolicy> zilliz_policy(std::string_view frequency, std::string_view start_time,
                                   std::optional<std::int64_t> retention_days);
// 1..30, none = 7. Errors: 96034.
Result<int> zilliz_retention_days(std::optional<std::int64_t> days);
// Automatic backups hold the whole cluster: a policy names no collections.
Status zilliz_policy_scope(std::size_t named_collections);
// By hand: collections of exactly one database.
Status zilliz_collection_backup(std::size_t databases, std::size_t collections);
// Dedicated clusters only. Errors: 96021 free, 96022 serverless.
Status zilliz_plan(ServicePlan plan);

enum class ZillizRole : std::uint8_t {
  kOrganizationOwner,
  kProjectAdmin,
  kCustomWithBackup,
  kCustomWithoutBackup,
  kOther,
};
// Who may make, restore and delete backups. Errors: 96013.
Status zilliz_access(ZillizRole role);

// Qdrant: 1..365 days; none keeps for ever.
Result<std::optional<Duration>> qdrant_retention(std::optional<std::int64_t> days);
// 4 to 64 letters, digits, "-" and "_". Taken from the schedule when a backup is made: renaming a
// schedule leaves earlier backups as they are called.
Status qdrant_display_name(std::string_view name);

}  // namespace backcast::policy
