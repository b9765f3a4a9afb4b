// The shortest chain of events that explains why a requirement failed.
#pragma once

#include <string>
#include <vector>

#include "sim/words/words.h"

namespace backcast::sim {

// What the chain is about: one service, the regions that matter ("" = every), and the time in which
// a cause can lie.
struct TraceQuery {
  std::uint32_t service = kNone;
  std::vector<std::string> regions;
  Instant from{}, until{};            // both inclusive
  std::uint32_t begins_with = kNone;  // backup whose completion heads the chain
};

// Completion of `begins_with`, then every event that kept a later restore point from existing, then
// `conclusion` at `until`. Long chains keep their first and last events and count the rest.
std::vector<TraceStep> trace(const Scenario& scenario, const RunResult& result,
                             const TraceQuery& query, const std::string& conclusion);

}  // namespace backcast::sim
