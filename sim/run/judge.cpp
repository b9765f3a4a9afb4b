#include "sim/run/judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/requirements/requirements.h"
#include "sim/sums/statistics.h"

namespace backcast::sim {
namespace {

void take_counterexample(RequirementOutcome& to, const RequirementOutcome& from) {
  to.first_failure = from.first_failure;
  to.failing_time = from.failing_time;
  to.failing_periods = from.failing_periods;
  to.service = from.service;
  to.region = from.region;
  to.trace = from.trace;
  to.tolerance = from.tolerance;
}

// The share that holds, or less where so many replications are too few to tell of it; "" if none.
std::string quantile_that_holds(std::uint64_t held, std::uint64_t all) {
  constexpr std::uint64_t kHundredths = 10'000;  // of a percent
  std::uint64_t share = held * kHundredths / all;
  const auto is_told = [&] {
    return least_replications(static_cast<double>(share) / kHundredths) <= all;
  };
  while (share > 0 && !is_told()) --share;
  return share == 0 ? "" : percent_down(share * (kWholeShare / kHundredths));
}

}  // namespace

Judge::Judge(const Scenario& scenario, std::uint32_t count, std::uint32_t first)
    : scenario_(scenario), first_(first), heard_(count), firsts_(scenario.requirements.size()) {}

void Judge::hear(std::uint32_t replication, const RunResult& run) {
  std::vector<Heard>& heard = heard_[replication - first_];
  for (std::size_t i = 0; i < run.requirements.size(); ++i) {
    const RequirementOutcome& outcome = run.requirements[i];
    heard.push_back({outcome.verdict, outcome.first_failure, outcome.nearness});
    if (outcome.verdict == Verdict::kHolds) continue;
    const std::lock_guard lock(mutex_);
    First& first = firsts_[i];
    const bool fails = outcome.verdict == Verdict::kFails;
    std::uint32_t& earliest = fails ? first.failing : first.unknown;
    if (replication >= earliest) continue;
    earliest = replication;
    if (fails) {
      first.outcome = outcome;
    } else {
      first.unknown_because = outcome.unknown_because;
    }
  }
}

ReplicatedOutcome Judge::count(std::size_t requirement, std::uint64_t done, std::uint64_t all,
                               double confidence) const {
  ReplicatedOutcome told;
  told.replications = done;
  told.confidence = confidence;
  told.quantile = scenario_.requirements[requirement].quantile.value_or(1);
  told.required = required_replications(told.quantile, all);
  std::vector<Instant> failures;
  for (std::uint64_t r = 0; r < done; ++r) {
    const Heard& heard = heard_[r][requirement];
    if (heard.verdict == Verdict::kHolds) ++told.held;
    if (heard.verdict == Verdict::kUnknown) ++told.unknown;
    if (heard.verdict == Verdict::kFails) failures.push_back(heard.first_failure);
  }
  told.failed = failures.size();
  const auto share = share_estimate(told.held, done, confidence);
  told.low = share.interval->low;
  told.high = share.interval->high;
  told.close = told.quantile < 1 && told.low <= told.quantile && told.quantile <= told.high;
  if (failures.empty()) return told;
  std::sort(failures.begin(), failures.end());
  told.first_failing = firsts_[requirement].failing;
  told.earliest_failure = failures.front();
  told.median_failure = failures[(failures.size() - 1) / 2];
  return told;
}

void Judge::conclude(std::size_t requirement, std::uint64_t done, double confidence, bool partial,
                     RequirementOutcome& outcome) const {
  const Requirement& r = scenario_.requirements[requirement];
  const First& first = firsts_[requirement];
  const std::uint64_t all = partial ? heard_.size() : done;
  const ReplicatedOutcome told = count(requirement, done, all, confidence);
  outcome.verdict = verdict_of({told.held, told.failed, all}, told.quantile);
  outcome.one_future = done == 1;
  outcome.unknown_because.clear();
  if (outcome.verdict == Verdict::kUnknown && partial) {
    outcome.unknown_because = fmt::format("interrupted after {} of {} replications", done, all);
  } else if (outcome.verdict == Verdict::kUnknown && told.unknown > 0) {
    outcome.unknown_because = first.unknown_because;
  } else if (outcome.verdict == Verdict::kUnknown && done > 1) {
    outcome.unknown_because =
        fmt::format("{} replications are too few for {}; {} can tell", all,
                    percent_down(parts_of(told.quantile)), least_replications(told.quantile));
  }
  std::vector<Nearness> runs;
  for (std::uint64_t i = 0; i < done; ++i) {
    const Heard& heard = heard_[i][requirement];
    runs.push_back(heard.nearness);
    if (i == 0) {
      outcome.nearness = heard.nearness;
    } else {
      keep_worst(r, outcome.nearness, heard.nearness);
    }
  }
  if (!outcome.observed.empty()) outcome.observed = observed(r, outcome.nearness);
  if (told.failed > 0) take_counterexample(outcome, first.outcome);
  if (outcome.verdict == Verdict::kFails) {
    outcome.would_hold = what_would_hold(r, scenario_, std::move(runs), told.required);
    const std::string quantile = done > 1 ? quantile_that_holds(told.held, all) : "";
    if (!quantile.empty()) {
      outcome.would_hold +=
          (outcome.would_hold.empty() ? "with quantile " : ", with quantile ") + quantile;
    }
  }
  outcome.replicated = told;
}

void Judge::conclude(std::uint64_t done, double confidence, bool partial, RunResult& shown) const {
  const bool drawn = is_drawn(scenario_);
  shown.partial = shown.partial || partial;
  for (std::size_t i = 0; i < shown.requirements.size(); ++i) {
    RequirementOutcome& outcome = shown.requirements[i];
    if (drawn) {
      conclude(i, done, confidence, partial, outcome);
    } else if (outcome.verdict == Verdict::kFails) {
      outcome.would_hold =
          what_would_hold(scenario_.requirements[i], scenario_, {outcome.nearness}, 1);
    }
    if (shown.partial && outcome.verdict == Verdict::kHolds) {
      outcome.verdict = Verdict::kUnknown;
      outcome.unknown_because = "interrupted before all was simulated";
    }
  }
}

}  // namespace backcast::sim
