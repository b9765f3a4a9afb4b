// Rehearsal: a real backup program put through a scenario under the virtual clock, beside its
// simulation. The simulated scheduler starts the jobs; the real program reads real bytes, keeps
// its own catalogue, and lets the same policy decide on it. Where the two differ, the model is off
// or a rule is: restore points must be identical, bytes are a distance to publish.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "rehearsal/subject.h"
#include "sim/model/result.h"
#include "sim/model/scenario.h"

namespace backcast::sim {

struct RehearsalOptions {
  std::string work_folder;  // must exist; holds repositories and data
  // Real bytes per service at its first backup, where data is generated; sizes of the scenario
  // are scaled to it. Larger is closer to the law and slower.
  std::uint64_t real_bytes = 32 << 20;
  // Given data instead: successive generations, the last one repeats.
  std::vector<std::string> generations;
  std::function<Result<std::unique_ptr<Subject>>(const std::string& path)> subject =
      backcast_subject;
  std::function<void(std::uint64_t done, std::uint64_t of)> progress = nullptr;
  std::function<bool()> stop = nullptr;  // must stay true once it is
};

// The end of one day, UTC. Simulated bytes are at the scale of the real data.
struct RehearsalDay {
  Instant end{};
  std::uint32_t simulated_points = 0, real_points = 0;
  bool same_points = false;  // made at the same instants
  std::uint64_t simulated_stored_bytes = 0, real_stored_bytes = 0;
  std::uint64_t simulated_moved_bytes = 0, real_moved_bytes = 0;  // since the day before

  // Distance of the simulated from the real stored bytes as a share of these, below 0 where they
  // are fewer; 0 where nothing real is stored.
  double stored_error() const;
};

// One service in one region: its home under its own name, copies as "service@region".
struct ServiceRehearsal {
  std::string service;
  double scale = 1;  // real bytes per byte of the scenario
  std::uint32_t backups = 0;
  std::vector<RehearsalDay> days;  // those that hold a restore point

  bool same_points() const;
  // Over the days, without their sign: the middle one and the largest.
  double median_stored_error() const;
  double largest_stored_error() const;
};

struct Rehearsal {
  std::vector<ServiceRehearsal> services;
  std::vector<std::string> left_out;  // parts of the scenario that were not rehearsed
  bool partial = false;               // stopped: the days up to then
};

// Errors: of the files and of the program. Asked after every backup, `stop` ends it early.
Result<Rehearsal> rehearse(const Scenario& scenario, const RunResult& simulated,
                           const RehearsalOptions& options);

}  // namespace backcast::sim
