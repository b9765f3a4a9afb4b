// Data of which each part dies at an age of its own, as logs that are rotated away: what will die
// is there already, and when it came tells when. Data that is rewritten has no such ages: what dies
// is what came in its place.
#pragma once

#include <cstddef>

#include "sim/fit/volumes/volumes.h"

namespace backcast::sim {

struct GrowthByAge {
  double growth_bytes = 0;  // per step, on the way to the size 90 steps ahead
  double share = 0;         // how far that is to be believed, 0..1
};

// As the first `count` steps show it. Every age has the hazard of the last 90 steps, where a step
// that added far more than the others counts as three of them; beyond the ages seen it is that of
// the oldest, and of what was there before the first step its own. Steps to come add what the last
// ones did (`recent_new_bytes`). The share is (1 - r^2)^2, r the correlation of what came and what
// died by step, of square roots. It is 0 where lives are not known, or backups are missing.
GrowthByAge growth_by_age(const VolumeSteps& steps, std::size_t count);

}  // namespace backcast::sim
