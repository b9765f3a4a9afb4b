#include "sim/model/sizes/season.h"

#include <cmath>

#include "engine/base/time_math.h"

namespace backcast::sim {

double cosine_of_turn(double turn) {
  turn -= std::floor(turn);
  if (turn > 0.5) turn = 1 - turn;
  const bool negative = turn > 0.25;
  if (negative) turn = 0.5 - turn;
  const double x = turn * 6.283185307179586, xx = x * x;
  double term = 1, sum = 1;
  for (int k = 1; k <= 12; ++k) {
    term *= -xx / ((2 * k - 1) * (2 * k));
    sum += term;
  }
  return negative ? -sum : sum;
}

double Season::factor(Instant t) const {
  if (!any()) return 1;
  // In days first: the same rounding as every other distance of a workload.
  const auto day = static_cast<double>(kDay.count());
  const double days = static_cast<double>(between(peak, t).count()) / day;
  return 1 + amplitude * cosine_of_turn(days * day / static_cast<double>(period.count()));
}

}  // namespace backcast::sim
