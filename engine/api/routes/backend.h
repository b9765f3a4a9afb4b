// What routes translate to: commands of the control plane, and what lies in its stores.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/api/routes/api.h"
#include "engine/control/plane/control_plane.h"
#include "engine/policy/service/service_rules.h"

namespace backcast::control {
class Tokens;
}

namespace backcast::api {

// What an applied scenario requires, and how that stands.
struct RequirementState {
  std::vector<std::string> projects;  // that the scenario speaks of
  std::string scenario, name, statement;
  std::string state;  // "holds", "broken", "unknown"
  std::string why;    // not
  std::string limit, observed;
  std::optional<Instant> since;  // broken
  Duration broken_for{0};        // in all, since it was applied
};

// Of a cluster: all of it, a collection of its database "default", or one shard of that.
struct Part {
  std::string collection{};  // "" = all of it
  std::optional<std::uint32_t> shard{};
};
// What becomes of clusters' data.
struct DataBackend {
  // Whether collections of this cluster are saved and brought back one by one.
  std::function<bool(const control::Cluster& cluster)> has_collections;
  // What it holds now: JSON, as the contents of a backup.
  std::function<Result<std::string>(const control::Cluster& cluster)> describe;
  // Whether a file may become a part of it: it is whole, has this SHA-256 ("" = any), and fits what
  // is there. Changes nothing.
  std::function<Status(const control::Cluster& cluster, const Part& part, const std::string& file,
                       const std::string& checksum)>
      check_file;
  // Whether the part of a backup may take the place of another, or of itself.
  std::function<Status(const control::Cluster& cluster, const Part& of,
                       const control::Backup& backup, const Part& as)>
      check_backup;
  // Takes a file over: its name as the contents of a backup give it in "adopt".
  std::function<Result<std::string>(const std::string& file)> take_in;
  std::function<void(const std::string& taken_in)> release;  // no backup needs it any more
  // Why an address (file, http, https) may not be read for this cluster.
  std::function<Status(const control::Cluster& cluster, const std::string& location)>
      check_location;
  // What lies there into a new file. May take long; `stop` ends it.
  std::function<Status(const control::Cluster& cluster, const std::string& location,
                       const std::string& api_key, const std::string& file,
                       const std::atomic<bool>& stop)>
      fetch;
};

struct Backend {
  control::ControlPlane& control;
  // Writes the data of a backup to a new file, decrypted unless it is asked to stay encrypted. May
  // take long.
  std::function<Status(const control::Backup& backup, bool encrypted, const std::string& file)>
      write_file;
  std::function<Instant()> now;
  std::string scratch_folder;  // for such files
  std::string latest_version;  // that new clusters run; "" = that of their backup
  std::function<std::vector<RequirementState>()> requirements = {};  // none: nobody judges
  DataBackend data{};
  std::vector<std::string> buckets{};  // that backups may be exported to, by their names
};

TokenStore store_of(control::Tokens& tokens);

// The tables of routes. `backend` lives longer than what they give.
std::vector<Route> project_routes(Backend& backend);
std::vector<Route> cluster_routes(Backend& backend);
std::vector<Route> schedule_routes(Backend& backend);
std::vector<Route> backup_routes(Backend& backend);
std::vector<Route> job_routes(Backend& backend);
std::vector<Route> record_routes(Backend& backend);
std::vector<Route> key_routes(Backend& backend);
std::vector<Route> export_routes(Backend& backend);
std::vector<Route> policy_routes(Backend& backend);
std::vector<Route> zilliz_policy_routes(Backend& backend);
std::vector<Route> zilliz_backup_routes(Backend& backend);
std::vector<Route> zilliz_restore_routes(Backend& backend);

std::vector<Route> qdrant_backup_routes(Backend& backend);
std::vector<Route> qdrant_schedule_routes(Backend& backend);
std::vector<Route> zerops_routes(Backend& backend, const Api& api);

control::Caller caller_of(const Call& call);
// Sends a backup to a bucket; `code` where there is none of this name.
Result<control::Started, Failure> send_to_bucket(Backend& backend, const Call& call,
                                                 const control::Export& asked, int code = 0);

// What a caller reaches. What lies beyond is not there for them: `beyond` is how they are told.
struct Scope {
  Failure missing{404, "there is no such cluster"};
  Failure beyond{404, "there is no such cluster"};
  std::string_view rules = "";  // of the projects it is about; "" = any
};
struct Owned {
  control::Cluster cluster;
  control::Project project;
  const policy::ServiceRules* rules = nullptr;
};
Result<control::Project, Failure> project_of(Backend& backend, const Call& call,
                                             const std::string& id, const Scope& scope = {});
Result<Owned, Failure> cluster_of(Backend& backend, const Call& call, const std::string& id,
                                  const Scope& scope = {});
// The backup, and the cluster it is of.
struct OwnedBackup {
  control::Backup backup;
  Owned owner;
};
Result<OwnedBackup, Failure> backup_of(Backend& backend, const Call& call, const std::string& id,
                                       const Scope& scope = {});
// Those a caller reaches, in projects with these rules; "" = any.
Result<std::vector<Owned>, Failure> clusters_of(Backend& backend, const Call& call,
                                                std::string_view rules = "");
// A page of all the caller reaches.
Result<control::Backups, Failure> backups_of(Backend& backend, const Call& call,
                                             control::BackupFilter filter,
                                             std::string_view rules = "");

// The data of a backup as an answer, when it has been written; in the call's dialect where it
// cannot be.
Response download_of(Backend& backend, const Call& call, const control::Backup& backup,
                     bool encrypted, const std::string& file_name);

// Whole numbers and moments of a query. Nothing where it is not given.
Result<std::optional<std::uint64_t>, Failure> count_in(const Call& call, std::string_view name);
Result<std::optional<Instant>, Failure> instant_in(const Call& call, std::string_view name);
Result<bool, Failure> flag_in(const Call& call, std::string_view name);

// The words of the retention of so many days; an error where the rules have none such.
Result<std::string> retention_text(const policy::ServiceRules& rules, std::int64_t days);

}  // namespace backcast::api
