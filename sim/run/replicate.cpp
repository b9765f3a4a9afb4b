#include "sim/run/replicate.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cmath>
#include <string_view>

#include "sim/kernel/arena.h"

namespace backcast::sim {
namespace {

bool stopped(const ReplicationOptions& options) {
  return options.stop && *options.stop;
}

// Runs replications first..last-1; results stand in order, unset from the first one not run.
std::vector<std::optional<Result<Measures, Errors>>> run_batch(const Trial& trial,
                                                               const ReplicationOptions& options,
                                                               tbb::task_arena& arena,
                                                               std::uint32_t first,
                                                               std::uint32_t last) {
  std::vector<std::optional<Result<Measures, Errors>>> results(last - first);
  arena.execute([&] {
    tbb::parallel_for(
        tbb::blocked_range<std::uint32_t>(first, last, 1),
        [&](const auto& range) {
          for (std::uint32_t r = range.begin(); r < range.end(); ++r) {
            if (stopped(options)) return;
            results[r - first] = trial(r);
            if (options.progress) options.progress(1);
          }
        },
        tbb::simple_partitioner());
  });
  return results;
}

bool gave_up(const Result<Measures, Errors>& result) {
  return !result.ok() && result.error().front().code == Errc::kInterrupted;
}

Status take(Replications& runs, const Measures& measures) {
  if (runs.names.empty()) {
    for (const Measure& m : measures) runs.names.push_back(m.name);
  }
  std::vector<double> row;
  for (const Measure& m : measures) row.push_back(m.value);
  if (row.size() != runs.names.size())
    return failed("replications disagree about what they measure");
  runs.rows.push_back(std::move(row));
  return kOk;
}

bool tight_enough(const Replications& runs, const ReplicationOptions& options) {
  if (!options.target_share || runs.rows.size() < kBatch) return false;
  const Estimate mean = mean_estimate(runs.column(options.target_measure), options.confidence);
  if (!mean.interval) return false;
  const double half = (mean.interval->high - mean.interval->low) / 2;
  return half <= *options.target_share * std::fabs(mean.value);
}

}  // namespace

std::vector<double> Replications::column(std::string_view name) const {
  const auto found = std::find(names.begin(), names.end(), name);
  std::vector<double> values;
  if (found == names.end()) return values;
  for (const auto& row : rows)
    values.push_back(row[static_cast<std::size_t>(found - names.begin())]);
  return values;
}

Measures Replications::measures(std::size_t row) const {
  Measures measures;
  for (std::size_t m = 0; m < names.size(); ++m) measures.push_back({names[m], rows[row][m]});
  return measures;
}

Result<Replications, Errors> replicate(const Trial& trial, const ReplicationOptions& options) {
  Replications runs;
  tbb::task_arena arena = arena_of(options.threads);
  std::uint32_t first = 0;
  while (first < options.count && !runs.partial) {
    const std::uint32_t last = std::min(first + kBatch, options.count);
    for (auto& result : run_batch(trial, options, arena, first, last)) {
      if (!result || gave_up(*result)) {
        runs.partial = true;
        break;
      }
      if (!result->ok()) return std::move(*result).error();
      if (auto status = take(runs, **result); !status.ok()) return Errors{status.error()};
    }
    if (options.target_share && !runs.rows.empty() && runs.column(options.target_measure).empty()) {
      return Errors{bad_input("nothing is measured under the name " + options.target_measure)};
    }
    if (tight_enough(runs, options)) break;
    first = last;
  }
  return runs;
}

std::vector<Summary> summarize(const Replications& runs, double confidence) {
  std::vector<Summary> result;
  if (runs.rows.empty()) return result;
  for (const std::string& name : runs.names) {
    const std::vector<double> values = runs.column(name);
    result.push_back({name, values.size(), mean_estimate(values, confidence),
                      quantile_estimate(values, 0.05, confidence),
                      quantile_estimate(values, 0.5, confidence),
                      quantile_estimate(values, 0.95, confidence), standard_deviation(values)});
  }
  return result;
}

Result<Replications> paired_difference(const Replications& a, const Replications& b) {
  Replications result;
  std::vector<std::pair<std::size_t, std::size_t>> columns;
  for (std::size_t i = 0; i < a.names.size(); ++i) {
    const auto found = std::find(b.names.begin(), b.names.end(), a.names[i]);
    if (found == b.names.end()) continue;
    columns.emplace_back(i, static_cast<std::size_t>(found - b.names.begin()));
    result.names.push_back(a.names[i]);
  }
  if (columns.empty()) return bad_input("the two have no measure in common");
  const std::size_t pairs = std::min(a.rows.size(), b.rows.size());
  result.partial = a.rows.size() != b.rows.size();
  for (std::size_t r = 0; r < pairs; ++r) {
    std::vector<double> row;
    for (const auto& [i, j] : columns) row.push_back(a.rows[r][i] - b.rows[r][j]);
    result.rows.push_back(std::move(row));
  }
  return result;
}

}  // namespace backcast::sim
