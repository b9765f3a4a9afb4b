// The real engine, real restic and real borg put through small scenarios beside their simulation:
// the restore points must be the same at the end of every day, the bytes close.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "engine/base/document.h"
#include "rehearsal/program.h"
#include "rehearsal/rehearsal.h"
#include "scenarios/load/load.h"
#include "sim/run/run.h"

namespace backcast::sim {
namespace {

namespace fs = std::filesystem;

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string pattern = (fs::temp_directory_path() / "rehearsal-test-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Scenario scenario_of(const std::string& service, const std::string& horizon) {
  const std::string text = R"({"name": "t", "start": "2026-03-01", "horizon": ")" + horizon +
                           R"(", "seed": 7, "services": [)" + service + "]}";
  auto document = Document::parse(text, "test.json");
  EXPECT_TRUE(document.ok());
  auto loaded = scenario::load(*document);
  if (!loaded.ok()) {
    ADD_FAILURE() << to_string(loaded.error().front());
    return {};
  }
  return loaded->scenario;
}

Rehearsal rehearse_all(const Scenario& scenario, RehearsalOptions options) {
  const ScratchFolder scratch;
  options.work_folder = scratch.path();
  options.real_bytes = 4 << 20;
  const RunResult simulated = run(scenario);
  auto rehearsal = rehearse(scenario, simulated, options);
  if (!rehearsal.ok()) {
    ADD_FAILURE() << to_string(rehearsal.error());
    return {.services = {{}}, .left_out = {}};
  }
  return std::move(*rehearsal);
}

ServiceRehearsal rehearse_one(const Scenario& scenario, RehearsalOptions options) {
  return rehearse_all(scenario, std::move(options)).services.front();
}

constexpr const char* kResticService =
    R"({"name": "files", "region": "home", "size": "40 GB", "change": {"per_day": "3%"},
        "schedules": [{"cron": "30 2 * * *"}],
        "retention": "restic: --keep-daily 5 --keep-weekly 2"})";

TEST(Rehearsal, EngineKeepsWhatTheSimulationKeeps) {
  const ServiceRehearsal result = rehearse_one(scenario_of(kResticService, "34d"), {});
  EXPECT_EQ(result.backups, 34u);
  ASSERT_EQ(result.days.size(), 34u);
  EXPECT_TRUE(result.same_points());
  // Friday 3 April: five dailies, and the Sunday that stands for the week before.
  EXPECT_EQ(result.days.back().real_points, 6u);
  // 128 blocks of which four die a day: the law holds within its noise, and metadata is small.
  EXPECT_LT(result.median_stored_error(), 0.08);
  EXPECT_NEAR(result.scale, 4.0 * (1 << 20) / 40e9, 1e-9);
}

TEST(Rehearsal, ExpiryFixedAtBirthIsTheSameInTheEngine) {
  const Scenario scenario = scenario_of(
      R"({"name": "vectors", "provider": "zilliz", "region": "aws-us-west-2", "size": "10 GB",
          "schedules": [{"weekdays": "1,3,5", "window": "02:00-04:00", "retention_days": 5}]})",
      "25d");
  const ServiceRehearsal result = rehearse_one(scenario, {});
  EXPECT_GE(result.backups, 10u);
  EXPECT_TRUE(result.same_points());
  EXPECT_GT(result.days.front().real_points, 0u);
}

TEST(Rehearsal, CopiesGoToARepositoryPerRegionAndExpireByTheirOwnRule) {
  const Scenario scenario = scenario_of(
      R"({"name": "vectors", "provider": "zilliz", "region": "aws-us-west-2", "size": "10 GB",
          "schedules": [{"weekdays": "1,3,5", "window": "02:00-04:00", "retention_days": 4,
                         "copies": [{"region": "aws-us-east-2", "retention_days": 9}]}]})",
      "25d");
  const Rehearsal rehearsal = rehearse_all(scenario, {});
  ASSERT_EQ(rehearsal.services.size(), 2u);
  const ServiceRehearsal &home = rehearsal.services[0], &away = rehearsal.services[1];
  EXPECT_EQ(away.service, "vectors@aws-us-east-2");
  EXPECT_TRUE(home.same_points());
  EXPECT_TRUE(away.same_points());
  EXPECT_EQ(away.backups, home.backups);
  EXPECT_GT(away.days.back().real_points, home.days.back().real_points);
  EXPECT_GT(away.days.front().real_moved_bytes, 0u);
  for (const std::string& part : rehearsal.left_out) EXPECT_EQ(part.find("copies"), part.npos);
}

TEST(Rehearsal, GivenGenerationsAreBackedUpInTurn) {
  const ScratchFolder scratch;
  RehearsalOptions options;
  for (const char* name : {"monday", "tuesday"}) {
    const std::string folder = scratch.path() + "/" + name;
    fs::create_directory(folder);
    auto opened = env::posix_env().open_folder(folder, false);
    ASSERT_TRUE(opened.ok());
    const std::string text = std::string("the data of ") + name;
    auto written = env::publish_file(
        env::posix_env(), **opened, "file",
        ByteView(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
    ASSERT_TRUE(written.ok());
    options.generations.push_back(folder);
  }
  const ServiceRehearsal result = rehearse_one(scenario_of(kResticService, "3d"), options);
  EXPECT_TRUE(result.same_points());
  EXPECT_GT(result.days[0].real_moved_bytes, result.days[2].real_moved_bytes);
}

// A program that never deletes: the rehearsal must notice.
class Hoarder final : public Subject {
 public:
  explicit Hoarder(std::unique_ptr<Subject> real) : real_(std::move(real)) {}
  Result<std::uint64_t> backup(const RealBackup& b) override { return real_->backup(b); }
  Status forget(const policy::RetentionPolicy&, const std::optional<std::string>&,
                Instant) override {
    return kOk;
  }
  Result<std::vector<Instant>> restore_points() override { return real_->restore_points(); }
  Result<std::uint64_t> stored_bytes() override { return real_->stored_bytes(); }

 private:
  std::unique_ptr<Subject> real_;
};

TEST(Rehearsal, AProgramThatForgetsToForgetIsFound) {
  RehearsalOptions options;
  options.subject = [](const std::string& path) -> Result<std::unique_ptr<Subject>> {
    BACKCAST_TRY(auto real, backcast_subject(path));
    return std::unique_ptr<Subject>(std::make_unique<Hoarder>(std::move(real)));
  };
  const ServiceRehearsal result = rehearse_one(scenario_of(kResticService, "15d"), options);
  EXPECT_FALSE(result.same_points());
  EXPECT_GT(result.days.back().real_points, result.days.back().simulated_points);
}

TEST(Rehearsal, RealResticKeepsWhatTheSimulationKeeps) {
  RehearsalOptions options;
  options.subject = restic_subject;
  const ServiceRehearsal result = rehearse_one(scenario_of(kResticService, "6d"), options);
  EXPECT_EQ(result.backups, 6u);
  EXPECT_TRUE(result.same_points());
}

TEST(Rehearsal, RealBorgKeepsWhatTheSimulationKeeps) {
  RehearsalOptions options;
  options.subject = borg_subject;
  const ServiceRehearsal result =
      rehearse_one(scenario_of(R"({"name": "files", "region": "home", "size": "4 GB",
                      "change": {"per_day": "5%"}, "schedules": [{"cron": "30 2 * * *"}],
                      "retention": "borg: --keep-daily 3 --keep-weekly 2"})",
                               "6d"),
                   options);
  EXPECT_EQ(result.backups, 6u);
  EXPECT_TRUE(result.same_points());
}

TEST(Rehearsal, APolicyTheToolDoesNotSpeakIsRefused) {
  const ScratchFolder scratch;
  RehearsalOptions options;
  options.subject = borg_subject;
  options.work_folder = scratch.path();
  const Scenario scenario = scenario_of(kResticService, "3d");
  const auto rehearsal = rehearse(scenario, run(scenario), options);
  ASSERT_FALSE(rehearsal.ok());
  EXPECT_EQ(rehearsal.error().code, Errc::kBadInput);
}

TEST(Programs, FailuresCarryWhatTheProgramSaid) {
  EXPECT_EQ(*run_program({"printf", "hello"}, {}), "hello");
  EXPECT_EQ(run_program({"no-such-program-here"}, {}).error().code, Errc::kNotFound);
  const auto failed = run_program({"sh", "-c", "echo broken >&2; exit 3"}, {});
  ASSERT_FALSE(failed.ok());
  EXPECT_NE(failed.error().message.find("broken"), std::string::npos);
}

}  // namespace
}  // namespace backcast::sim
