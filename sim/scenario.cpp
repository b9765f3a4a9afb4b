#include "sim/scenario.h"

#include <algorithm>

namespace backcast::sim {

bool covers(const JobLimit& limit, const Service& service, std::uint32_t index) {
  if (limit.project && service.project != *limit.project) return false;
  if (!limit.region.empty() && service.region != limit.region) return false;
  return limit.services.empty() ||
         std::find(limit.services.begin(), limit.services.end(), index) != limit.services.end();
}

}  // namespace backcast::sim
