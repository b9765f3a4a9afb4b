#include "sim/model/outside/collections.h"

#include <algorithm>

#include "engine/base/checked.h"

namespace backcast::sim {

std::uint64_t part_of(std::uint64_t bytes, const Service& service,
                      std::span<const policy::CollectionChoice> chosen) {
  if (chosen.empty()) return bytes;
  std::uint64_t share = 0;
  for (const policy::CollectionChoice& one : chosen) {
    const auto found =
        std::find_if(service.named_collections.begin(), service.named_collections.end(),
                     [&](const Collection& collection) { return collection.name == one.from; });
    if (found != service.named_collections.end()) share = must_add(share, found->share);
  }
  const uint128 part = static_cast<uint128>(bytes) * share / kWholeShare;
  return static_cast<std::uint64_t>(std::min<uint128>(part, UINT64_MAX));
}

void BroughtCollections::bring(std::span<const policy::CollectionChoice> chosen, Instant at) {
  for (const policy::CollectionChoice& one : chosen) brought_.try_emplace(one.to, at);
}

void BroughtCollections::set_back(Instant to) {
  std::erase_if(brought_, [&](const auto& one) { return one.second > to; });
}

std::vector<policy::CollectionName> BroughtCollections::names(const Service& service) const {
  std::vector<policy::CollectionName> names;
  for (const Collection& one : service.named_collections) names.push_back(one.name);
  for (const auto& [name, at] : brought_) names.push_back(name);
  return names;
}

}  // namespace backcast::sim
