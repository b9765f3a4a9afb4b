// What every part of a world is given: the scenario, who lives in this world, time, and the journal
// of what happens.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "sim/model/draws.h"
#include "sim/model/scenario.h"
#include "sim/world/agenda.h"
#include "sim/world/journal.h"

namespace backcast::sim {

// The services of one world: rising indices into Scenario::services.
class Members {
 public:
  explicit Members(std::vector<std::uint32_t> services)
      : services_(std::move(services)),
        is_dense_(services_.back() - services_.front() + 1 == services_.size()) {}

  auto begin() const { return services_.begin(); }
  auto end() const { return services_.end(); }
  std::size_t size() const { return services_.size(); }
  bool has(std::uint32_t service) const {
    const std::size_t place = place_of(service);
    return place < services_.size() && services_[place] == service;
  }
  std::size_t place_of(std::uint32_t service) const {
    if (is_dense_) return service - services_.front();
    const auto found = std::lower_bound(services_.begin(), services_.end(), service);
    return static_cast<std::size_t>(found - services_.begin());
  }

 private:
  std::vector<std::uint32_t> services_;
  bool is_dense_;  // one index after the other
};

// A value for each service of a world.
template <typename T>
class PerService {
 public:
  explicit PerService(const Members& members) : members_(members), values_(members.size()) {}
  T& operator[](std::uint32_t service) { return values_[members_.place_of(service)]; }
  const T& operator[](std::uint32_t service) const { return values_[members_.place_of(service)]; }

 private:
  const Members& members_;
  std::vector<T> values_;
};

// Which policies hold now: those that the scenario begins with, or what a change in mid-life has
// put in their place.
class InForce {
 public:
  InForce(const Scenario& scenario, const Members& members)
      : scenario_(scenario), retentions_(members) {}

  // Of the service, looking back; and where it stands.
  const std::optional<policy::RetentionPolicy>& retention(std::uint32_t service) const {
    return retention_at(scenario_.services[service], retentions_[service]);
  }
  PolicyPlace place(std::uint32_t service) const {
    return {PolicyPlace::In::kService, retentions_[service]};
  }
  void change_retention(std::uint32_t service, std::uint32_t index) {
    retentions_[service] = index;
  }

  const Project& project(std::uint32_t index) const {
    const auto changed = projects_.find(index);
    return changed == projects_.end() ? scenario_.projects[index] : *changed->second;
  }
  void change_project(std::uint32_t index, const Project& becomes) { projects_[index] = &becomes; }

 private:
  const Scenario& scenario_;
  PerService<std::uint32_t> retentions_;
  std::map<std::uint32_t, const Project*> projects_;  // that have changed
};

struct Stage {
  Stage(const Scenario& its_scenario, std::vector<std::uint32_t> services, Draws its_draws)
      : scenario(its_scenario),
        members(std::move(services)),
        draws(its_draws),
        agenda(scenario.start, scenario.end),
        journal(scenario, agenda),
        in_force(scenario, members) {}
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  const Service& service(std::uint32_t index) const { return scenario.services[index]; }
  Instant now() const { return agenda.now(); }

  const Scenario& scenario;
  const Members members;
  const Draws draws;
  Agenda agenda;
  Journal journal;
  InForce in_force;
};

}  // namespace backcast::sim
