// Opening what lies beneath a folder and nowhere else, whatever its names turn into meanwhile.
#pragma once

#include <cerrno>
#include <string>

#include "engine/env/tree.h"
#include "engine/env/unique_fd.h"

namespace backcast::source {

// Calls again what was interrupted.
template <typename Call>
auto uninterrupted(const Call& call) {
  for (;;) {
    const auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

// `path` is relative, of any length; "" is the folder itself. An empty UniqueFd and errno on
// failure.
env::UniqueFd open_beneath(env::Tree& tree, int folder, const std::string& path, int flags,
                           unsigned mode = 0);

}  // namespace backcast::source
