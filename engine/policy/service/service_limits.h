// What the vendors' APIs accept, with their error codes: names, plans, kinds, who may call.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "engine/base/error.h"
#include "engine/policy/service/copies.h"

namespace backcast::policy {

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

// Qdrant: 4 to 64 letters, digits, "-" and "_". Taken from the schedule when a backup is made:
// renaming a schedule leaves earlier backups as they are called.
Status qdrant_display_name(std::string_view name);

// The services that Zerops backs up.
inline constexpr std::array<std::string_view, 7> kZeropsKinds{
    "mariadb", "postgresql", "qdrant", "elasticsearch", "nats", "meilisearch", "shared-storage"};
bool is_zerops_kind(std::string_view kind);

}  // namespace backcast::policy
