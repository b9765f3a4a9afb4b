#include "engine/store/repository/wait.h"

#include <algorithm>

namespace backcast::store {

Result<std::unique_ptr<Lease>> take_lease(Repository& repository, LeaseKind kind,
                                          const Waiting& waiting) {
  constexpr Duration kFirstPause = std::chrono::milliseconds(50);
  constexpr Duration kLongestPause = std::chrono::seconds(2);
  env::Env& env = repository.env();
  const Duration began = env.monotonic();
  bool was_told = false;
  for (Duration pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
    auto lease = Lease::take(repository, kind);
    if (lease.ok() || lease.error().code != Errc::kLocked) return lease;
    const Duration left = waiting.limit - (env.monotonic() - began);
    if (left <= Duration::zero()) return lease;
    if (waiting.stop && *waiting.stop) return Error{Errc::kInterrupted, "interrupted", {}, {}};
    if (!was_told && waiting.on_wait) waiting.on_wait(lease.error().message);
    was_told = true;
    env.sleep(std::min(pause, left));
  }
}

}  // namespace backcast::store
