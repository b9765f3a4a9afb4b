// The library as its user calls it: a scenario as text, run, billed, judged, changed and varied.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "study/run/compare.h"
#include "study/vary/optimize.h"
#include "study/vary/sweep_file.h"

namespace backcast::study {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// A restore point of 10 GB a day in one month, at 0.025 USD per GB-month.
constexpr const char* kDaily = R"({
  "name": "daily", "start": "2026-01-01", "horizon": "31d", "price_book": "zilliz",
  "services": [{"name": "db", "region": "gcp-us-west1", "size": "10 GB", "delta": "full",
                "schedules": [{"cron": "0 2 * * *"}], "retention": "restic: --keep-last 3",
                "job": {"rate": "200 MB/s"}}],
  "requirements": [{"kind": "rpo", "at_most": "25h"}]
})";
// One in three backups fails.
constexpr const char* kUnreliable = R"({
  "name": "unreliable", "start": "2026-01-01", "horizon": "31d",
  "services": [{"name": "db", "region": "home", "size": "10 GB", "delta": "full",
                "schedules": [{"cron": "0 2 * * *"}], "retention": "restic: --keep-last 3",
                "job": {"rate": "200 MB/s", "failure_probability": "30%"}}],
  "requirements": [{"kind": "rpo", "at_most": "49h", "quantile": "50%"}]
})";

scenario::Loaded loaded(const char* text) {
  return scenario::load(Document::parse(text, "scenario.json").value()).value();
}

Question with(const std::vector<std::string>& changes) {
  Question question;
  question.name = "scenario.json";
  question.changes = parse_field_values(changes).value();
  return question;
}

std::vector<std::string> names(const sim::Measures& measures) {
  std::vector<std::string> names;
  for (const sim::Measure& m : measures) names.push_back(m.name);
  return names;
}

TEST(Library, AScenarioIsRunAndBilled) {
  const auto prepared = prepare(loaded(kDaily)).value();
  auto run = study::run(prepared).value();
  ASSERT_TRUE(run.invoice);
  EXPECT_EQ(run.result.backups.size(), 31U);
  EXPECT_EQ(measures_of(run).front().name, kCostTotal);
  EXPECT_GT(measures_of(run).front().value, 0);

  const auto trials = judge(prepared, {.replications = 200}, run).value();
  EXPECT_EQ(sim::verdict_of(run.result), sim::Verdict::kHolds);
  ASSERT_TRUE(trials);
  EXPECT_EQ(trials->runs.rows.size(), 1U) << "nothing is drawn, so one run decides";
  EXPECT_EQ(spend_of(run, trials).front().p50, run.invoice->total().amount);
}

TEST(Library, AVerdictOverReplicationsIsTheSameOnAnyNumberOfThreads) {
  const auto prepared = prepare(loaded(kUnreliable)).value();
  std::vector<std::string> told;
  for (const unsigned threads : {1U, 3U}) {
    auto run = study::run(prepared).value();
    const auto trials = judge(prepared, {.replications = 40, .threads = threads}, run).value();
    ASSERT_TRUE(trials);
    EXPECT_EQ(trials->runs.rows.size(), 40U);
    EXPECT_FALSE(trials->spread) << "there is no price book";
    ASSERT_TRUE(run.result.requirements.front().replicated);
    told.push_back(std::to_string(run.result.requirements.front().replicated->held));
  }
  EXPECT_EQ(told[0], told[1]);
}

TEST(Library, StoppedWorkGivesBackWhatIsKnown) {
  const auto prepared = prepare(loaded(kUnreliable)).value();
  auto run = study::run(prepared).value();
  std::atomic<bool> stop{false};
  std::uint64_t seen = 0;
  TrialOptions options{.replications = 1000, .threads = 1};
  options.watch.stop = &stop;
  options.watch.on_work = [&](std::string_view what, std::uint64_t total, std::string_view unit) {
    EXPECT_EQ(what, "simulating");
    EXPECT_EQ(total, 1000U);
    EXPECT_EQ(unit, "replications");
    return [&](std::uint64_t steps) { stop = (seen += steps) >= 5; };
  };
  const auto trials = judge(prepared, options, run).value();
  EXPECT_TRUE(run.result.partial);
  EXPECT_EQ(trials->runs.rows.size(), 5U);
}

TEST(Library, WhatIfChangesTheDocumentAndSaysWhereItIsWrong) {
  const auto more = prepare(loaded(kDaily), with({"/services/0/size=20 GB"})).value();
  const auto as_it_is = prepare(loaded(kDaily)).value();
  const auto a = study::run(as_it_is).value(), b = study::run(more).value();
  EXPECT_EQ(2 * measures_of(a).front().value, measures_of(b).front().value);

  const auto wrong = prepare(loaded(kDaily), with({"/services/0/size=large"}));
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().front().where.line, 3);
  EXPECT_THAT(wrong.error().front().message, HasSubstr("(with /services/0/size = \"large\")"));
}

TEST(Library, ATextThatIsNoUtf8IsRefusedAsAValue) {
  const auto wrong = prepare(loaded(kDaily), with({"/profile_version=\xff"}));
  ASSERT_FALSE(wrong.ok());
  EXPECT_THAT(wrong.error().front().message, HasSubstr("is not a JSON value"));
}

TEST(Library, TwoScenariosAreComparedUnderTheSameLuck) {
  const auto a = prepare(loaded(kUnreliable)).value();
  auto b = prepare(loaded(kUnreliable), with({"/services/0/size=20 GB"})).value();
  share_luck(a, b);
  const auto comparison = compare(a, b, {.replications = 8}).value();
  for (const Difference& d : differences_of(comparison, 0.95)) {
    if (d.measure == "backups_made" || d.measure == "backups_failed") {
      EXPECT_EQ(d.b_minus_a.value, 0) << d.measure;
    }
    if (d.measure == "stored_bytes_last") {
      EXPECT_EQ(2 * d.a, d.b);
    }
  }
}

TEST(Library, PartsOfASweepMergeIntoTheWhole) {
  const auto base = base_of(loaded(kDaily), {}).value();
  SweepPlan plan;
  plan.vary = {"/services/0/size=10 GB,20 GB,30 GB"};
  ASSERT_TRUE(expand(plan).ok());
  name_document(plan, base);
  std::optional<SweepRows> merged;
  for (const char* shard : {"2/2", "1/2"}) {
    const auto part = sweep(base, plan, parse_shard(shard).value(), {}).value();
    ASSERT_TRUE(merge_part(merged, to_text(part), shard).ok());
  }
  const auto whole = sweep(base, plan, {}, {}).value();
  EXPECT_EQ(to_text(*merged), to_text(whole));
  EXPECT_TRUE(merged->missing().empty());
  EXPECT_EQ(merged->measures(),
            names(measures_of(study::run(prepare(loaded(kDaily)).value()).value())));
  EXPECT_EQ(effects_of(whole, kCostTotal).front().first, 1) << "the only field explains all";

  auto other = plan;
  other.replications = 2;
  const auto refused = merge_part(merged, to_text({other, {}, {}}), "other");
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("part of another sweep"));
}

TEST(Library, TheCheapestThatHoldsIsFoundAndJudgedAfresh) {
  const auto base = base_of(loaded(kDaily), {}).value();
  SweepPlan plan;
  plan.vary = {"/services/0/retention=restic: --keep-last 9,restic: --keep-last 2",
               "/services/0/schedules/0/cron=0 2 * * 1,0 2 * * *"};
  ASSERT_TRUE(expand(plan).ok());
  const auto found = optimize(base, plan, {}).value();
  EXPECT_EQ(found.tried.size(), 4U);
  ASSERT_TRUE(found.confirmed_run);
  EXPECT_EQ(plan.values(found.front().front().row),
            (std::vector<std::string>{"\"restic: --keep-last 2\"", "\"0 2 * * *\""}));
}

}  // namespace
}  // namespace backcast::study
