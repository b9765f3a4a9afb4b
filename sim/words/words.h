// What happened in a run, and why, in words: the only place where its codes become text.
#pragma once

#include <string>

#include "sim/model/result.h"
#include "sim/model/scenario.h"

namespace backcast::sim {

// `scenario` is the one that was run, or one that differs from it in bytes and times alone.

// Why a backup stays, went, failed or was refused: rule and numbers; "" where nobody says.
std::string reason_text(const Scenario& scenario, const BackupRecord& backup);

// Why a restore failed, or how long it took and what runs then.
std::string outcome_text(const Scenario& scenario, const RestoreRecord& restore);

// "vectors/auto-000012 failed: us-west1 is down"
std::string log_text(const Scenario& scenario, const RunResult& run, const LogEvent& event);

// Where it happened; "" where that is no single place.
const std::string& region_of(const Scenario& scenario, const RunResult& run, const LogEvent& event);

}  // namespace backcast::sim
