// The whole index of a repository, as far as it can be read.
#pragma once

#include "engine/store/damage.h"

namespace backcast::store {

// One attempt of Repository::load_index: kNotFound if an object vanished meanwhile.
Result<Index> load_index_once(Repository& repository);
// Repository::load_index without what damage/ says, for whoever looks for himself. Objects that do
// not open are added to `damaged`.
Result<Index> load_index_unjudged(Repository& repository, std::vector<Damage>& damaged);

}  // namespace backcast::store
