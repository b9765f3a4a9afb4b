// How long a run would take, before it starts.
#pragma once

#include <string>
#include <vector>

#include "sim/model/scenario.h"

namespace backcast::scenario {

// Planning that takes long: every backup of the service is followed by a look at all it holds.
struct LongPlanning {
  std::string service;  // or fleet
  bool is_fleet = false;
  std::size_t index = 0;  // among them
  double backups = 0, held = 0, seconds = 0;

  // "about 12 min: each of the 525,600 backups of db is followed by a plan of 43,200 restore
  // points"
  std::string words() const;
};

// A look at one restore point takes about 60 ns; measured with 40,000 of them under restic's rules.
inline constexpr double kPlanSeconds = 60e-9;
// What is said before a run, and what is not begun.
inline constexpr double kSaidSeconds = 20, kMaxSeconds = 86'400;

// Those that take longer than kSaidSeconds in one run on one core. Policies that are followed
// (policy::RollingPlan) or fixed at birth take no such time.
std::vector<LongPlanning> long_planning(const sim::Scenario& scenario);

}  // namespace backcast::scenario
