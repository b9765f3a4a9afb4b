// The next runs of several schedules together.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/policy/schedule/schedule.h"

namespace backcast::study {

struct Upcoming {
  Instant when{};
  std::size_t schedule = 0;  // which of them
};

// The runs after `after` and up to `until`, in order of time and at most `count`; at one instant in
// the order of the schedules. `zone`: as `next`.
std::vector<Upcoming> upcoming(std::span<const policy::Schedule> schedules, Instant after,
                               Instant until, std::size_t count, const policy::Zone& zone);

}  // namespace backcast::study
