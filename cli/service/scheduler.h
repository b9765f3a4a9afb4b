// Lets the control plane do what is due, when it is due.
#pragma once

#include <atomic>
#include <thread>

#include "cli/service/trusted_clock.h"
#include "engine/control/plane/control_plane.h"
#include "engine/env/env.h"

namespace backcast::cli {

class Scheduler {
 public:
  // Complains on standard error of what cannot be done, and tries again.
  Scheduler(control::ControlPlane& control, env::Env& env, TrustedClock& clock);
  ~Scheduler();

 private:
  void run();
  control::ControlPlane& control_;
  env::Env& env_;
  TrustedClock& clock_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace backcast::cli
