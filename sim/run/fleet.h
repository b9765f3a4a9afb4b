// Fleets: very many services that share nothing. Each is simulated by itself over the whole horizon
// and added to sums, so memory does not grow with their number.
//
// Members whose times do not depend on their data (no speed of jobs, no draw that moves or fails
// one, no limit in bytes) all have one timetable: which backup is made and deleted when. It comes
// from simulating one of them in the world (world.h), with every rule asked there; the others
// replay it, each with its own data. Members of any other fleet each have a world of their own.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "sim/model/result.h"
#include "sim/model/scenario.h"
#include "sim/requirements/requirements.h"

namespace backcast::sim {

using LedgerSink = std::function<void(const UsageRecord&)>;

struct FleetOptions {
  std::uint32_t replication = 0;
  unsigned threads = 0;                     // 0 = every core; nothing depends on it
  const std::atomic<bool>* stop = nullptr;  // set by Ctrl-C: what is done is given back
  std::function<void(std::uint64_t done)> progress = {};  // services done since the last call
  bool one_by_one = false;  // a world for each member, whatever the timetable
};

struct FleetRun {
  FleetTotals totals;
  std::vector<Series> series;             // stored bytes by region
  std::vector<RequirementTally> tallies;  // as Scenario::requirements
  std::uint64_t size_first_bytes = 0, size_last_bytes = 0;
  std::uint64_t events = 0;
};

// The same with the members of expanded fleets drawn anew, and the shapes of the curves that
// outlooks doubt; whether there are any.
bool is_redrawn(const Scenario& scenario);
Scenario redrawn(const Scenario& scenario, const Draws& draws);

// Why members have no timetable in common, or "".
std::string why_one_by_one(const Scenario& scenario, const Fleet& fleet);

// `ledger` gets the usage of all members under the fleet's name, always in the same order, never
// from two threads at once.
FleetRun run_fleet(const Scenario& scenario, std::uint32_t fleet, const FleetOptions& options,
                   const LedgerSink& ledger);

}  // namespace backcast::sim
