// Snapshots as a Qdrant server makes, lists, gives and deletes them: backups of one collection, of
// one shard or of a whole cluster, made by hand and known by their name.
#pragma once

#include <chrono>
#include <mutex>
#include <nlohmann/json_fwd.hpp>

#include "engine/api/routes/backend.h"

namespace backcast::api {

using Allowed = Result<Ok, Failure>;

class Snapshots {
 public:
  explicit Snapshots(Backend& backend) : backend_(backend) {}
  Backend& backend() { return backend_; }

  // The one that a call is about: that of its token, else the only one which the token reaches. 503
  // while it is restored in place.
  Result<control::Cluster, Failure> cluster_of(const Call& call);
  // 404 unless the cluster has it now.
  Allowed check_there(const control::Cluster& cluster, const Part& part);
  // Newest first. 404 for a part that the cluster has not, and of which there is no snapshot.
  Result<std::vector<control::Backup>, Failure> list(const control::Cluster& cluster,
                                                     const Part& part);
  Result<control::Backup, Failure> find(const control::Cluster& cluster, const Part& part,
                                        const std::string& name);
  // Begins a backup of it. 409 where the rules refuse one now.
  Result<control::Started, Failure> make(const control::Caller& caller,
                                         const control::Cluster& cluster, const Part& part);
  // The same of what a file holds that was taken in under this name; called as is wished where
  // that is a name of a snapshot and free.
  Result<control::Started, Failure> take(const control::Caller& caller,
                                         const control::Cluster& cluster, const Part& part,
                                         const std::string& taken_in, const std::string& wish);

 private:
  Result<control::Cluster, Failure> meant_by(const Call& call);
  Result<std::string, Failure> free_name(const control::Cluster& cluster, const Part& part,
                                         const std::string& wish);
  Result<control::Started, Failure> begin(const control::Caller& caller,
                                          control::ManualBackup backup);

  Backend& backend_;
  std::mutex naming_;  // from a name being free to its being taken
};

// {"name", "creation_time", "size", "checksum"}
nlohmann::json description_of(const control::Backup& snapshot);

// What the routes share: the part that a path names, "wait", and the server's envelope.
Result<Part, Failure> part_of(const Call& call);
Result<bool, Failure> waits(const Call& call);
class Answer {
 public:
  Response done(nlohmann::json result) const;
  Response accepted() const;  // 202
  Response refused(const Failure& failure) const;

 private:
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};
std::vector<Field> enveloped(Field result);

std::vector<Route> snapshot_routes(Snapshots& snapshots);

}  // namespace backcast::api
