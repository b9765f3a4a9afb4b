// An index of what a listing of one snapshot reads: its tree and its reference list. It stays small
// however much the repository holds.
#pragma once

#include "engine/store/snapshot.h"

namespace backcast::store {

// The whole index where one of these chunks is in no object that can be read.
Result<Index> load_listing_index(Repository& repository, const Snapshot& snapshot);

}  // namespace backcast::store
