#include "sim/curve_fit.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/portable_math.h"

namespace backcast::sim {
namespace {

constexpr double kLeastLoss = 1e-9;
constexpr double kSlowestRate = 1e-7, kFastestRate = 20;
constexpr int kParameters = 5;

using Parameters = Eigen::Matrix<double, kParameters, 1>;
using Normal = Eigen::Matrix<double, kParameters, kParameters>;

// Free numbers to a curve: weights by softmax against 0, rates as the slowest and two factors
// above 1, so that every point of the space is a valid, ordered curve.
SurvivalCurve curve_of(const Parameters& p) {
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

double log_loss(double alive) {
  return portable_log(std::max(1 - alive, kLeastLoss));
}

class Fit {
 public:
  explicit Fit(std::span<const SurvivalPoint> points) : points_(points) {}

  Eigen::VectorXd residuals(const Parameters& p) const {
    const SurvivalCurve curve = curve_of(p);
    Eigen::VectorXd r(static_cast<Eigen::Index>(points_.size()) + kParameters);
    Eigen::Index i = 0;
    for (const SurvivalPoint& point : points_) {
      r[i++] =
          std::sqrt(point.weight) * (log_loss(curve.alive(point.time)) - log_loss(point.alive));
    }
    // A faint pull towards the middle keeps numbers that no point identifies from running away.
    for (int k = 0; k < kParameters; ++k) r[i++] = kPull * (p[k] - middle_[k]);
    return r;
  }

  // Levenberg-Marquardt with forward differences.
  std::pair<double, Parameters> from(Parameters p) const {
    Eigen::VectorXd r = residuals(p);
    double cost = r.squaredNorm(), damping = 1e-2;
    for (int step = 0; step < 200 && damping < 1e10; ++step) {
      Eigen::Matrix<double, Eigen::Dynamic, kParameters> jacobian(r.size(), kParameters);
      for (int k = 0; k < kParameters; ++k) {
        constexpr double kStep = 1e-6;
        Parameters moved = p;
        moved[k] += kStep;
        jacobian.col(k) = (residuals(moved) - r) / kStep;
      }
      Normal normal = jacobian.transpose() * jacobian;
      const Parameters gradient = jacobian.transpose() * r;
      normal.diagonal() *= 1 + damping;
      const Parameters next = p - Parameters(normal.ldlt().solve(gradient));
      const Eigen::VectorXd next_r = residuals(next);
      const double next_cost = next_r.squaredNorm();
      if (!(next_cost < cost)) {
        damping *= 4;
        continue;
      }
      const double gain = (cost - next_cost) / cost;
      p = next;
      r = next_r;
      cost = next_cost;
      damping = std::max(damping / 4, 1e-12);
      if (gain < 1e-10) break;
    }
    return {cost, p};
  }

 private:
  static constexpr double kPull = 1e-3;
  std::span<const SurvivalPoint> points_;
  Parameters middle_ = (Parameters() << -2, -1, -7, 2.5, 2.5).finished();
};

}  // namespace

SurvivalCurve fit_survival_curve(std::span<const SurvivalPoint> points) {
  const Fit fit(points);
  double best_cost = INFINITY;
  Parameters best = Parameters::Zero();
  for (const double weight1 : {-4.0, -1.0}) {
    for (const double weight2 : {-3.0, 0.0}) {
      for (const double slow : {-10.0, -6.5, -4.0}) {
        for (const double factor : {1.0, 3.0}) {
          const auto [cost, p] =
              fit.from((Parameters() << weight1, weight2, slow, factor, factor).finished());
          if (cost < best_cost) {
            best_cost = cost;
            best = p;
          }
        }
      }
    }
  }
  return curve_of(best);
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
