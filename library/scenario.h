// What stands behind an installed Scenario.
#pragma once

#include <backcast/scenario.h>

#include "study/run/scenario_run.h"

namespace backcast {

struct Scenario::Impl {
  scenario::Loaded written;
  study::PreparedScenario prepared;  // as it is written
};

}  // namespace backcast
