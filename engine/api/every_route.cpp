#include "engine/api/every_route.h"

namespace backcast::api {

void add_all(Api& api, Backend& backend, Recoveries& recoveries) {
  api.add(server_routes(api));
  api.add(token_routes(api));
  for (const auto table :
       {project_routes, cluster_routes, schedule_routes, backup_routes, job_routes, record_routes,
        key_routes, export_routes, policy_routes, zilliz_policy_routes, zilliz_backup_routes,
        zilliz_restore_routes, qdrant_backup_routes, qdrant_schedule_routes}) {
    api.add(table(backend));
  }
  api.add(zerops_routes(backend, api));
  api.add(snapshot_routes(recoveries.snapshots()));
  api.add(recover_routes(recoveries));
}

}  // namespace backcast::api
