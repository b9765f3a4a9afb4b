// New index objects in place of old ones, so that packs are no longer listed.
#pragma once

#include <unordered_set>

#include "engine/store/repository/repository.h"

namespace backcast::store {

using PackSet = std::unordered_set<Id, IdHash>;

// Writes anew what the objects that list packs of `gone` list beside them, and joins objects where
// there are many. What is new is safe before anything old goes; a crash leaves packs listed twice,
// which the next rewriting tidies up.
Status rewrite_index(Repository& repository, const Index& index, const PackSet& gone);

}  // namespace backcast::store
