#include "engine/policy/service_limits.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace backcast::policy {
namespace {

constexpr int kZillizMaxDays = 30;
constexpr int kQdrantMaxDays = 365;
constexpr std::size_t kQdrantNameMin = 4, kQdrantNameMax = 64;

bool is_name_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
         c == '_';
}

}  // namespace

ZillizPolicy zilliz_console_policy() {
  return {true, ZillizWindow{}, kZillizDefaultRetentionDays};
}

Result<int> zilliz_retention_days(std::optional<std::int64_t> days) {
  if (!days) return kZillizDefaultRetentionDays;
  if (*days < 1 || *days > kZillizMaxDays) {
    return bad_input(fmt::format("{} retention days (Zilliz 96034)", *days), "write 1 to 30 days");
  }
  return static_cast<int>(*days);
}

Result<ZillizPolicy> zilliz_policy(std::string_view frequency, std::string_view start_time,
                                   std::optional<std::int64_t> retention_days) {
  ZillizWindow window;
  BACKCAST_TRY(window.weekdays, parse_zilliz_frequency(frequency));
  BACKCAST_TRY(window.open_minute, parse_zilliz_start_time(start_time));
  BACKCAST_TRY(const int days, zilliz_retention_days(retention_days));
  return ZillizPolicy{true, window, days};
}

Status zilliz_policy_scope(std::size_t named_collections) {
  if (named_collections == 0) return kOk;
  return bad_input("automatic backups hold the whole cluster, not single collections",
                   "leave the collections out, or back them up by hand");
}

Status zilliz_collection_backup(std::size_t databases, std::size_t collections) {
  if (databases == 1 && collections > 0) return kOk;
  return bad_input(
      fmt::format("a collection backup of {} databases and {} collections", databases, collections),
      "name one database and at least one of its collections");
}

Status zilliz_plan(ServicePlan plan) {
  const char* hint = "move the cluster to a dedicated plan";
  if (plan == ServicePlan::kFree) {
    return bad_input("free clusters have no backups (Zilliz 96021)", hint);
  }
  if (plan == ServicePlan::kServerless) {
    return bad_input("serverless clusters have no such backups (Zilliz 96022)", hint);
  }
  return kOk;
}

Status zilliz_access(ZillizRole role) {
  if (role == ZillizRole::kOrganizationOwner || role == ZillizRole::kProjectAdmin ||
      role == ZillizRole::kCustomWithBackup) {
    return kOk;
  }
  return bad_input("this role may not manage backups (Zilliz 96013)",
                   "ask for the backup privilege, project admin or organisation owner");
}

Result<std::optional<Duration>> qdrant_retention(std::optional<std::int64_t> days) {
  if (!days) return std::optional<Duration>();
  if (*days < 1 || *days > kQdrantMaxDays) {
    return bad_input(fmt::format("{} days of retention (Qdrant: invalid argument)", *days),
                     "write 1 to 365 days, or none to keep for ever");
  }
  return std::optional<Duration>(*days * kDay);
}

Status qdrant_display_name(std::string_view name) {
  if (name.size() < kQdrantNameMin || name.size() > kQdrantNameMax) {
    return bad_input(fmt::format("display name {} has {} characters", printable(name), name.size()),
                     "write 4 to 64 letters, digits, \"-\" or \"_\"");
  }
  if (!std::all_of(name.begin(), name.end(), is_name_character)) {
    return bad_input(
        fmt::format("display name {} has a character that is not allowed", printable(name)),
        "write letters, digits, \"-\" or \"_\"");
  }
  return kOk;
}

}  // namespace backcast::policy
