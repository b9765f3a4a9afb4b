// What is put through a rehearsal: a real backup program with a repository of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/instant.h"
#include "engine/env/env.h"
#include "engine/policy/retention/retention.h"

namespace backcast::sim {

struct RealBackup {
  std::string folder;  // what to back up
  Instant born{};
  std::vector<std::string> tags;
  bool manual = false;
  std::string schedule;
};

class Subject {
 public:
  virtual ~Subject() = default;
  // Saves the folder as of `born`; returns the bytes that it added to the repository.
  virtual Result<std::uint64_t> backup(const RealBackup& backup) = 0;
  // Lets the policy decide about everything, or about the backups of one schedule, and frees the
  // space, as of `now`.
  virtual Status forget(const policy::RetentionPolicy& policy,
                        const std::optional<std::string>& schedule, Instant now) = 0;
  // Deletes those of these restore points that exist, by when they were made, and frees the space.
  // Only asked of what elsewhere() gave.
  virtual Status drop(const std::vector<Instant>&, Instant) { return kOk; }
  // When the restore points that exist were made, oldest first.
  virtual Result<std::vector<Instant>> restore_points() = 0;
  virtual Result<std::uint64_t> stored_bytes() = 0;

  // Another repository of the same project in `path`, for copies; nullptr where this is not done.
  virtual Result<std::unique_ptr<Subject>> elsewhere(const std::string&) {
    return std::unique_ptr<Subject>();
  }
  // Copies the restore point made at `born` into a repository that elsewhere() gave; returns the
  // bytes that it added there. Errors: kNotFound if there is no such restore point.
  virtual Result<std::uint64_t> copy(Instant born, Instant, Subject&) {
    return Error{Errc::kNotFound, "no copy of " + format_instant(born), {}, {}};
  }
};

// The files beneath a folder, all together.
Result<std::uint64_t> folder_bytes(env::Folder& folder, const std::string& name);

// Backcast's own engine, in `path`, which must not exist yet.
Result<std::unique_ptr<Subject>> backcast_subject(const std::string& path);
// Real restic or borg, if installed. They take time stamps but know no clock other than the
// machine's, so policies that look at the present (age, within) are refused, as are dialects they
// do not speak. Errors: kNotFound if it is not installed.
Result<std::unique_ptr<Subject>> restic_subject(const std::string& path);
Result<std::unique_ptr<Subject>> borg_subject(const std::string& path);

}  // namespace backcast::sim
