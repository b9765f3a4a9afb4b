#include "sim/model/outside/job_bytes.h"

namespace backcast::sim {

std::uint64_t live_bytes_at(const Service& service, Instant start, const Draws& draws,
                            Instant born) {
  const Workload& workload = service.workload;
  if (!draws_size(workload)) return size_at(workload, start, born);
  Life life;
  life.begin(workload, service.delta.curve, start, draws, service.entity);
  return life.size_bytes(moment_at(workload, start, born));
}

}  // namespace backcast::sim
