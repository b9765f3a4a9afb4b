// The ledger of a repository: what it held, asked for and deleted, from its own records. The cost
// model prices it like a simulated one.
#pragma once

#include <vector>

#include "engine/base/usage.h"
#include "engine/store/repository/repository.h"

namespace backcast::store {

struct UsageNames {
  std::string project, region,
      storage_class;  // as the price book calls them; the records carry them
};

// In order of start:
//   kStorage   each pack and snapshot from when it was stored until it was deleted, or `until`
//   kRequest   "put" for every object written, "delete" for every one removed
//   kDeletion  for minimum-duration fees
// Reads, listings and what interrupted backups left behind are not recorded by a repository, so
// they are not here.
Result<std::vector<UsageRecord>> usage(Repository& repository, const UsageNames& names,
                                       Instant until);

}  // namespace backcast::store
