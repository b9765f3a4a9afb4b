// What the routes of Zilliz Cloud's API share.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/api/routes/backend.h"

namespace backcast::api {

// The vendor's error codes that routes answer with themselves; those of the rule book come with its
// refusals. engine/policy has no say in the shape of a request.
enum ZillizCode : int {
  kZRegion = 96001,
  kZCuSize = 96002,
  kZProjectShape = 96005,
  kZTimestamp = 96007,
  kZPageSize = 96008,
  kZCurrentPage = 96009,
  kZClusterName = 96010,
  kZProjectRole = 96013,
  kZClusterRole = 96015,
  kZClusterScope = 96016,
  kZNameTaken = 96017,
  kZNoCluster = 96018,
  kZNoClass = 96023,
  kZEmptyCluster = 96025,
  kZNoJob = 96026,
  kZProjectScope = 96027,
  kZBackupType = 96029,
  kZCreationMethod = 96030,
  kZCollectionStatus = 96031,
  kZFrequency = 96032,
  kZStartTime = 96033,
  kZRetention = 96034,
  kZTimeRange = 96035,
  kZClusterId = 96036,
  kZTargetStatus = 96037,
  kZBackupFailed = 96038,
  kZRestoreCollectionFailed = 96039,
  kZRestoreClusterFailed = 96040,
};

Failure zilliz_failure(int code, std::string message);
// {"code": 0, "data": …}
Response zilliz_data(const nlohmann::json& data);
std::vector<Field> zilliz_answer(std::vector<Field> data);

// The cluster of the path, on a plan that has backups.
Result<Owned, Failure> zilliz_cluster(Backend& backend, const Call& call, const std::string& id);
// The backup of the path, which is of the cluster of the path.
Result<OwnedBackup, Failure> zilliz_backup(Backend& backend, const Call& call);
// One that can be restored or exported; `code` where it cannot.
Result<OwnedBackup, Failure> zilliz_available(Backend& backend, const Call& call, int code);
policy::ServicePlan plan_of(const control::Project& project);
// Whether backups of a cluster may be copied there. `days` of a scheduled copy.
Status check_target(const Owned& source, const std::string& region, policy::Origin made_by,
                    std::optional<int> days);
// The provider of a region as the vendor writes it: "gcp" of "gcp-us-west1".
std::string cloud_of(const std::string& region);
bool is_of_cluster(const control::Backup& backup);  // not of single collections
// The versions a new cluster may run: the latest, and whether the original is offered, too.
struct Versions {
  policy::Version original, latest;
  policy::VersionChoice choice;
};
Versions versions_of(Backend& backend, const OwnedBackup& found, Instant now);

}  // namespace backcast::api
