// What a run may be said to prove, and that what is advised would indeed hold.
#include <fmt/format.h>

#include "run_text.h"
#include "scenarios/document/shipped.h"
#include "sim/run/judge.h"

namespace backcast::scenario {
namespace {

using sim::Verdict;

constexpr const char* kSpeeds = R"("rate": "100 MB/s", "restore_rate": "100 MB/s")";

std::string nightly(const std::string& job, const std::string& requirements,
                    const std::string& data = R"("delta": "full")") {
  return fmt::format(
      R"({{"name": "t", "start": "2026-01-01", "horizon": "30d", "provider": "plain",
           "services": [{{"name": "db", "region": "x", "size": "10 GB",
                         "schedules": [{{"cron": "0 2 * * *", "retention_days": 7}}],
                         "job": {{{}{}}}, {}}}],
           "requirements": [{}]}})",
      kSpeeds, job, data, requirements);
}

sim::RequirementOutcome first_outcome(const std::string& text) {
  Ran ran = run_text(text);
  sim::Judge judge(ran.scenario, 1);
  judge.hear(0, ran.result);
  judge.conclude(1, 0.95, false, ran.result);
  return ran.result.requirements.at(0);
}

TEST(Verdicts, ARungTheRunCannotReachIsUnknown) {
  const auto outcome =
      first_outcome(nightly("", R"({"kind": "coverage", "ladder": ["1d", "90d"]})"));
  EXPECT_EQ(outcome.verdict, Verdict::kUnknown);
  EXPECT_EQ(outcome.unknown_because, "the run is shorter than twice 90d");
  const auto broken =
      first_outcome(nightly("", R"({"kind": "coverage", "ladder": ["8d", "90d"]})"));
  EXPECT_EQ(broken.verdict, Verdict::kFails) << "a rung that fails outranks one out of reach";
}

TEST(Verdicts, AWindowTheRunCannotReachIsUnknown) {
  EXPECT_EQ(
      first_outcome(nightly("", R"({"kind": "restore_points", "at_least": 2, "within": "60d"})"))
          .verdict,
      Verdict::kUnknown);
  EXPECT_EQ(first_outcome(nightly("", R"({"kind": "rpo", "at_most": "60d"})")).verdict,
            Verdict::kUnknown);
  EXPECT_EQ(first_outcome(nightly("", R"({"kind": "rpo", "at_most": "26h"})")).verdict,
            Verdict::kHolds);
}

TEST(Verdicts, AShareOfServiceTimeMayBeLacking) {
  // One night of thirty is missed: from 26 h after the backup before until the next one.
  const std::string text = nightly("", R"({"kind": "rpo", "at_most": "26h", "of_time": "95%"})");
  std::string broken = text;
  const auto end = broken.find("\"requirements\"");
  broken.insert(end, R"("events": [{"at": "+10d", "kind": "job_failures", "service": "db",
                                    "for": "12h"}], )");
  EXPECT_EQ(first_outcome(broken).verdict, Verdict::kHolds);
  EXPECT_EQ(first_outcome(broken).tolerance, "96.94% of the service-time is good, 95% must be");
  broken.replace(broken.find("95%"), 3, "98%");
  EXPECT_EQ(first_outcome(broken).verdict, Verdict::kFails);
}

TEST(Verdicts, AQuantileOfTheScenarioHoldsForAllThatStateNone) {
  std::string text =
      nightly("", R"({"kind": "rpo", "at_most": "26h"}, {"name": "own", "kind": "rpo",
                     "at_most": "26h", "quantile": "99%"})");
  text.insert(1, R"("quantile": "95%", )");
  const auto loaded = load_text(text);
  ASSERT_TRUE(loaded.ok()) << all_messages(loaded.error());
  EXPECT_EQ(loaded->scenario.requirements[0].quantile, 0.95);
  EXPECT_EQ(loaded->scenario.requirements[1].quantile, 0.99);
  EXPECT_FALSE(load_text(nightly("", R"({"kind": "protected", "of_time": "99%"})")).ok());
}

TEST(Verdicts, WhatIsNeverDoneHasNoWorstValue) {
  const auto outcome =
      first_outcome(nightly("", R"({"kind": "copy_within", "region": "y", "at_most": "1h"})"));
  EXPECT_EQ(outcome.verdict, Verdict::kFails);
  EXPECT_EQ(outcome.observed, "never");
  EXPECT_EQ(outcome.would_hold, "") << "no time is long enough for a copy that nobody makes";
}

TEST(Verdicts, WithoutAServiceAtTheTimeNothingIsProved) {
  std::string text = nightly("", R"({"kind": "rpo", "at_most": "26h", "from": "+10d"})");
  text.insert(text.find("\"requirements\""),
              R"("events": [{"at": "+5d", "kind": "delete_service", "service": "db"}], )");
  EXPECT_EQ(first_outcome(text).verdict, Verdict::kUnknown);
}

// Whatever a failure advises is put into the document, and then it holds.
TEST(Verdicts, WhatWouldHoldHolds) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {R"({"kind": "rpo", "at_most": "24h"})", "at_most"},
      {R"({"kind": "rpo", "at_most": "24h"})", "of_time"},
      {R"({"kind": "restore_points", "at_least": 9, "within": "7d"})", "at_least"},
      {R"({"kind": "restore_points", "at_least": 7, "within": "7d"})", "of_time"},
      {R"({"kind": "quota", "at_most": "15 GB"})", "at_most"},
      {R"({"kind": "quota", "at_most": "65 GB"})", "of_time"},
      {R"({"kind": "restore_time", "at_most": "10s"})", "at_most"},
      {R"({"kind": "coverage", "ladder": ["1d", "7d"]})", "of_time"},
  };
  for (const auto& [requirement, field] : cases) {
    const auto outcome = first_outcome(nightly("", requirement));
    ASSERT_EQ(outcome.verdict, Verdict::kFails) << requirement;
    const auto found = outcome.would_hold.find(field + " ");
    ASSERT_NE(found, std::string::npos) << requirement << ": " << outcome.would_hold;
    std::string value = outcome.would_hold.substr(found + field.size() + 1);
    value = value.substr(0, value.find(','));
    const bool is_number = field == "at_least";
    std::string advised = requirement;
    const std::string quoted = is_number ? value : "\"" + value + "\"";
    if (const auto old = advised.find("\"" + field + "\": "); old != std::string::npos) {
      const auto begin = old + field.size() + 4;
      advised.replace(begin, advised.find_first_of(",}", begin) - begin, quoted);
    } else {
      advised.insert(1, fmt::format("\"{}\": {}, ", field, quoted));
    }
    EXPECT_EQ(first_outcome(nightly("", advised)).verdict, Verdict::kHolds) << advised;
  }
}

// A scenario is drawn if another seed can change it: shipped ones, and one for each thing drawn.
TEST(Verdicts, DrawnIsWhatAnotherSeedChanges) {
  const auto told = [](const Ran& ran) {
    std::string text;
    for (const auto& b : ran.result.backups) {
      text += fmt::format("{} {} {}\n", b.id, b.size_bytes, format_instant(b.born));
      text += fmt::format("{} {}\n", b.added_bytes, sim::name(b.state));
    }
    return text;
  };
  std::vector<Loaded> all;
  for (const auto name : shipped_names("")) all.push_back(*load_file(std::string(name)));
  const std::string rpo = R"({"kind": "rpo", "at_most": "26h"})";
  all.push_back(*load_text(nightly(R"(, "failure_probability": "30%")", rpo)));
  all.push_back(*load_text(nightly(R"(, "failure_probability": "100%")", rpo)));
  all.push_back(*load_text(nightly("", rpo, R"("change": {"per_day": "1%", "noise": 1})")));
  all.push_back(*load_text(
      R"({"name": "f", "start": "2026-01-01", "horizon": "10d",
          "fleets": [{"name": "t", "count": 3, "size": {"uniform": {"from": "1 GB", "to": "9 GB"}},
                      "service": {"region": "x", "delta": "full", "schedules": [{"every": "daily"}]}}]})"));
  std::size_t drawn = 0;
  for (Loaded& loaded : all) {
    const bool is_drawn = sim::is_drawn(loaded.scenario);
    const std::string before = told(run_loaded(loaded));
    loaded.scenario.seed += 1;
    EXPECT_EQ(told(run_loaded(loaded)) != before, is_drawn) << loaded.scenario.name;
    drawn += is_drawn ? 1 : 0;
  }
  EXPECT_EQ(drawn, 4u);
}

}  // namespace
}  // namespace backcast::scenario
