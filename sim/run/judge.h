// From what single runs showed to what is said of a scenario: verdicts over replications, the worst
// of all, the first counterexample, and what would hold instead.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "sim/model/result.h"
#include "sim/model/scenario.h"

namespace backcast::sim {

class Judge {
 public:
  // Replications number first .. first + count - 1 of the scenario, which must outlive the judge.
  Judge(const Scenario& scenario, std::uint32_t count, std::uint32_t first = 0);

  // What one replication showed, budgets included. From any thread, each once.
  void hear(std::uint32_t replication, const RunResult& run);

  // Writes into `shown`, a run of the scenario, what is to be said of it after the first `done`
  // replications. Without draws its own verdicts stand. `partial`: interrupted, so the rest of all
  // is not known and nothing HOLDS. confidence in (0, 1), of the intervals.
  void conclude(std::uint64_t done, double confidence, bool partial, RunResult& shown) const;

 private:
  struct Heard {
    Verdict verdict = Verdict::kUnknown;
    Instant first_failure = kNever;
    Nearness nearness;
  };
  struct First {  // of one requirement: the first replication that fails, and that is unknown
    std::uint32_t failing = kNone, unknown = kNone;
    RequirementOutcome outcome;
    std::string unknown_because;
  };

  void conclude(std::size_t requirement, std::uint64_t done, double confidence, bool partial,
                RequirementOutcome& outcome) const;
  ReplicatedOutcome count(std::size_t requirement, std::uint64_t done, std::uint64_t all,
                          double confidence) const;

  const Scenario& scenario_;
  std::uint32_t first_ = 0;
  std::vector<std::vector<Heard>> heard_;  // by replication, then requirement
  std::vector<First> firsts_;              // by requirement
  std::mutex mutex_;                       // of firsts_
};

}  // namespace backcast::sim
