// How many jobs of a world may run at once.
#pragma once

#include <vector>

#include "sim/world/stage.h"

namespace backcast::sim {

class JobLimits {
 public:
  explicit JobLimits(const Stage& stage) : stage_(stage), running_(stage.scenario.limits.size()) {}

  // The first limit that leaves no room for another job of the service, or null.
  const JobLimit* full_for(std::uint32_t service) const {
    for (std::size_t i = 0; i < running_.size(); ++i) {
      if (counts(i, service) && !policy::has_room(limit(i).rule, running_[i])) return &limit(i);
    }
    return nullptr;
  }
  void enter(std::uint32_t service) {
    for (std::size_t i = 0; i < running_.size(); ++i) running_[i] += counts(i, service) ? 1 : 0;
  }
  void leave(std::uint32_t service) {
    for (std::size_t i = 0; i < running_.size(); ++i) running_[i] -= counts(i, service) ? 1 : 0;
  }

 private:
  const JobLimit& limit(std::size_t i) const { return stage_.scenario.limits[i]; }
  bool counts(std::size_t i, std::uint32_t service) const {
    return covers(limit(i), stage_.service(service), service);
  }

  const Stage& stage_;
  std::vector<std::uint32_t> running_;  // as Scenario::limits
};

}  // namespace backcast::sim
