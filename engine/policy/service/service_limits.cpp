#include "engine/policy/service/service_limits.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/text.h"

namespace backcast::policy {
namespace {

constexpr std::size_t kQdrantNameMin = 4, kQdrantNameMax = 64;

bool is_name_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' ||
         c == '_';
}

}  // namespace

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

bool is_zerops_kind(std::string_view kind) {
  return std::find(kZeropsKinds.begin(), kZeropsKinds.end(), kind) != kZeropsKinds.end();
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
