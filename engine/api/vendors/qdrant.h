// What the routes of Qdrant Cloud's API share.
#pragma once

#include "engine/api/routes/backend.h"

namespace backcast::api {

// The account of the path: a project.
Result<control::Project, Failure> qdrant_account(Backend& backend, const Call& call);
// A cluster of that account.
Result<Owned, Failure> qdrant_cluster(Backend& backend, const Call& call, const std::string& id);
// All of that account, or the one that "cluster_id" of the query names.
Result<std::vector<Owned>, Failure> qdrant_clusters(Backend& backend, const Call& call);
// "86400s" as the words of a policy.
Result<std::string, Failure> qdrant_retention(const policy::ServiceRules& rules,
                                              const std::string& period);

}  // namespace backcast::api
