#include "sim/fit/curve_fit.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/fit/least_squares.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

constexpr double kLeastLoss = 1e-9;
constexpr double kSlowestRate = 1e-7, kFastestRate = 20;
constexpr Eigen::Index kParameters = 5;
// A faint pull towards the middle keeps numbers that nothing identifies from running away. Losses
// alone, without times, identify fewer.
constexpr double kPull = 1e-3, kPullWithoutTimes = 1e-2;

Eigen::VectorXd middle() {
  Eigen::VectorXd p(kParameters);
  p << -2, -1, -7, 2.5, 2.5;
  return p;
}

// Free numbers to a curve: weights by softmax against 0, rates as the slowest and two factors
// above 1, so that every point of the space is a valid, ordered curve.
SurvivalCurve curve_of(const Eigen::VectorXd& p) {
  const double e1 = portable_exp(std::clamp(p[0], -30.0, 30.0));
  const double e2 = portable_exp(std::clamp(p[1], -30.0, 30.0));
  SurvivalCurve curve;
  curve.w1 = e1 / (1 + e1 + e2);
  curve.w2 = e2 / (1 + e1 + e2);
  curve.rate3 = std::clamp(portable_exp(p[2]), kSlowestRate, kFastestRate);
  curve.rate2 = std::min(curve.rate3 * (1 + portable_exp(p[3])), kFastestRate);
  curve.rate1 = std::min(curve.rate2 * (1 + portable_exp(p[4])), 4 * kFastestRate);
  return curve;
}

// The other way, where the curve has such numbers; far out ones are drawn in, to start from.
Eigen::VectorXd parameters_of(const SurvivalCurve& curve) {
  constexpr double kLeast = 1e-6, kFar = 8;
  const auto log_of = [&](double x) { return portable_log(std::max(x, kLeast)); };
  const double w3 = 1 - curve.w1 - curve.w2;
  const auto factor = [&](double fast, double slow) {
    return std::min(log_of(fast / std::max(slow, kSlowestRate) - 1), kFar);
  };
  return (Eigen::VectorXd(kParameters) << log_of(curve.w1) - log_of(w3),
          log_of(curve.w2) - log_of(w3), middle()[2], factor(curve.rate2, curve.rate3),
          factor(curve.rate1, curve.rate2))
      .finished();
}

double log_loss(double lost) {
  return portable_log(std::max(lost, kLeastLoss));
}

// `misses` of a curve, and how far its numbers are from the middle.
Residuals pulled(std::function<void(const SurvivalCurve&, Eigen::VectorXd&)> misses,
                 Eigen::Index count, double pull) {
  return [misses = std::move(misses), count, pull](const Eigen::VectorXd& p) {
    Eigen::VectorXd r(count + kParameters);
    misses(curve_of(p), r);
    r.tail(kParameters) = pull * (p - middle());
    return r;
  };
}

}  // namespace

SurvivalCurve fit_survival_curve(std::span<const SurvivalPoint> points) {
  const auto misses = [&](const SurvivalCurve& curve, Eigen::VectorXd& r) {
    Eigen::Index i = 0;
    for (const SurvivalPoint& point : points) {
      r[i++] = std::sqrt(point.weight) *
               (log_loss(1 - curve.alive(point.time)) - log_loss(1 - point.alive));
    }
  };
  const Residuals residuals = pulled(misses, static_cast<Eigen::Index>(points.size()), kPull);
  LeastSquares best{INFINITY, {}};
  for (const double weight1 : {-4.0, -1.0}) {
    for (const double weight2 : {-3.0, 0.0}) {
      for (const double slow : {-10.0, -6.5, -4.0}) {
        for (const double factor : {1.0, 3.0}) {
          const Eigen::VectorXd start =
              (Eigen::VectorXd(kParameters) << weight1, weight2, slow, factor, factor).finished();
          LeastSquares found = least_squares(residuals, start);
          if (found.cost < best.cost) best = std::move(found);
        }
      }
    }
  }
  return curve_of(best.at);
}

SurvivalCurve fit_survival_curve(std::span<const double> lost_shares,
                                 const LostSharesOf& lost_shares_of, const SurvivalCurve& start) {
  const auto misses = [&](const SurvivalCurve& curve, Eigen::VectorXd& r) {
    const std::vector<double> lost = lost_shares_of(curve);
    for (std::size_t i = 0; i < lost_shares.size(); ++i) {
      r[static_cast<Eigen::Index>(i)] = log_loss(lost[i]) - log_loss(lost_shares[i]);
    }
  };
  const auto count = static_cast<Eigen::Index>(lost_shares.size());
  return curve_of(least_squares(pulled(misses, count, kPullWithoutTimes), parameters_of(start)).at);
}

SurvivalCurve prior_survival_curve(double alive_after_one) {
  const double alive = std::clamp(alive_after_one, 1e-6, 1 - kLeastLoss);
  const double rate = -portable_log(alive);
  std::vector<SurvivalPoint> points;
  for (const double time : {1.0, 2.0, 4.0, 7.0, 14.0, 28.0, 56.0, 112.0, 224.0}) {
    const double stretched = portable_exp(kPriorExponent * portable_log(time));
    points.push_back({time, portable_exp(-rate * stretched), 1});
  }
  return fit_survival_curve(points);
}

}  // namespace backcast::sim
