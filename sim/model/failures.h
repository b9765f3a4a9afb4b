// What fails by chance and is mended again: regions, links, stores, and the jobs of many services
// at once. Each is up and down in turn, for times with exponential laws: a renewal sequence from
// the start of the run, keyed by its name alone, so that policies that are compared meet the same
// outages. In the long run it is up for mean_between / (mean_between + mean_to_repair) of the time.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/model/draws.h"
#include "sim/model/result.h"
#include "sim/model/scenario.h"

namespace backcast::sim {

// Of one law, by time.
std::vector<Outage> outages_of(const Scenario& scenario, std::uint32_t law, const Draws& draws);

// Whether this outage of a law of jobs strikes the service with such draws.
bool strikes(const FailureLaw& law, std::uint64_t number, std::uint32_t entity, const Draws& draws);

// All of them in one replication, by law and time, each with the event that it is. One that strikes
// no service is left out.
struct DrawnFailures {
  std::vector<Outage> outages;
  std::vector<ScheduledEvent> events;  // as outages
};
DrawnFailures drawn_failures(const Scenario& scenario, const Draws& draws);

// How many outages of a law to expect in the run.
double expected_outages(const Scenario& scenario, const FailureLaw& law);

}  // namespace backcast::sim
