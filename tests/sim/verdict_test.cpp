// When counts of replications are a verdict.
#include "sim/model/verdict.h"

#include <gtest/gtest.h>

#include "sim/requirements/requirements.h"
#include "sim/run/judge.h"

namespace backcast::sim {
namespace {

TEST(Verdict, FailsOutranksUnknownOutranksHolds) {
  using enum Verdict;
  EXPECT_EQ(worse(kHolds, kUnknown), kUnknown);
  EXPECT_EQ(worse(kUnknown, kFails), kFails);
  EXPECT_EQ(worse(kFails, kHolds), kFails);
  EXPECT_EQ(verdict_of(RunResult{}), kUnknown) << "nothing required is nothing proved";
}

TEST(Verdict, WithoutAQuantileAllMustHold) {
  EXPECT_EQ(verdict_of({.held = 200, .failed = 0, .all = 200}, 1), Verdict::kHolds);
  EXPECT_EQ(verdict_of({.held = 199, .failed = 1, .all = 200}, 1), Verdict::kFails);
  EXPECT_EQ(verdict_of({.held = 199, .failed = 0, .all = 200}, 1), Verdict::kUnknown);
  EXPECT_EQ(verdict_of({.held = 21, .failed = 19, .all = 40}, 1), Verdict::kFails);
}

TEST(Verdict, OneRunOfManyNeverHolds) {
  EXPECT_EQ(verdict_of({.held = 1, .failed = 0, .all = 1}, 1), Verdict::kUnknown);
  EXPECT_EQ(verdict_of({.held = 0, .failed = 1, .all = 1}, 1), Verdict::kFails);
  EXPECT_EQ(verdict_of({.held = 1, .failed = 0, .all = 1}, 0.01), Verdict::kUnknown);
}

TEST(Verdict, AQuantileLetsItsShareFailAndNotOneMore) {
  // 0.95 and 0.05 are no binary fractions: counts decide, not their product.
  EXPECT_EQ(required_replications(0.95, 200), 190u);
  EXPECT_EQ(verdict_of({.held = 190, .failed = 10, .all = 200}, 0.95), Verdict::kHolds);
  EXPECT_EQ(verdict_of({.held = 189, .failed = 11, .all = 200}, 0.95), Verdict::kFails);
  EXPECT_EQ(verdict_of({.held = 189, .failed = 10, .all = 200}, 0.95), Verdict::kUnknown);
}

TEST(Verdict, TooFewForTheQuantileIsUnknown) {
  EXPECT_EQ(least_replications(0.95), 60u);
  EXPECT_EQ(least_replications(0.999), 3000u);
  EXPECT_EQ(verdict_of({.held = 59, .failed = 0, .all = 59}, 0.95), Verdict::kUnknown);
  EXPECT_EQ(verdict_of({.held = 60, .failed = 0, .all = 60}, 0.95), Verdict::kHolds);
  EXPECT_EQ(verdict_of({.held = 0, .failed = 59, .all = 59}, 0.95), Verdict::kUnknown);
}

TEST(Verdict, AShareOfTimeIsComparedExactly) {
  EXPECT_TRUE(is_tolerated(0, 0, 1));
  EXPECT_FALSE(is_tolerated(1, uint128{1} << 100, 1));
  EXPECT_TRUE(is_tolerated(1, 1000, 0.999));
  EXPECT_FALSE(is_tolerated(2, 1000, 0.999));
}

Scenario one_requirement(std::optional<double> quantile) {
  Scenario scenario;
  scenario.end = scenario.start + 30 * kDay;
  scenario.services.emplace_back();
  scenario.services[0].job.failure_probability = 0.1;
  scenario.requirements.emplace_back();
  scenario.requirements[0].kind = RequirementKind::kRpo;
  scenario.requirements[0].at_most = 26 * kHour;
  scenario.requirements[0].quantile = quantile;
  return scenario;
}

RunResult run_with(Verdict verdict, Duration worst) {
  RunResult run;
  RequirementOutcome outcome;
  outcome.verdict = verdict;
  outcome.observed = "seen";
  outcome.nearness.worst = static_cast<std::uint64_t>(worst.count());
  outcome.nearness.judged = 100;
  if (verdict == Verdict::kFails) {
    outcome.nearness.broken = 1;
    outcome.first_failure = from_unix_seconds(1000);
    outcome.trace = {{outcome.first_failure, format_duration(worst)}};
  }
  run.requirements.push_back(std::move(outcome));
  return run;
}

TEST(Judge, TellsTheFirstCounterexampleTheWorstOfAllAndWhatWouldHold) {
  const Scenario scenario = one_requirement(std::nullopt);
  Judge judge(scenario, 40);
  for (std::uint32_t r = 40; r-- > 0;) {  // in any order
    judge.hear(r, r == 17   ? run_with(Verdict::kFails, 30 * kHour)
                  : r == 23 ? run_with(Verdict::kFails, 50 * kHour)
                            : run_with(Verdict::kHolds, 25 * kHour));
  }
  RunResult shown = run_with(Verdict::kHolds, 25 * kHour);
  judge.conclude(40, 0.95, false, shown);
  const RequirementOutcome& outcome = shown.requirements[0];
  EXPECT_EQ(outcome.verdict, Verdict::kFails);
  EXPECT_EQ(outcome.replicated->first_failing, 17u);
  EXPECT_EQ(outcome.replicated->held, 38u);
  EXPECT_EQ(outcome.replicated->required, 40u);
  EXPECT_EQ(outcome.trace[0].text, "1d 6h");
  EXPECT_EQ(outcome.observed, "2d 2h");
  EXPECT_EQ(outcome.would_hold, "with at_most 2d 2h, with of_time 99%, with quantile 92.5%");
}

TEST(Judge, SaysCloseWhereTheIntervalHoldsTheQuantile) {
  const Scenario scenario = one_requirement(0.9);
  Judge judge(scenario, 100);
  for (std::uint32_t r = 0; r < 100; ++r) {
    judge.hear(r, run_with(r < 92 ? Verdict::kHolds : Verdict::kFails, 25 * kHour));
  }
  RunResult shown = run_with(Verdict::kHolds, 25 * kHour);
  judge.conclude(100, 0.95, false, shown);
  EXPECT_EQ(shown.requirements[0].verdict, Verdict::kHolds);
  EXPECT_TRUE(shown.requirements[0].replicated->close);
}

TEST(Judge, WhatIsInterruptedNeverHolds) {
  const Scenario scenario = one_requirement(std::nullopt);
  Judge judge(scenario, 2000);
  judge.hear(0, run_with(Verdict::kHolds, 25 * kHour));
  RunResult shown = run_with(Verdict::kHolds, 25 * kHour);
  judge.conclude(1, 0.95, true, shown);
  EXPECT_TRUE(shown.partial);
  EXPECT_EQ(shown.requirements[0].verdict, Verdict::kUnknown);
  EXPECT_EQ(shown.requirements[0].unknown_because, "interrupted after 1 of 2000 replications");
}

TEST(Judge, WithoutDrawsOneRunDecides) {
  Scenario scenario = one_requirement(0.5);
  scenario.services[0].job.failure_probability = 0;
  Judge judge(scenario, 1);
  RunResult shown = run_with(Verdict::kHolds, 25 * kHour);
  judge.hear(0, shown);
  judge.conclude(1, 0.95, false, shown);
  EXPECT_EQ(shown.requirements[0].verdict, Verdict::kHolds);
  EXPECT_FALSE(shown.requirements[0].replicated);
}

}  // namespace
}  // namespace backcast::sim
