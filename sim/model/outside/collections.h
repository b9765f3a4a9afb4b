// Collections of a service: how much of its bytes they are, and which names it has by now.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "engine/base/instant.h"
#include "engine/policy/service/collections.h"
#include "sim/model/scenario.h"

namespace backcast::sim {

// What the chosen collections are of so many bytes of the service, rounded down; without a choice
// all of them. What is chosen twice counts twice.
std::uint64_t part_of(std::uint64_t bytes, const Service& service,
                      std::span<const policy::CollectionChoice> chosen);

// Names that restores have brought into one cluster. They count from the start of the restore.
// Their bytes do not: what a cluster grows by is its growth.
class BroughtCollections {
 public:
  void bring(std::span<const policy::CollectionChoice> chosen, Instant at);
  // The cluster is what it was then.
  void set_back(Instant to);
  // With those that the service has from the beginning.
  std::vector<policy::CollectionName> names(const Service& service) const;

 private:
  std::map<policy::CollectionName, Instant> brought_;
};

}  // namespace backcast::sim
