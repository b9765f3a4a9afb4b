#include "sim/fit/age_law.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/fit/least_squares.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

constexpr double kMaxExponent = 60;     // the youngest first in any case, and far from overflow
constexpr double kMostDead = 0.999999;  // all would take endless busyness
constexpr std::size_t kWindow = 365;    // a fit takes time with its square, here about a second

double power(double age, double exponent) {
  return portable_exp(-exponent * portable_log(std::max(age, 1.0)));
}

// Bytes lost per gap, summed over the backups that say so: as seen, and by a law.
struct Losses {
  std::vector<double> seen, told;
};

Losses losses_by(const AgeLaw& law, const ObservedHistory& history) {
  const auto& backups = history.backups;
  std::vector<double> seen(kLossGapCount, 0), told(kLossGapCount, 0);
  Cohorts cohorts(law, {static_cast<double>(backups.front().size_bytes)});
  for (std::size_t b = 1; b < backups.size(); ++b) {
    cohorts.advance(static_cast<double>(backups[b].size_bytes),
                    static_cast<double>(backups[b].new_bytes));
    for (std::size_t i = 0; i < kLossGapCount && kLossGaps[i] <= b; ++i) {
      if (!backups[b].lost_bytes[i]) continue;
      const std::size_t a = b - kLossGaps[i];
      seen[i] += static_cast<double>(*backups[b].lost_bytes[i]);
      told[i] += static_cast<double>(backups[a].size_bytes) - cohorts.shared_with(a);
    }
  }
  return {seen, told};
}

AgeLaw law_of(const Eigen::VectorXd& p) {
  return {std::clamp(p[0], 0.0, kMaxExponent), portable_exp(std::clamp(p[1], -3.0, 12.0))};
}

}  // namespace

Cohorts::Cohorts(const AgeLaw& law, std::vector<double> alive)
    : law_(law), alive_(std::move(alive)), hazard_by_age_{1} {}

double Cohorts::hazard(std::size_t cohort) const {
  if (cohort == 0) {
    return power(static_cast<double>(alive_.size()) + law_.first_age, law_.exponent);
  }
  return hazard_by_age_[alive_.size() - cohort];
}

// The theta at which so many bytes die. What is left falls ever more slowly with theta, so Newton
// from 0 never overshoots.
double Cohorts::busyness(const std::vector<double>& hazards, double dead_bytes) const {
  double theta = 0;
  for (int step = 0; step < 200; ++step) {
    double dead = 0, slope = 0;
    for (std::size_t c = 0; c < alive_.size(); ++c) {
      if (alive_[c] <= 0) continue;
      const double left = alive_[c] * portable_exp(-theta * hazards[c]);
      dead += alive_[c] - left;
      slope += left * hazards[c];
    }
    const double next = theta + (dead_bytes - dead) / slope;
    if (!(next > theta * (1 + 1e-12)) || !std::isfinite(next)) break;
    theta = next;
  }
  return theta;
}

void Cohorts::advance(double size_bytes, double new_bytes) {
  const double all = std::accumulate(alive_.begin(), alive_.end(), 0.0);
  const double dead = std::min(all - (size_bytes - new_bytes), all * kMostDead);
  while (hazard_by_age_.size() <= alive_.size()) {
    hazard_by_age_.push_back(power(static_cast<double>(hazard_by_age_.size()), law_.exponent));
  }
  if (dead > 0) {
    std::vector<double> hazards(alive_.size());
    for (std::size_t c = 0; c < hazards.size(); ++c) hazards[c] = hazard(c);
    const double theta = busyness(hazards, dead);
    for (std::size_t c = 0; c < hazards.size(); ++c) {
      alive_[c] *= portable_exp(-theta * hazards[c]);
    }
  }
  alive_.push_back(new_bytes);
}

double Cohorts::shared_with(std::size_t a) const {
  return std::accumulate(alive_.begin(), alive_.begin() + static_cast<std::ptrdiff_t>(a) + 1, 0.0);
}

std::vector<double> Cohorts::shared_with_all() const {
  std::vector<double> shared(alive_.size());
  std::partial_sum(alive_.begin(), alive_.end(), shared.begin());
  return shared;
}

AgeLaw fit_age_law(const ObservedHistory& whole) {
  ObservedHistory history = whole;
  if (history.backups.size() > kWindow) {
    history.backups.erase(history.backups.begin(), history.backups.end() - kWindow);
  }
  const double least = 1e-9 * static_cast<double>(history.backups.front().size_bytes);
  const Residuals residuals = [&](const Eigen::VectorXd& p) {
    constexpr double kPull = 1e-3, kMiddle = 3;
    const Losses losses = losses_by(law_of(p), history);
    Eigen::VectorXd r = Eigen::VectorXd::Zero(kLossGapCount + 1);
    for (std::size_t i = 0; i < kLossGapCount; ++i) {
      if (losses.seen[i] <= 0) continue;
      r[static_cast<Eigen::Index>(i)] =
          portable_log(std::max(losses.told[i], least) / std::max(losses.seen[i], least));
    }
    r[kLossGapCount] = kPull * (p[1] - kMiddle);
    return r;
  };
  LeastSquares best{INFINITY, {}};
  for (const double exponent : {0.1, 0.5, 1.0, 1.6, 4.0, 30.0}) {
    for (const double log_first_age : {0.0, 2.0, 4.0}) {
      const Eigen::Vector2d at(exponent, log_first_age);
      const double cost = residuals(at).squaredNorm();
      if (cost < best.cost) best = {cost, at};
    }
  }
  return law_of(least_squares(residuals, best.at).at);
}

}  // namespace backcast::sim
