// From a recorded history to a workload, with how well it fits.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "histories/import.h"
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

// What each restore point of an imported history held and added, of those that `choice` means.
// Errors: several sources; sizes or new bytes that the tool did not export, with what makes it.
Result<sim::Observations> observations_of(const policy::History& history, const std::string& name,
                                          const sim::SourceChoice& choice);

// What a text says of one source's backups. `text`: whatever sim::read_observations or
// policy::import_history reads. Errors: as those.
Result<sim::Observations> read_observed(std::string_view text, const std::string& name,
                                        const sim::SourceChoice& choice);

// `text`: as read_observed. Errors: as that and sim::calibrate, with the file.
Result<FittedWorkload> fit_workload(std::string_view text, const std::string& name,
                                    const sim::SourceChoice& choice, const Watch& watch = {});

}  // namespace backcast::study
