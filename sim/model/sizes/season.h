// A cycle in the size of data: highest once a period, as far below half a period later.
#pragma once

#include "engine/base/instant.h"

namespace backcast::sim {

// cos(2 pi turn) from additions and multiplications alone, so that it has the same bits anywhere.
double cosine_of_turn(double turn);

struct Season {
  double amplitude = 0;  // 0..1; share of the size at the peak, -share at the trough
  Duration period{0};
  Instant peak{};  // any of them

  bool any() const { return amplitude != 0 && period > Duration{0}; }
  // Of the size at t, 1 - amplitude to 1 + amplitude; 1 without a season.
  double factor(Instant t) const;
};

}  // namespace backcast::sim
