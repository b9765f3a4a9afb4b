// The whole index of a repository, as far as it can be read.
#pragma once

#include <unordered_set>

#include "engine/store/repository/damage.h"

namespace backcast::store {

// The whole index; packs under a mark are condemned, and what damage/ says is bad.
Result<Index> load_index(Repository& repository);
// load_index of these chunks alone: small however much the repository holds, for
// whoever reads little. All of it where one of them is in no object that can be read.
using ChunkSet = std::unordered_set<Id, IdHash>;
Result<Index> load_index_of(Repository& repository, const ChunkSet& chunks);
// load_index without what damage/ says, for whoever looks for himself. Objects that do
// not open are added to `damaged`.
Result<Index> load_index_unjudged(Repository& repository, std::vector<Damage>& damaged);

}  // namespace backcast::store
