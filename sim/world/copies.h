// Copies to other regions: they start when the original is there and take time on a link.
#pragma once

#include <string>
#include <vector>

#include "sim/world/availability.h"
#include "sim/world/links.h"
#include "sim/world/schedules.h"
#include "sim/world/vaults.h"

namespace backcast::sim {

class Copies {
 public:
  Copies(Stage& stage, const Availability& availability, const Schedules& schedules, Links& links,
         Vaults& vaults)
      : stage_(stage),
        availability_(availability),
        schedules_(schedules),
        links_(links),
        vaults_(vaults) {}

  // `made`: where the scenario states the copy, with the policy of what it makes.
  void start(std::uint32_t original, const Generation& generation, const CopyRule& rule,
             const PolicyPlace& made);
  void end(std::uint32_t copy);
  void fail_to(const std::string& region, Why why);
  // Those of a service that `goes` says yes to.
  template <typename Goes>
  void fail_of(std::uint32_t service, Why why, Goes goes) {
    for (std::uint32_t i = 0; i < copies_.size(); ++i) {
      const BackupRecord& record = stage_.journal.backup(copies_[i].backup);
      if (copies_[i].running && record.service == service && goes(record)) cancel(i, why);
    }
  }

 private:
  struct Copy {
    std::uint32_t backup = kNone, vault = 0;
    std::uint32_t link = kNone;
    Link::Handle transfer = 0;
    PolicyPlace birth;
    bool running = false;
  };
  std::uint32_t record_copy(std::uint32_t original, const CopyRule& rule, bool scheduled);
  void cancel(std::uint32_t copy, Why why);

  Stage& stage_;
  const Availability& availability_;
  const Schedules& schedules_;
  Links& links_;
  Vaults& vaults_;
  std::vector<Copy> copies_;
};

}  // namespace backcast::sim
