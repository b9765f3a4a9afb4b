// Least squares for the few numbers of a law: Levenberg-Marquardt with forward differences. The
// same problem gives the same answer on every machine as long as its residuals do.
#pragma once

#include <Eigen/Core>
#include <functional>

namespace backcast::sim {

using Residuals = std::function<Eigen::VectorXd(const Eigen::VectorXd&)>;

struct LeastSquares {
  double cost = 0;     // sum of squared residuals
  Eigen::VectorXd at;  // the parameters with that cost
};

// Never worse than `start`. Residuals must be finite near it.
LeastSquares least_squares(const Residuals& residuals, const Eigen::VectorXd& start);

}  // namespace backcast::sim
