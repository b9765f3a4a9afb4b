#include "sim/fit/least_squares.h"

#include <Eigen/Dense>
#include <algorithm>

namespace backcast::sim {

LeastSquares least_squares(const Residuals& residuals, const Eigen::VectorXd& start) {
  constexpr double kStep = 1e-6, kLeastGain = 1e-10;
  Eigen::VectorXd p = start, r = residuals(p);
  double cost = r.squaredNorm(), damping = 1e-2;
  for (int step = 0; step < 200 && damping < 1e10; ++step) {
    Eigen::MatrixXd jacobian(r.size(), p.size());
    for (Eigen::Index k = 0; k < p.size(); ++k) {
      Eigen::VectorXd moved = p;
      moved[k] += kStep;
      jacobian.col(k) = (residuals(moved) - r) / kStep;
    }
    Eigen::MatrixXd normal = jacobian.transpose() * jacobian;
    const Eigen::VectorXd gradient = jacobian.transpose() * r;
    double gain = 0;
    for (; damping < 1e10; damping *= 4) {
      Eigen::MatrixXd damped = normal;
      damped.diagonal() *= 1 + damping;
      const Eigen::VectorXd next = p - Eigen::VectorXd(damped.ldlt().solve(gradient));
      const Eigen::VectorXd next_r = residuals(next);
      const double next_cost = next_r.squaredNorm();
      if (!(next_cost < cost)) continue;
      gain = (cost - next_cost) / cost;
      p = next;
      r = next_r;
      cost = next_cost;
      damping = std::max(damping / 4, 1e-12);
      break;
    }
    if (gain < kLeastGain) break;
  }
  return {cost, p};
}

}  // namespace backcast::sim
