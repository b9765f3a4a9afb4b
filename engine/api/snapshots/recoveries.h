// Snapshots that go back into a cluster: from what the service has, from a file, an address or an
// upload. What comes from outside is checked, becomes a snapshot, and is restored from there.
#pragma once

#include <atomic>
#include <future>

#include "engine/api/snapshots/snapshots.h"

namespace backcast::api {

struct Recovery {
  control::Caller caller;
  control::Cluster cluster;
  Part part;
  std::string location{}, api_key{};     // or:
  std::string upload{}, content_type{};  // a file with a form, which is the recovery's own
  std::string priority = "snapshot";     // "no_sync", "replica": which side wins
  std::string checksum{};                // SHA-256 in lower case; "" = not said
};

// Whether it is a snapshot that the service has already.
bool names_ours(const Recovery& asked);

class Recoveries {
 public:
  explicit Recoveries(Snapshots& snapshots) : snapshots_(snapshots) {}
  ~Recoveries();  // those that wait for a job end; the job goes on
  Snapshots& snapshots() { return snapshots_; }
  Backend& backend() { return snapshots_.backend(); }

  // On a thread of its own: whether it was done. 503 where too many run.
  using Done = std::shared_future<Allowed>;
  Result<Done, Failure> begin(Recovery asked);

 private:
  Allowed recover(const Recovery& asked);
  Result<control::Backup, Failure> take_in(const Recovery& asked);
  Result<std::string, Failure> bring(const Recovery& asked, const std::string& file);
  Allowed restore(const Recovery& asked, const Part& of, const control::Backup& from);
  Allowed wait_for(const std::string& job, const char* what);

  Snapshots& snapshots_;
  std::mutex mutex_;
  std::vector<Done> running_;
  std::atomic<bool> stop_{false};
};

std::vector<Route> recover_routes(Recoveries& recoveries);

}  // namespace backcast::api
