// Verbs that exclude one another wait for each other.
#pragma once

#include <atomic>
#include <functional>

#include "engine/store/repository/lease.h"

namespace backcast::store {

struct Waiting {
  Duration limit{};  // 0: not at all
  // Told once, who is waited for.
  std::function<void(const std::string& holder)> on_wait = nullptr;
  const std::atomic<bool>* stop = nullptr;
};

// Lease::take, again and again until it is free. Errors: kLocked when the limit is reached.
Result<std::unique_ptr<Lease>> take_lease(Repository& repository, LeaseKind kind,
                                          const Waiting& waiting);

}  // namespace backcast::store
