// Lets the control plane do what is due, when it is due.
#pragma once

#include <atomic>
#include <thread>

#include "engine/control/plane/control_plane.h"
#include "engine/env/env.h"
#include "engine/service/trusted_clock.h"

namespace backcast::service {

class Scheduler {
 public:
  // Complains on standard error of what cannot be done, and tries again.
  Scheduler(control::ControlPlane& control, env::Env& env, TrustedClock& clock, Log log);
  ~Scheduler();

 private:
  void run();
  control::ControlPlane& control_;
  env::Env& env_;
  TrustedClock& clock_;
  const Log log_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace backcast::service
