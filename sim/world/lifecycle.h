// What becomes of backups when their service or project is deleted, what switching schedules off
// and on does, and what changes in mid-life: a policy, a plan, a schedule or a backup that is
// deleted.
#pragma once

#include <map>
#include <vector>

#include "engine/policy/service/lifecycle.h"
#include "sim/world/availability.h"
#include "sim/world/copies.h"
#include "sim/world/jobs.h"
#include "sim/world/schedules.h"
#include "sim/world/vaults.h"

namespace backcast::sim {

class Lifecycle {
 public:
  Lifecycle(Stage& stage, Availability& availability, Schedules& schedules, Vaults& vaults,
            Copies& copies, Jobs& jobs)
      : stage_(stage),
        availability_(availability),
        schedules_(schedules),
        vaults_(vaults),
        copies_(copies),
        jobs_(jobs) {}

  void delete_service(std::uint32_t service, const ScheduledEvent& event);
  void delete_project(std::uint32_t project, const ScheduledEvent& event);
  void purge(std::uint32_t service);
  void destroy_key(std::uint32_t project);
  void switch_off(std::uint32_t service);
  void switch_on(std::uint32_t service);
  // By number of the scenario's event.
  void delete_backup(std::uint32_t service, std::uint32_t event);
  void delete_schedule(std::uint32_t event);
  void change_policy(std::uint32_t event);
  void change_plan(std::uint32_t event);

 private:
  // A backup that stays for a grace period after its service was deleted.
  struct Purge {
    Instant at{};
    std::uint32_t backup = 0;
    Reason reason{};
  };
  policy::DeletionRules rules_for(const Service& service, const ScheduledEvent& event) const;
  void end(std::uint32_t service, const policy::DeletionRules& rules, policy::OwnerKind owner);
  void decide_fate(std::uint32_t backup, const policy::DeletionRules& rules,
                   policy::OwnerKind owner);
  void change_schedules(const PolicyChange& change);

  Stage& stage_;
  Availability& availability_;
  Schedules& schedules_;
  Vaults& vaults_;
  Copies& copies_;
  Jobs& jobs_;
  std::map<std::uint32_t, std::vector<Purge>> purges_;  // by service
};

}  // namespace backcast::sim
