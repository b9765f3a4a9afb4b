// What becomes of a scenario: every restore point, every requirement, the bill.
#pragma once

#include <backcast/bill.h>
#include <backcast/result.h>
#include <backcast/scenario.h>
#include <backcast/time.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace backcast {

struct SimulateOptions {
  std::optional<std::uint64_t> seed;  // instead of the document's
  std::uint32_t replication = 0;      // other draws of the same seed: the run that is shown
  // Runs that a verdict stands on where something is drawn, the shown one first. 0 = as many as the
  // requirements need (200 or more). One alone is one future: it may fail, it proves nothing.
  std::uint32_t replications = 0;
  unsigned threads = 0;  // 0 = every core; the result does not depend on it
};

struct RequirementResult {
  std::string name, statement;
  std::string verdict;  // "HOLDS", "FAILS", "UNKNOWN": over all replications
  std::uint64_t held = 0, replications = 1;
  std::string observed, limit;  // "1m 49s", "1h"
  std::string unknown_because;
  std::optional<Time> first_failure;
};

// One backup, or one copy of it.
struct RestorePoint {
  std::string id, service, region;
  std::string kind;  // "automatic", "manual", "copy"
  std::string
      state;    // "available", "deleted", "failed", "refused", "running" at the end of the run
  Time born{};  // the moment of the service that it brings back
  std::optional<Time> available, deleted, expires;
  std::uint64_t size_bytes = 0;   // stored form of the whole restore point
  std::uint64_t added_bytes = 0;  // what the region's storage grew by
  std::string reason;             // why it stays, went, failed or was refused
};

struct Simulation {
  std::string verdict;  // of all requirements together; "UNKNOWN" where there is none
  std::vector<RequirementResult> requirements;
  std::vector<RestorePoint> restore_points;  // by birth
  std::optional<Bill> bill;                  // none without a price book
  std::vector<std::string> assumptions;      // every input that nobody published
};

// One run, with verdicts over as many as they need. The same scenario, options and version give the
// same result. Errors: usage that no price row covers; a run too large to be counted.
Expected<Simulation> simulate(const Scenario& scenario, const SimulateOptions& options = {});

}  // namespace backcast
