// Restores that nobody needs, on a schedule: the newest backup of a cluster comes back into a
// place of its own, is compared with what was saved, measured, and thrown away.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "engine/control/plane/control_plane.h"
#include "engine/env/env.h"
#include "engine/service/log.h"

namespace backcast::service {

struct DrillPlace {
  control::ControlPlane& control;
  env::Env& env;
  std::function<Instant()> now;
  std::filesystem::path folder;  // of the service
  // The data of a backup, decrypted, into a new file.
  std::function<Status(const control::Backup& backup, const std::string& file)> write_file;
  Log log;
};

class Drills {
 public:
  // Removes what a service that was killed left, and drills from here on.
  explicit Drills(DrillPlace place);
  ~Drills();

  // In Prometheus' text form.
  static std::string gauges(control::ControlPlane& control);

 private:
  void run();
  bool is_restoring();
  void tidy();
  Status do_next();
  control::DrillResult drill(const control::Drill& due);
  Status restore(const control::Backup& backup, const control::Cluster& of,
                 control::DrillResult& result);
  Status wait_for(const std::string& job);

  const DrillPlace place_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace backcast::service
