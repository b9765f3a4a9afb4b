// From a recorded history to a workload, with how well it fits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/fit/calibrate.h"
#include "sim/fit/fidelity.h"
#include "sim/fit/observations.h"
#include "study/run/watch.h"

namespace backcast::study {

struct FittedWorkload {
  sim::Calibration fit;
  std::optional<sim::Fidelity> fidelity;  // where the input tells every overlap
  std::vector<std::string> notes;
  bool partial = false;  // stopped while the fit was scored, which leaves it without a score
};

// Errors: as sim::read_observations and sim::calibrate, with the file.
Result<FittedWorkload> fit_workload(std::string_view text, const std::string& name,
                                    const sim::SourceChoice& choice, const Watch& watch = {});

}  // namespace backcast::study
