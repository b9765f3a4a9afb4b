#include "engine/source/beneath.h"

#include <fcntl.h>

#include <climits>

namespace backcast::source {
namespace {

env::UniqueFd open_step(env::Tree& tree, int folder, const char* path, int flags, unsigned mode) {
  for (;;) {
    const int descriptor = tree.open_beneath(folder, path, flags, mode);
    // EAGAIN: something was renamed meanwhile, and the kernel could not be sure.
    if (descriptor >= 0 || (errno != EAGAIN && errno != EINTR)) return env::UniqueFd(descriptor);
  }
}

}  // namespace

env::UniqueFd open_beneath(env::Tree& tree, int folder, const std::string& path, int flags,
                           unsigned mode) {
  if (path.empty()) return open_step(tree, folder, ".", flags, mode);
  // The kernel takes PATH_MAX bytes at a time; a tree may be deeper.
  env::UniqueFd step;
  std::size_t at = 0;
  while (path.size() - at >= PATH_MAX) {
    const auto slash = path.rfind('/', at + PATH_MAX - 2);
    if (slash == std::string::npos || slash <= at) {
      errno = ENAMETOOLONG;
      return {};
    }
    step = open_step(tree, step ? step.get() : folder, path.substr(at, slash - at).c_str(),
                     O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    if (!step) return {};
    at = slash + 1;
  }
  return open_step(tree, step ? step.get() : folder, path.c_str() + at, flags, mode);
}

}  // namespace backcast::source
