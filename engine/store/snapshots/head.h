// A second word for the newest snapshot. The sequence of the others tells of a snapshot that
// vanished; of the newest nothing else would. So whoever publishes a snapshot leaves an empty
// object of its name in heads/, in place of those that were there before, unless their snapshot
// vanished.
#pragma once

#include <vector>

#include "engine/store/repository/repository.h"

namespace backcast::store {

// Snapshots that are here or were forgotten, unless somebody else removed them.
Result<std::vector<Id>> read_heads(Repository& repository);

// To be called when the snapshot is published; `older` was read before. Heads of vanished snapshots
// stay.
Status write_head(Repository& repository, const Id& snapshot, const std::vector<Id>& older);

}  // namespace backcast::store
