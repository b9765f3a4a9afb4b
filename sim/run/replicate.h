// Independent replications of one run, on every core, with the same rows whatever the number of
// threads; and the comparison of two by pairs that saw the same luck.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "sim/sums/statistics.h"

namespace backcast::sim {

// One number that a run is judged by.
struct Measure {
  std::string name;  // snake_case, unit last: "stored_bytes_mean"
  double value = 0;
};
using Measures = std::vector<Measure>;

// Runs replication number r. Must depend on nothing else; is called from several threads. A trial
// that takes long may look at `stop` itself and return kInterrupted: it counts as not run.
using Trial = std::function<Result<Measures, Errors>(std::uint32_t replication)>;

struct ReplicationOptions {
  std::uint32_t count = 1;  // as many, or with `target_share` at most as many
  // Stop once the mean of `target_measure` is known to within this share of itself, at
  // `confidence`. Looked at after every batch of kBatch, so that it depends on nothing else.
  std::optional<double> target_share;
  std::string target_measure;
  double confidence = 0.95;
  unsigned threads = 0;                              // 0 = every core
  std::atomic<bool>* stop = nullptr;                 // set by Ctrl-C: what is done is given back
  std::function<void(std::uint32_t done)> progress;  // from any thread
};
inline constexpr std::uint32_t kBatch = 16;

struct Replications {
  std::vector<std::string> names;
  std::vector<std::vector<double>> rows;  // one per replication, in order
  bool partial = false;                   // stopped before it was done

  std::vector<double> column(std::string_view name) const;  // empty if there is none
  Measures measures(std::size_t row) const;
};

// Errors: the first trial's that fails, in order of replication; an unknown target_measure.
Result<Replications, Errors> replicate(const Trial& trial, const ReplicationOptions& options);

// What is said of one measure.
struct Summary {
  std::string name;
  std::uint64_t count = 0;
  Estimate mean, p05, p50, p95;
  double standard_deviation = 0;
};
std::vector<Summary> summarize(const Replications& runs, double confidence);

// a minus b, replication by replication, for the measures both have.
Result<Replications> paired_difference(const Replications& a, const Replications& b);

}  // namespace backcast::sim
