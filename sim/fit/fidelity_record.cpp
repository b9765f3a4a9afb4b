#include "sim/fit/fidelity_record.h"

#include <algorithm>

namespace backcast::sim {
namespace {

constexpr std::size_t kRelatives = 32;  // older backups looked at for what comes back
// Of the bytes that came back, those that an older kept backup holds: from 0.4 to 0.7 the errors of
// docs/fidelity.md move by 0.2 points.
constexpr double kHeldElsewhere = 2.0 / 3;

}  // namespace

double Record::relatives_sum(const std::vector<std::uint32_t>& kept, const Shared& shared,
                             std::uint32_t now) const {
  double sum = size(kept.front());
  for (std::size_t i = 1; i < kept.size(); ++i) {
    double most = 0;
    for (std::size_t back = 1; back <= std::min(i, kRelatives); ++back) {
      most = std::max(most, shared(kept[i - back], kept[i]));
    }
    double came_back = 0, added = 0;
    for (std::uint32_t g = kept[i - 1] + 1; g <= std::min(kept[i], now); ++g) {
      came_back += returned[g];
      added += returned[g] + static_cast<double>(all.backups[g].new_bytes);
    }
    const double held = added > 0 ? kHeldElsewhere * came_back / added : 0;
    sum += (size(kept[i]) - most) * (1 - held);
  }
  return sum;
}

std::vector<double> Record::returned_bytes() const {
  std::vector<double> result(table.generations, 0);
  for (std::uint32_t g = 1; g < table.generations; ++g) {
    double most = 0;
    for (std::uint32_t back = 1; back <= std::min<std::uint32_t>(g, kRelatives); ++back) {
      most = std::max(most, truth(g - back, g));
    }
    result[g] = size(g) - static_cast<double>(all.backups[g].new_bytes) - most;
  }
  return result;
}

}  // namespace backcast::sim
