// How well sizes and new bytes can be carried on: forecasts of stored bytes 30 backups ahead, made
// at every generation of a recorded history from what was known then, each with a 90 % interval.
#pragma once

#include <vector>

#include "sim/fit/fidelity.h"
#include "sim/fit/fidelity_record.h"
#include "sim/model/delta_model.h"

namespace backcast::sim {

struct ForecastScore {
  std::vector<double> model_errors, linear_errors;  // relative
  std::uint32_t held = 0;                           // truths within their interval
  double coverage() const {
    return model_errors.empty() ? 0 : held / static_cast<double>(model_errors.size());
  }
};

// The interval comes from the errors of earlier forecasts: what 90 % of those that have come due
// were off, where for recent ones the error after 10 backups, three times, stands in for the one
// after 30. Where new bytes come in bursts it is wide enough for one ten times the largest seen.
class Forecaster {
 public:
  explicit Forecaster(const Record& record);

  // Scores the forecasts made in the last two thirds of the history.
  void score(const Thinning& rule, ForecastScore& score) const;

 private:
  // Volumes as known at `now` and as forecast from then on; the curve fitted by then.
  struct Origin {
    std::uint32_t now = 0;
    ObservedHistory seen;
    std::vector<double> tau;
    const SurvivalCurve* curve = nullptr;

    double size(std::uint32_t g) const { return static_cast<double>(seen.backups[g].size_bytes); }
  };
  double model_bytes(const Origin& origin, const std::vector<std::uint32_t>& kept) const;
  double log_error(const Origin& origin, const Thinning& rule, std::uint32_t ahead) const;

  const Record& record_;
  std::vector<SurvivalCurve> curves_;
  std::vector<Origin> origins_;
};

}  // namespace backcast::sim
