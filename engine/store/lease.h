// Who is at work in a repository. A lease is a file in leases/ with a lock of the operating system
// on it: the lock goes with its process, so a crash never leaves a repository locked. Where locks
// do not reach (other machines on some network disks) the file's age decides: holders refresh it,
// and one that stood still for kLeaseLife by the store's own clock is over.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/store/repository.h"

namespace backcast::store {

inline constexpr Duration kLeaseLife = std::chrono::minutes(30);
inline constexpr Duration kLeaseRefresh = std::chrono::minutes(5);

enum class LeaseKind : std::uint8_t {
  kWork = 'w',         // reads or adds: any number at a time
  kMaintenance = 'm',  // prune: one at a time
};

struct LeaseInfo {
  std::string name;
  LeaseKind kind = LeaseKind::kWork;
  std::string holder;  // host and process, for messages
};

class Lease {
 public:
  // Errors: kLocked if kind is kMaintenance and another holds one.
  static Result<std::unique_ptr<Lease>> take(Repository& repository, LeaseKind kind);
  // A kWork lease for reading, or none where the repository cannot be written: a full disk or a
  // read-only one must not keep anybody from a restore.
  static Result<std::unique_ptr<Lease>> take_to_read(Repository& repository);
  ~Lease();
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;
  // Cheap; touches the file when it is time.
  void refresh();
  // False if somebody took it for dead: what it protected may be gone.
  bool is_held();
  const std::string& name() const { return name_; }

 private:
  Lease(Repository& repository, std::string name)
      : repository_(repository), name_(std::move(name)) {}

  Repository& repository_;
  std::string name_;
  std::unique_ptr<env::File> file_;
  std::unique_ptr<env::Lock> lock_, exclusive_;
  Duration refreshed_{};
};

// Leases that are alive, all but `own`; removes those that are over.
Result<std::vector<LeaseInfo>> live_leases(Repository& repository, const Lease* own);

}  // namespace backcast::store
