// Jobs over a repository of their own: what a test backs up, destroys and restores.
#pragma once

#include "engine/kinds/runner/tasks.h"
#include "tests/kinds/servers.h"

namespace backcast::kinds {

class Jobs {
 public:
  // Fetch, prepare, the service's own tool.
  Stored back_up(const DataPlace& data) {
    JobWatch watch;
    const auto stored = tasks_.back_up({"project",
                                        "backup" + std::to_string(++backups_),
                                        "service",
                                        scratch_ / "repository",
                                        scratch_ / "spool",
                                        data,
                                        {}},
                                       watch);
    EXPECT_TRUE(stored.ok()) << to_string(stored.error());
    return stored.ok() ? *stored : Stored{};
  }
  Status restore(const Stored& stored, const DataPlace& data, bool replace = false) {
    JobWatch watch;
    RestoreTask task{"project", stored.snapshot, scratch_ / "repository", scratch_ / "spool", data,
                     {}};
    task.choice.replace = replace;
    return tasks_.restore(task, watch);
  }
  // The bytes of a download.
  std::string download(const Stored& stored) {
    std::string bytes;
    const Status done = tasks_.download(
        {"project", stored.snapshot, scratch_ / "repository", false}, [&](ByteView part) -> Status {
          bytes += as_text(part);
          return kOk;
        });
    EXPECT_TRUE(done.ok()) << to_string(done.error());
    return bytes;
  }

 private:
  Scratch scratch_;
  int backups_ = 0;
  ProjectKeys keys_{env::posix_env(), scratch_ / "keys", "master", store::kStretchingFloor};
  Tasks tasks_{env::posix_env(), keys_};
};

}  // namespace backcast::kinds
