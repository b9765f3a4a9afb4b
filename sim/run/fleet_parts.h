// What the two ways of simulating a fleet have in common.
#pragma once

#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>

#include "sim/model/draws.h"
#include "sim/run/fleet.h"
#include "sim/world/world.h"

namespace backcast::sim {

// The scenario of one member: itself, and the events and requirements that concern its fleet.
Scenario scenario_of_one(const Scenario& scenario, std::uint32_t fleet);

// Adds one simulated member's backups to the totals, `times` over.
void count(const RunResult& run, std::uint64_t times, FleetTotals& totals);

// Calls visit(begin, end) for chunks of members in order, until all are done or a stop is asked
// for; returns how many were done.
template <typename Visit>
std::uint64_t in_chunks(std::uint64_t members, std::uint64_t chunk, const FleetOptions& options,
                        Visit visit) {
  std::uint64_t done = 0;
  while (done < members && !(options.stop != nullptr && *options.stop)) {
    const std::uint64_t end = done + std::min(chunk, members - done);
    visit(done, end);
    if (options.progress) options.progress(end - done);
    done = end;
  }
  return done;
}

// fleet_replay.cpp
FleetRun replay_fleet(const Scenario& scenario, std::uint32_t fleet, const FleetOptions& options,
                      const LedgerSink& ledger);

}  // namespace backcast::sim
