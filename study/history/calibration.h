// From a recorded history to a workload, with how well it fits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "histories/import.h"
#include "sim/fit/calibrate.h"
#include "sim/fit/observations.h"
#include "study/history/backtest.h"
#include "study/run/watch.h"

namespace backcast::study {

struct FittedWorkload {
  sim::Calibration fit;
  // Forecasts that would have been made of it; none where it was not asked for or is too short.
  std::optional<Backtest> looked_back;
  std::vector<std::string> notes;
  bool partial = false;  // stopped while looking back, which leaves the fit without a score
};

// What each restore point of an imported history held and added, of those that `choice` means.
// Errors: several sources; sizes or new bytes that the tool did not export, with what makes it.
Result<sim::Observations> observations_of(const policy::History& history, const std::string& name,
                                          const sim::SourceChoice& choice);

// What a text says of one source's backups. `text`: whatever sim::read_observations or
// policy::import_history reads. Errors: as those.
Result<sim::Observations> read_observed(std::string_view text, const std::string& name,
                                        const sim::SourceChoice& choice);

// `text`: as read_observed. Errors: as that and sim::calibrate, with the file.
// `looks_back`: also says how good a few forecasts of its past would have been, under kUsualPolicy.
Result<FittedWorkload> fit_workload(std::string_view text, const std::string& name,
                                    const sim::SourceChoice& choice, bool looks_back,
                                    const Watch& watch = {});

}  // namespace backcast::study
