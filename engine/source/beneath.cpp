#include "engine/source/beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace backcast::source {
namespace {

env::UniqueFd open_step(int folder, const char* path, int flags, unsigned mode) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | O_CLOEXEC);
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  for (;;) {
    const long descriptor = ::syscall(SYS_openat2, folder, path, &how, sizeof how);
    // EAGAIN: something was renamed meanwhile, and the kernel could not be sure.
    if (descriptor >= 0 || (errno != EAGAIN && errno != EINTR)) {
      return env::UniqueFd(static_cast<int>(descriptor));
    }
  }
}

}  // namespace

env::UniqueFd open_beneath(int folder, const std::string& path, int flags, unsigned mode) {
  if (path.empty()) return open_step(folder, ".", flags, mode);
  // The kernel takes PATH_MAX bytes at a time; a tree may be deeper.
  env::UniqueFd step;
  std::size_t at = 0;
  while (path.size() - at >= PATH_MAX) {
    const auto slash = path.rfind('/', at + PATH_MAX - 2);
    if (slash == std::string::npos || slash <= at) {
      errno = ENAMETOOLONG;
      return {};
    }
    step = open_step(step ? step.get() : folder, path.substr(at, slash - at).c_str(),
                     O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
    if (!step) return {};
    at = slash + 1;
  }
  return open_step(step ? step.get() : folder, path.c_str() + at, flags, mode);
}

}  // namespace backcast::source
