// The timetable that all members of a fleet share: every change of their vaults, and the stretches
// of time between them.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/model/byte_ages.h"
#include "sim/model/result.h"
#include "sim/model/scenario.h"
#include "sim/model/workload.h"
#include "sim/world/vault.h"

namespace backcast::sim {

// A stretch of time over which a restore point holds the same bytes.
struct Cell {
  Instant from{}, until = kNever;
  std::uint32_t vault = 0;
  std::uint32_t backup = kNone;  // kNone: what is left of deleted ones
};

// One change of a vault and the cells that begin with it.
struct Step {
  std::uint32_t vault = 0, generation = 0;
  std::uint32_t slot = 0;      // of the restore point that comes or goes
  std::uint32_t heir = kNone;  // slot of the next newer one, where it may hold more from now on
  std::uint32_t cell = kNone;  // of the restore point, or of the heir
  std::uint32_t leftover = kNone;
  std::uint32_t moved = kNone;     // of a copy: index into the sums of moved bytes
  std::uint32_t deletion = kNone;  // index into the sums of freed bytes
  // Of a deletion: what freed_by_age asks for; generations.
  std::uint32_t older = kNone, sharing_heir = kNone, first = 0;
  std::uint32_t first_part = 0, parts = 0;  // of the sums of freed bytes
  bool adds = false;
  bool is_copy = false;  // its generation has been seen before
};

struct Timetable {
  std::vector<Moment> moments;  // by generation
  std::vector<Step> steps;
  std::vector<Cell> cells;
  std::vector<std::uint32_t> copies;  // backups, by Step::moved
  std::vector<VaultStep> deletions;   // by Step::deletion
  std::uint32_t slots = 0, vaults = 0, parts = 0;
};

// From the changes that simulating one member noted in a run of the scenario.
Timetable timetable_of(const RunResult& run, const Service& service, const Scenario& scenario,
                       const std::vector<VaultStep>& changes);

}  // namespace backcast::sim
