// Restores: which backup serves, whether the provider's rules allow it, how long it takes over the
// link, and what reading it costs.
#pragma once

#include <string>

#include "sim/model/outside/collections.h"
#include "sim/world/availability.h"
#include "sim/world/jobs.h"
#include "sim/world/links.h"
#include "sim/world/schedules.h"
#include "sim/world/vaults.h"

namespace backcast::sim {

class Restores {
 public:
  // Marks a restore among the ids of a link's transfers.
  static constexpr std::uint64_t kTransfer = 1ULL << 32;

  Restores(Stage& stage, Availability& availability, const Schedules& schedules, Links& links,
           Vaults& vaults, Jobs& jobs)
      : stage_(stage),
        availability_(availability),
        schedules_(schedules),
        links_(links),
        vaults_(vaults),
        jobs_(jobs),
        brought_(stage.members) {}

  // `event`: the scenario's.
  void start(std::uint32_t event, std::uint32_t service);
  // The bytes are there: what is left is bringing the service back from them.
  void bring_back(std::uint32_t restore);
  void end(std::uint32_t restore);

 private:
  std::uint32_t serving_backup(const ScheduledEvent& event, std::uint32_t service,
                               const std::string& into);
  std::string region_of(const ScheduledEvent& event, std::uint32_t service) const;
  Why why_not(const ScheduledEvent& event, const RestoreRecord& restore);
  bool is_name_taken(const ScheduledEvent& event, std::uint32_t into);
  void occupy(const ScheduledEvent& event, const RestoreRecord& restore);
  Duration reading_time(const RestoreRecord& restore) const;
  void move(std::uint32_t restore);
  RestoreRecord& record(std::uint32_t restore) { return stage_.journal.result().restores[restore]; }

  Stage& stage_;
  Availability& availability_;
  const Schedules& schedules_;
  Links& links_;
  Vaults& vaults_;
  Jobs& jobs_;
  PerService<BroughtCollections> brought_;
};

}  // namespace backcast::sim
