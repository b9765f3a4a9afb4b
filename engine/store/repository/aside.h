// Objects that are not what they should be are set aside: renamed to a name that nothing reads, and
// never deleted. Whoever misses nothing may remove them by hand.
#pragma once

#include <string>

#include "engine/store/repository/repository.h"

namespace backcast::store {

inline constexpr std::string_view kAsidePrefix = "damaged-";

// Renames "index/0123…" to "index/damaged-0123…" or, where that is taken, "…-2". Returns the name.
Result<std::string> set_bad_aside(Repository& repository, ObjectType type, const Id& id);

}  // namespace backcast::store
