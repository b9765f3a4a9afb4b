// Fits the survival curve to what was seen of real data.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "sim/model/delta_model.h"

namespace backcast::sim {

struct SurvivalPoint {
  double time = 0;    // operational, > 0
  double alive = 1;   // share in 0..1
  double weight = 1;  // of its squared error
};

// Least squares on log(1 - R) from a fixed set of starts; with n points at most as many numbers
// move as there are points. Points with nothing lost count as 10^-9 lost. The same points give the
// same curve on every machine.
SurvivalCurve fit_survival_curve(std::span<const SurvivalPoint> points);

// Where time itself follows from the curve, so that points cannot be given: `lost_shares_of` says
// what a curve has lost, one share per one seen. Least squares on their logarithms, from one start.
// The unit of time is free and comes out as it may.
using LostSharesOf = std::function<std::vector<double>(const SurvivalCurve&)>;
SurvivalCurve fit_survival_curve(std::span<const double> lost_shares,
                                 const LostSharesOf& lost_shares_of, const SurvivalCurve& start);

// The shape where only R(1) is known: R(x) = R(1)^(x^0.66). The exponent is a prior, measured on
// source trees and databases at 64 KiB chunks (0.53 to 0.95 there; 0.3 for databases at 512 KiB);
// see docs/fidelity.md. The result is the three-rate curve nearest to it.
inline constexpr double kPriorExponent = 0.66;
SurvivalCurve prior_survival_curve(double alive_after_one);

}  // namespace backcast::sim
