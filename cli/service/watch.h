// What the scenarios that were applied require, judged while a service runs.
#pragma once

#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "engine/api/routes/backend.h"
#include "engine/control/plane/control_plane.h"

namespace backcast::service {

class Watch {
 public:
  Watch(control::ControlPlane& control, std::function<Instant()> now,
        std::function<Duration()> monotonic);

  // At most ten seconds old: it takes a look at every backup.
  std::vector<api::RequirementState> requirements();
  // In Prometheus' text form.
  std::string gauges();

 private:
  std::vector<api::RequirementState> judged();

  control::ControlPlane& control_;
  std::function<Instant()> now_;
  std::function<Duration()> monotonic_;
  std::mutex mutex_;
  std::vector<api::RequirementState> last_;
  std::optional<Duration> judged_;
};

}  // namespace backcast::service
