// Who is at work in a repository. A lease is a file in leases/ with a lock of the operating system
// on it: the lock goes with its process, so a crash never leaves a repository locked. Where locks
// do not reach (other machines on some network disks) the file's age decides: every lease is
// refreshed from a thread of its own as long as its process runs, and one that stood still for
// kLeaseLife is over. All ages are by the store's own clock: the time that it gives a file it
// changes.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/store/repository/repository.h"

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

// What proves that the holder of a lease is gone.
enum class Death : std::uint8_t {
  kByLock,       // its lock is free, on the machine that took it
  kByLockOrAge,  // or it was not refreshed for kLeaseLife
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

  // If somebody took it for dead (the machine slept), takes it anew. What it protected may be gone.
  Status ensure_held();
  // The store's own time.
  Result<Instant> store_now();
  std::string name() const;

 private:
  Lease(Repository& repository, LeaseKind kind) : repository_(repository), kind_(kind) {}
  Status acquire();
  Status write_holder(const std::string& name);
  void refresh();

  Repository& repository_;
  const LeaseKind kind_;
  mutable std::mutex mutex_;
  std::string name_;
  std::unique_ptr<env::Lock> lock_, exclusive_;
  std::unique_ptr<env::Ticker> ticker_;  // the last member: it uses the others
};

// Leases that are alive, all but `own`; removes those whose holders are gone for certain.
Result<std::vector<LeaseInfo>> live_leases(Repository& repository, Lease& own,
                                           Death proof = Death::kByLockOrAge);

}  // namespace backcast::store
