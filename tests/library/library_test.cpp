// The installed headers, as another program uses them.
#include <backcast/repository.h>
#include <backcast/retention.h>
#include <backcast/simulate.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace backcast {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Library, EveryShippedScenarioRunsAndWhatIsPricedHasABill) {
  ASSERT_GE(shipped_scenarios().size(), 9u);
  for (const std::string& name : shipped_scenarios()) {
    const auto scenario = Scenario::load(name);
    ASSERT_TRUE(scenario.ok()) << scenario.problem_text();
    EXPECT_LT(scenario->start(), scenario->end());
    const auto run =
        simulate(*scenario, {.seed = {}, .replication = 0, .replications = 1, .threads = 1});
    ASSERT_TRUE(run.ok()) << run.problem_text();
    EXPECT_FALSE(run->restore_points.empty()) << name;
    EXPECT_TRUE(run->bill) << name;
  }
}

TEST(Library, ASeedChangesWhatIsDrawnAndNothingElse) {
  const auto scenario = Scenario::parse(R"({
    "name": "drawn", "start": "2026-01-01", "horizon": "60d", "provider": "qdrant", "seed": 7,
    "price_book": "qdrant",
    "prices": [{"row": "Cloud backup/*/backup storage", "rate": "0.01", "because": "a quote"}],
    "services": [{"name": "db", "region": "aws-us-east-1", "size": "20 GB",
      "change": {"per_day": "1%"},
      "schedules": [{"name": "daily", "cron": "0 2 * * *", "retention_days": 7}],
      "job": {"failure_probability": 0.3}}]})",
                                        "drawn.json");
  ASSERT_TRUE(scenario.ok()) << scenario.problem_text();
  const auto states = [&](std::optional<std::uint64_t> seed) {
    const auto run =
        simulate(*scenario, {.seed = seed, .replication = 0, .replications = 1, .threads = 1});
    EXPECT_TRUE(run.ok()) << run.problem_text();
    std::string text;
    for (const RestorePoint& point : run->restore_points) text += point.state[0];
    return std::pair(text, run->assumptions);
  };
  EXPECT_EQ(states({}), states(7));
  EXPECT_NE(states(7).first, states(8).first);
  EXPECT_EQ(states({}).second, states(8).second) << "nothing is assumed twice";
}

// Two failures one after the other are rare enough that most runs meet the requirement.
TEST(Library, OneFutureProvesNothing) {
  const auto scenario = Scenario::parse(R"({
    "name": "drawn", "start": "2026-01-01", "horizon": "31d",
    "services": [{"name": "db", "region": "home", "size": "1 GB", "delta": "full",
      "schedules": [{"cron": "0 2 * * *"}], "retention": "restic: --keep-last 3",
      "job": {"rate": "200 MB/s", "failure_probability": "10%"}}],
    "requirements": [{"kind": "rpo", "at_most": "49h"}]})",
                                        "drawn.json");
  ASSERT_TRUE(scenario.ok()) << scenario.problem_text();
  for (std::uint32_t replication = 0; replication < 8; ++replication) {
    const auto one =
        simulate(*scenario, {.seed = {}, .replication = replication, .replications = 1});
    ASSERT_TRUE(one.ok()) << one.problem_text();
    EXPECT_NE(one->verdict, "HOLDS") << replication;
  }
  const auto run = simulate(*scenario);
  ASSERT_TRUE(run.ok()) << run.problem_text();
  const RequirementResult& rpo = run->requirements.front();
  EXPECT_EQ(run->verdict, "FAILS");
  EXPECT_GE(rpo.replications, 200u);
  EXPECT_GT(rpo.held, rpo.replications / 2);
  EXPECT_LT(rpo.held, rpo.replications);
}

TEST(Library, FaultsComeAllAtOnceAsTheProgramSaysThem) {
  const auto scenario = Scenario::parse("{\"name\": \"x\", \"horizon\": -1,\n \"colour\": 2}", "x");
  ASSERT_FALSE(scenario.ok());
  EXPECT_GE(scenario.problems().size(), 2u);
  EXPECT_EQ(scenario.problems().front().code, 2);
  EXPECT_THAT(scenario.problem_text(), HasSubstr("x:2:"));
  EXPECT_THAT(Scenario::load("zilliz-cross-regio").problem_text(),
              HasSubstr("zilliz-cross-region"));
  EXPECT_THROW(*scenario, std::bad_variant_access);
}

TEST(Library, AUsageFileIsBilledWithItsSources) {
  const auto bill = bill_usage("docs/billing/three-providers.csv", {"aws", "b2", "wasabi"});
  ASSERT_TRUE(bill.ok()) << bill.problem_text();
  EXPECT_EQ(bill->currency, "USD");
  for (const BillLine& line : bill->lines) {
    EXPECT_TRUE(line.category != "usage" || !line.source.empty()) << line.price_row;
  }
  EXPECT_EQ(bill_usage("docs/billing/three-providers.csv", {"no-such"}).problems().front().code, 2);
  EXPECT_FALSE(bill_usage("docs/billing/no-such.csv", {"aws"}).ok());
}

TEST(Library, RetentionSaysWhy) {
  const Time now = std::chrono::sys_days(std::chrono::March / 2 / 2026);
  const std::vector<KeptPoint> points{{"old", now - std::chrono::days(40), 0, {}, "", {}},
                                      {"kept", now, 0, {"x"}, "", {}}};
  const auto verdicts = apply_retention("restic: --keep-last 1", points, now);
  ASSERT_TRUE(verdicts.ok());
  EXPECT_FALSE((*verdicts)[0].keep);
  EXPECT_TRUE((*verdicts)[1].keep);
  EXPECT_THAT((*verdicts)[1].reasons, ElementsAre("last snapshot"));
  EXPECT_THAT(apply_retention("restic: --keep-dayly 1", points, now).problem_text(),
              HasSubstr("keep-daily"));
  EXPECT_FALSE(apply_retention("restic: --keep-last 1", points, now, "Mars/Olympus").ok());
}

TEST(Library, ARepositoryTellsWhatItCouldNotSaveAndWhoMayRead) {
  const auto place =
      std::filesystem::temp_directory_path() / ("backcast-library-" + std::to_string(::getpid()));
  const std::string folder = place / "repository";
  std::filesystem::create_directories(place / "data");
  std::ofstream(place / "data/file") << "text";
  {
    auto repository = Repository::create(folder, "secret");
    ASSERT_TRUE(repository.ok()) << repository.problem_text();
    const auto saved = repository->backup({place / "data", place / "missing"}, {"nightly"});
    ASSERT_TRUE(saved.ok()) << saved.problem_text();
    EXPECT_EQ(saved->id.size(), 32u);
    EXPECT_EQ(saved->files, 1u);
    ASSERT_EQ(saved->problems.size(), 1u);
    EXPECT_THAT(saved->problems[0], HasSubstr("missing"));
    EXPECT_FALSE(Repository::create(folder, "secret").ok());
  }
  EXPECT_EQ(Repository::open(folder, "wrong").problems().front().code, 12);
  EXPECT_EQ(Repository::open(place / "nothing", "secret").problems().front().code, 10);
  auto repository = Repository::open(folder, "secret");
  ASSERT_TRUE(repository.ok());
  const auto restored = repository->restore("latest", place / "out");
  ASSERT_TRUE(restored.ok()) << restored.problem_text();
  EXPECT_EQ(restored->bytes, 4u);
  EXPECT_TRUE(restored->failures.empty());
  EXPECT_THAT(repository->snapshots()->front().tags, ElementsAre("nightly"));
  EXPECT_FALSE(repository->restore("00000000", place / "out").ok());
  std::filesystem::remove_all(place);
}

}  // namespace
}  // namespace backcast
