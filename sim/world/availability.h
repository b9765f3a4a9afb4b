// What can run: which regions and stores are down, which services are suspended, deleted or made to
// fail, and how many jobs may run at once.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/world/stage.h"

namespace backcast::sim {

class Availability {
 public:
  struct State {
    int suspended = 0, failing = 0;  // open events of these kinds
    int restoring = 0;               // restores in place that are under way
    bool deleted = false;
  };

  explicit Availability(const Stage& stage) : stage_(stage), states_(stage.members) {}

  State& of(std::uint32_t service) { return states_[service]; }
  const State& of(std::uint32_t service) const { return states_[service]; }

  void take_down(const std::string& region) { ++down_[region]; }
  void bring_back(const std::string& region) { --down_[region]; }
  bool is_down(const std::string& region) const { return has(down_, region); }
  void take_store_down(const std::string& region) { ++stores_down_[region]; }
  void bring_store_back(const std::string& region) { --stores_down_[region]; }

  // Why nothing can be written to what keeps the backups of the region, or read from it.
  Why why_no_store(const std::string& region) const {
    if (is_down(region)) return Why::kRegionDown;
    return has(stores_down_, region) ? Why::kStoreDown : Why::kNothing;
  }

  // Why nothing of the service can run now, or nothing.
  Why why_not(std::uint32_t service) const {
    const Why why = policy::why_not_running(state_of(service));
    return why != Why::kNothing ? why : why_no_store(stage_.service(service).region);
  }
  policy::ClusterState state_of(std::uint32_t service) const {
    const State& state = states_[service];
    return {state.deleted, state.suspended > 0, state.restoring > 0};
  }

  // Whether that changed anything.
  bool switch_key(std::uint32_t key, bool revoked) {
    return revoked ? revoked_keys_.insert(key).second : revoked_keys_.erase(key) > 0;
  }
  // As the rules ask for it; without a key nothing.
  std::optional<policy::NamedKey> key(const std::optional<std::uint32_t>& index) const {
    if (!index) return std::nullopt;
    return policy::NamedKey{stage_.scenario.keys[*index].region, revoked_keys_.contains(*index)};
  }
  // Whether the key of the service lets nothing of it be made or read.
  bool is_sealed_off(std::uint32_t service) const {
    const auto& index = stage_.service(service).key;
    return index && revoked_keys_.contains(*index);
  }

  void delete_project(std::uint32_t project) { deleted_projects_.insert(project); }
  bool is_deleted(std::uint32_t project) const { return deleted_projects_.contains(project); }

 private:
  using Regions = std::map<std::string, int, std::less<>>;  // by open outages
  static bool has(const Regions& down, const std::string& region) {
    const auto found = down.find(region);
    return found != down.end() && found->second > 0;
  }

  const Stage& stage_;
  PerService<State> states_;
  Regions down_, stores_down_;
  std::set<std::uint32_t> revoked_keys_, deleted_projects_;
};

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
