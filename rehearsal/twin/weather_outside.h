// The outside of a control plane under the virtual clock: what the simulator says happens to jobs,
// bytes and links happens here, by the same functions of sim/model and no other part of it.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "engine/control/outside/outside.h"
#include "sim/model/delta_model.h"
#include "sim/model/outside/collections.h"
#include "sim/model/outside/link.h"
#include "sim/model/scenario.h"
#include "sim/model/weather.h"

namespace backcast::rehearsal {

class WeatherOutside : public control::Outside {
 public:
  // The scenario must outlive it. Clusters are its services, in order, numbered from 1.
  WeatherOutside(const sim::Scenario& scenario, sim::Draws draws);

  void opened(control::Notes& notes) override;
  Duration start_delay(control::Id cluster, std::uint32_t schedule, Instant named,
                       int window_seconds) override;
  std::uint64_t accept(const control::Work& work, Instant now) override;
  control::Begun begin(const control::Work& work, Instant now) override;
  Duration bring_back(const control::Work& work) override;
  void cancel(const control::Work& work, Instant now) override;
  void put(const control::Work& work) override;
  void remove(control::Id vault, control::Id backup) override;
  std::uint64_t held_bytes(control::Id vault) override;
  std::uint64_t freed_bytes(control::Id vault, const std::vector<control::Id>& backups) override;
  std::vector<policy::CollectionName> collections(control::Id cluster) override;
  bool is_increment(control::Id vault, control::Id backup) override;
  std::vector<control::Id> arrived(std::uint32_t link, Instant now) override;
  std::vector<Wake> wakes() override;
  std::optional<std::uint32_t> link_between(const std::string& from,
                                            const std::string& to) override;
  void happens(const std::string& text, bool begins, Instant now) override;
  void destroy_key(control::Id) override {}
  void committed() override {}
  void rolled_back() override {}

 private:
  struct Vault {
    explicit Vault(const sim::DeltaModel& model) : chain(model) {}
    sim::DeltaChain chain;
    std::map<control::Id, sim::DeltaChain::Handle> handles;  // by backup
  };
  struct Transfer {
    std::uint32_t link = 0;
    sim::Link::Handle handle = 0;
  };
  const sim::Service& service(control::Id cluster) const {
    return scenario_.services[static_cast<std::size_t>(cluster - 1)];
  }
  Vault& vault(control::Id id, control::Id cluster);
  std::int64_t since_start(Instant t) const { return (t - scenario_.start).count(); }
  policy::JobBytes bytes_of(const control::Work& work, Instant now);
  sim::Pace pace_of(const control::Work& work);
  Duration restore_time(const control::Work& work);
  void occupy(const control::Work& work, Instant now);
  void await(std::uint32_t link);
  void note(const char* what, std::initializer_list<std::int64_t> values,
            const std::string& tail = {});
  void replay(const std::string& line);

  const sim::Scenario& scenario_;
  const sim::Draws draws_;
  std::vector<sim::Life> lives_;                            // by service
  std::vector<std::uint32_t> generations_;                  // made so far, by service
  std::vector<int> failing_;                                // open times of failing, by service
  std::map<control::Id, sim::BroughtCollections> brought_;  // by cluster
  std::map<control::Id, std::unique_ptr<Vault>> vaults_;
  std::map<control::Id, sim::Generation> seen_;  // by backup: what it saw
  std::map<control::Id, std::uint64_t> moved_;   // by copy
  std::vector<sim::Link> links_;                 // as Scenario::links
  std::map<control::Id, Transfer> transfers_;    // by job
  std::set<std::uint32_t> touched_;              // links whose next end must be asked for
  control::Notes* notes_ = nullptr;
};

}  // namespace backcast::rehearsal
