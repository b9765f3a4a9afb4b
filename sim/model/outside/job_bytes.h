// What jobs read, send and bring back: by the life of the data, not by anybody's decision.
#pragma once

#include <algorithm>

#include "engine/base/checked.h"
#include "engine/policy/service/admission.h"
#include "sim/model/scenario.h"

namespace backcast::sim {

// What is read is counted as live data, what is sent as it is stored. `sent_bytes()` is asked only
// where it says something.
template <typename Sent>
policy::JobBytes job_bytes(const Service& service, const Generation& generation,
                           std::uint64_t live_bytes, Sent sent_bytes) {
  const policy::JobSpeed& speed = service.job.speed;
  if (speed.send_rate_bytes_per_second == 0 && !speed.reads_changes) return {live_bytes, 0};
  const std::uint64_t sent = sent_bytes();
  const std::uint64_t full_bytes = std::max<std::uint64_t>(service.delta.full_bytes(generation), 1);
  const auto changed = static_cast<uint128>(live_bytes) * sent / full_bytes;
  return {speed.reads_changes ? static_cast<std::uint64_t>(changed) : live_bytes, sent};
}

// Live data that the backup of this moment saw.
std::uint64_t live_bytes_at(const Service& service, Instant start, const Draws& draws,
                            Instant born);

}  // namespace backcast::sim
