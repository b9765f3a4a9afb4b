// What can run: which regions are down, which services are suspended, deleted or made to fail.
#pragma once

#include <map>
#include <string>

#include "sim/world/stage.h"

namespace backcast::sim {

class Availability {
 public:
  struct State {
    int suspended = 0, failing = 0;  // open events of these kinds
    bool deleted = false;
  };

  explicit Availability(const Stage& stage) : stage_(stage), states_(stage.members) {}

  State& of(std::uint32_t service) { return states_[service]; }
  const State& of(std::uint32_t service) const { return states_[service]; }

  void take_down(const std::string& region) { ++down_[region]; }
  void bring_back(const std::string& region) { --down_[region]; }
  bool is_down(const std::string& region) const {
    const auto found = down_.find(region);
    return found != down_.end() && found->second > 0;
  }

  // Why nothing of the service can run now, or "".
  std::string why_not(std::uint32_t service) const {
    const State& state = states_[service];
    const Service& s = stage_.service(service);
    if (state.deleted) return s.name + " is deleted";
    if (state.suspended > 0) return s.name + " is suspended";
    if (is_down(s.region)) return s.region + " is down";
    return {};
  }

 private:
  const Stage& stage_;
  PerService<State> states_;
  std::map<std::string, int, std::less<>> down_;  // regions, by open outages
};

}  // namespace backcast::sim
