#include "study/history/upcoming.h"

#include <optional>

namespace backcast::study {

std::vector<Upcoming> upcoming(std::span<const policy::Schedule> schedules, Instant after,
                               Instant until, std::size_t count, const policy::Zone& zone) {
  std::vector<std::optional<Instant>> ahead;
  for (const policy::Schedule& schedule : schedules) ahead.push_back(next(schedule, after, zone));
  std::vector<Upcoming> runs;
  while (runs.size() < count) {
    std::size_t first = schedules.size();
    for (std::size_t i = 0; i < schedules.size(); ++i) {
      if (ahead[i] && (first == schedules.size() || *ahead[i] < *ahead[first])) first = i;
    }
    if (first == schedules.size() || *ahead[first] > until) break;
    runs.push_back({*ahead[first], first});
    ahead[first] = next(schedules[first], *ahead[first], zone);
  }
  return runs;
}

}  // namespace backcast::study
