// Machines of one image in one repository of the real engine, beside what the simulation says that
// they store: the common part once, what has drifted for each.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "engine/base/document.h"
#include "rehearsal/subject.h"
#include "scenarios/load/load.h"
#include "sim/run/run.h"

namespace backcast::sim {
namespace {

namespace fs = std::filesystem;

constexpr int kMachines = 4, kNights = 12, kKept = 3;
constexpr std::uint64_t kBlockBytes = 32 << 10;
constexpr int kCommon = 300, kOwn = 200;  // blocks of one machine
constexpr double kDrift = 0.01, kOwnChange = 0.035;

// One file per block, random bytes that only its content number decides.
void write_block(const fs::path& machine, int block, std::uint64_t content) {
  std::string bytes(kBlockBytes, '\0');
  const Draws draws(content, 0);
  for (std::uint64_t i = 0; i < kBlockBytes / 8; ++i) {
    const std::uint64_t word = draws.bits(0, Purpose::kTest, i);
    for (unsigned b = 0; b < 8; ++b) bytes[8 * i + b] = static_cast<char>(word >> 8 * b);
  }
  std::ofstream(machine / std::to_string(block), std::ios::binary) << bytes;
}

// What a nightly backup of each machine leaves in the engine's repository.
std::uint64_t really_stored(const fs::path& work) {
  auto subject = backcast_subject((work / "repository").string());
  EXPECT_TRUE(subject.ok());
  std::uint64_t content = 1'000'000, drawn = 0;
  const Draws draws(5, 0);
  const auto machine = [&](int m) { return work / ("vm" + std::to_string(m)); };
  for (int m = 0; m < kMachines; ++m) {
    fs::create_directories(machine(m));
    for (int b = 0; b < kCommon; ++b) write_block(machine(m), b, static_cast<std::uint64_t>(b));
    for (int b = kCommon; b < kCommon + kOwn; ++b) write_block(machine(m), b, content++);
  }
  std::vector<Instant> old;
  Instant last{};
  for (int night = 0; night < kNights; ++night) {
    for (int m = 0; m < kMachines; ++m) {
      for (int b = 0; night > 0 && b < kCommon + kOwn; ++b) {
        const double change = b < kCommon ? kDrift : kOwnChange;
        if (draws.uniform(1, Purpose::kTest, drawn++) < change) {
          write_block(machine(m), b, content++);
        }
      }
      last = from_unix_seconds(1'767'225'600) + night * kDay + m * kMinute;
      EXPECT_TRUE((*subject)->backup({machine(m).string(), last, {}, false, ""}).ok());
      if (night < kNights - kKept) old.push_back(last);
    }
  }
  EXPECT_TRUE((*subject)->drop(old, last + kHour).ok());
  const auto stored = (*subject)->stored_bytes();
  EXPECT_TRUE(stored.ok());
  return stored.ok() ? *stored : 0;
}

std::uint64_t said_to_be_stored(const std::string& share) {
  std::string services;
  for (int m = 0; m < kMachines; ++m) {
    services += std::string(m == 0 ? "" : ",") + R"({"name": "vm)" + std::to_string(m) +
                R"(", "region": "here", "size": ")" +
                std::to_string(kBlockBytes * (kCommon + kOwn)) +
                R"( B", "change": {"mixture": [{"share": "60%", "per_day": "1%"},
                   {"share": "40%", "per_day": "3.5%"}]}, "retention": "restic: --keep-last 3",
                   "schedules": [{"cron": ")" +
                std::to_string(m) + R"( 0 * * *"}]})";
  }
  const std::string text = R"({"name": "t", "start": "2026-01-01", "horizon": "12d",
      "services": [)" + services +
                           R"(], "repositories": [{"name": "images", "service": "*",
      "shared": {"share": ")" +
                           share + R"(", "drift_per_day": ")" + (share == "0%" ? "0%" : "1%") +
                           "\"}}]}";
  auto document = Document::parse(text, "test.json");
  EXPECT_TRUE(document.ok());
  auto loaded = scenario::load(*document);
  if (!loaded.ok()) {
    ADD_FAILURE() << to_string(loaded.error().front());
    return 0;
  }
  return run(loaded->scenario).repositories.at(0).stored_bytes;
}

TEST(CommonPart, MachinesOfOneImageStoreWhatTheSimulationSays) {
  std::string pattern = (fs::temp_directory_path() / "common-test-XXXXXX").string();
  const fs::path work = ::mkdtemp(pattern.data());
  const auto real = static_cast<double>(really_stored(work));
  fs::remove_all(work);
  const auto said = static_cast<double>(said_to_be_stored("60%"));
  const auto apart = static_cast<double>(said_to_be_stored("0%"));
  RecordProperty("real_bytes", std::to_string(real));
  RecordProperty("simulated_bytes", std::to_string(said));
  RecordProperty("apart_bytes", std::to_string(apart));
  EXPECT_NEAR(said / real, 1, 0.03);
  EXPECT_GT(apart / real, 1.5);  // without a repository in common it would be that far off
}

}  // namespace
}  // namespace backcast::sim
