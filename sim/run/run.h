// One run of a scenario.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "sim/model/result.h"
#include "sim/model/scenario.h"
#include "sim/run/fleet.h"

namespace backcast::sim {

struct RunOptions {
  std::uint32_t replication = 0;  // which draws: same seed and replication, same bytes
  unsigned threads = 0;           // 0 = every core; the result does not depend on it
  // Set by Ctrl-C: what is known is given back, marked partial. Services that were simulated
  // together end at the same moment; of others, those that were done are complete.
  const std::atomic<bool>* stop = nullptr;
  std::function<void(std::uint64_t done)> progress = {};  // services done since the last call
  // Gets the billed usage of fleets, one record at a time; unset: it goes into RunResult::billed.
  LedgerSink ledger = {};
  bool fleets_one_by_one = false;  // as FleetOptions::one_by_one
  // All services in one world, so that the log has the order of one clock also within a second.
  bool together = false;
};

// How many services a run simulates: what `progress` adds up to.
std::uint64_t services_of(const Scenario& scenario);

// Whether a bill covers what backups of a kind use.
bool is_billed(const BillScope& bill, const std::string& backup_kind);

// Simulates the whole scenario and checks its requirements. Budgets are checked once there is a
// bill: check_budgets in requirements.h.
RunResult run(const Scenario& scenario, const RunOptions& options = {});

}  // namespace backcast::sim
