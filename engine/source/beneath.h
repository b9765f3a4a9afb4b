// Opening what lies beneath a folder and nowhere else, whatever its names turn into meanwhile.
#pragma once

#include <string>

#include "engine/env/unique_fd.h"

namespace backcast::source {

// openat2 with RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS. `path` is relative, of any length; "" is
// the folder itself. An empty UniqueFd and errno on failure.
env::UniqueFd open_beneath(int folder, const std::string& path, int flags, unsigned mode = 0);

}  // namespace backcast::source
