// The whole index of a repository, as far as it can be read.
#pragma once

#include "engine/store/repository.h"

namespace backcast::store {

// One attempt of Repository::load_index: kNotFound if an object vanished meanwhile.
Result<Index> load_index_once(Repository& repository);

}  // namespace backcast::store
