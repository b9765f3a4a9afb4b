// restic and borg themselves, on repositories made here, are the judges of their dialects and of
// the readers of their exports.
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "histories/import.h"
#include "tests/policy/retention_support.h"
#include "tests/sim/history_support.h"

namespace backcast::policy {
namespace {

using namespace testing;
using nlohmann::json;

std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 4096> buffer;
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    text.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  EXPECT_EQ(status, 0) << command << "\n" << text;
  return text;
}

// A folder of its own with something to back up in it; removed at the end.
class RealTool : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = ::testing::TempDir() + "backcast-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    run("mkdir data && echo content > data/file");
  }
  void TearDown() override { output_of("rm -rf '" + folder_ + "'"); }

  std::string run(const std::string& command) const {
    return output_of("cd '" + folder_ + "' && " + command);
  }
  std::string folder_;
};

// Twelve times over two years: several on one day, gaps, and two across the turn of an ISO year.
constexpr std::array kTimes{"2024-12-30 08:00:00", "2025-01-01 08:00:00", "2025-03-30 01:30:00",
                            "2025-03-30 03:30:00", "2025-10-26 02:30:00", "2025-12-31 23:59:59",
                            "2026-01-01 00:00:00", "2026-01-05 10:00:00", "2026-01-05 10:59:00",
                            "2026-01-05 11:00:00", "2026-01-06 10:00:00", "2026-01-12 10:00:00"};

// The imported history goes on under the policy for `days` runs, in the simulator as in the
// forecast.
void expect_it_goes_on(const std::string& policy, std::vector<Snapshot> history, const Zone& zone,
                       int days) {
  history = select_source(std::move(history), "").value();
  const Instant start = at("2026-01-13");
  const Instant last = start + (days - 1) * kDay + 2 * kHour;
  sim::Scenario scenario =
      sim::testing::scenario_with(history, policy, "CRON_TZ=UTC 0 2 * * *", start, last + kSecond);
  scenario.services[0].zone = zone;
  EXPECT_EQ(sim::testing::left_at_the_end(sim::run(scenario, {.threads = 1})),
            sim::testing::forecast_left(scenario.services[0], start, last))
      << policy;
}

TEST_F(RealTool, ResticForgetAgreesAndItsExportIsRead) {
  const std::string restic = "TZ=UTC RESTIC_PASSWORD=x restic --no-cache -r repo ";
  ASSERT_NE(output_of("restic version").find("restic"), std::string::npos) << "install restic";
  run(restic + "init -q");
  for (std::size_t i = 0; i < kTimes.size(); ++i) {
    run(restic + "backup -q --host h" + (i % 4 == 0 ? " --tag prod " : " ") + "--time '" +
        kTimes[i] + "' data");
  }
  const History history =
      import_history("restic", run(restic + "snapshots --json"), {"restic", Zone::utc()}).value();
  ASSERT_EQ(history.snapshots.size(), kTimes.size());
  EXPECT_EQ(history.snapshots.front().time, at("2024-12-30T08:00:00Z"));
  EXPECT_EQ(history.snapshots.front().tags, std::vector<std::string>{"prod"});
  EXPECT_EQ(history.snapshots.front().host, "h");

  for (const char* flags :
       {"--keep-last 3", "--keep-hourly 2 --keep-daily 2", "--keep-daily 30", "--keep-weekly 4",
        "--keep-monthly -1", "--keep-yearly 9", "--keep-within 1m", "--keep-within-daily 1y2m3d",
        "--keep-tag prod --keep-last 1", "--keep-weekly 2 --keep-within 8d --keep-yearly 2"}) {
    const json forgotten = json::parse(run(restic + "forget --dry-run --json " + flags)).at(0);
    std::vector<std::string> wanted;
    for (const json& s : forgotten.at("keep")) wanted.push_back(s.at("id"));
    const std::string policy = std::string("restic: --version 0.14 ") + flags;
    const Decided d = decide_on(policy, history.snapshots, "2026-06-01");
    EXPECT_EQ(d.kept(), wanted) << flags;
    // The reasons come in the order of what is kept.
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      std::string matches;
      for (const json& match : forgotten.at("reasons").at(i).at("matches")) {
        matches += (matches.empty() ? "" : ", ") + match.get<std::string>();
      }
      EXPECT_EQ(d.why(wanted[i]), matches) << flags;
    }
    expect_it_goes_on(policy, history.snapshots, Zone::utc(), 40);
  }
}

// Sizes and new bytes of three backups of data of which some compresses, as restic counts them
// itself: what all of them take, and what the newest would take alone.
TEST_F(RealTool, ResticSizesAreThoseThatItStores) {
  const std::string restic = "RESTIC_PASSWORD=x restic --no-cache -r repo ";
  const auto stored = [&](const std::string& of) {
    const json stats = json::parse(run(restic + "stats --json --mode raw-data " + of));
    return stats.at("total_size").get<std::uint64_t>();
  };
  run(restic + "init -q");
  run("for i in $(seq 30); do seq $i 9 200000 > data/text$i; done");
  run("for i in $(seq 10); do head -c 100000 /dev/urandom > data/noise$i; done");
  const char* const changes[] = {
      "true", "for i in 1 2 3 4 5; do head -c 90000 /dev/urandom > data/text$i; done",
      "rm data/noise1 data/text9 && for i in 1 2 7 8; do seq $i 7 210000 > data/text$i; done"};
  std::vector<json> summaries;
  std::uint64_t stored_bytes = 0;
  for (const char* change : changes) {
    run(change);
    const std::string told = run(restic + "backup --json data");
    const std::size_t summary = told.rfind("{\"message_type\":\"summary\"");
    ASSERT_NE(summary, told.npos) << told;
    summaries.push_back(json::parse(told.substr(summary, told.find('\n', summary) - summary)));
    const std::uint64_t now_bytes = stored("");
    summaries.back()["data_added_packed"] = now_bytes - stored_bytes;
    stored_bytes = now_bytes;
  }
  // Before 0.17 the list says nothing of it: what `restic backup` said stands in.
  json list = json::parse(run(restic + "snapshots --json"));
  ASSERT_EQ(list.size(), summaries.size());
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!list[i].contains("summary")) list[i]["summary"] = summaries[i];
  }
  const History history = import_history("restic", list.dump(), {"restic", Zone::utc()}).value();
  ASSERT_EQ(history.counted.size(), 1u);
  EXPECT_TRUE(history.counted.begin()->second.is_stored) << history.counted.begin()->second.note;
  const auto& snapshots = history.snapshots;
  EXPECT_LT(snapshots[2].size_bytes, list[2]["summary"]["total_bytes_processed"]);
  const auto new_bytes =
      static_cast<double>(snapshots[0].new_bytes + snapshots[1].new_bytes + snapshots[2].new_bytes);
  const auto all_bytes = static_cast<double>(stored("")),
             alone = static_cast<double>(stored("latest"));
  EXPECT_NEAR(new_bytes / all_bytes, 1, 0.02);
  EXPECT_NEAR(static_cast<double>(snapshots[2].size_bytes) / alone, 1, 0.1);
}

TEST_F(RealTool, BorgPruneAgreesAndItsExportsAreRead) {
  const std::string borg =
      "TZ=Europe/Berlin BORG_BASE_DIR=$PWD/base BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes "
      "BORG_REPO=$PWD/repo borg ";
  ASSERT_NE(output_of("borg --version").find("borg"), std::string::npos) << "install borgbackup";
  run(borg + "init -e none");
  for (std::size_t i = 0; i < kTimes.size(); ++i) {
    std::string stamp = kTimes[i];  // --timestamp is UTC
    stamp[10] = 'T';
    run(borg + "create --timestamp " + stamp + " ::a" + std::to_string(i) + " data");
  }
  const Zone berlin = Zone::find("Europe/Berlin").value();
  const History listed =
      import_history("borg", run(borg + "list --json"), {"borg", berlin}).value();
  const History info =
      import_history("borg", run(borg + "info --json --last 99"), {"borg", berlin}).value();
  ASSERT_EQ(listed.snapshots.size(), kTimes.size());
  ASSERT_EQ(info.snapshots.size(), kTimes.size());
  EXPECT_TRUE(info.stored_bytes.has_value());
  EXPECT_GT(info.snapshots[0].size_bytes, 0u);
  for (std::size_t i = 0; i < kTimes.size(); ++i) {
    EXPECT_EQ(listed.snapshots[i].time, at(kTimes[i])) << i;
    EXPECT_EQ(info.snapshots[i].time, at(kTimes[i])) << i;
  }

  for (const char* flags :
       {"--keep-last 3", "--keep-hourly 2 --keep-daily 2", "--keep-daily 30", "--keep-weekly 4",
        "--keep-monthly -1", "--keep-yearly 9", "--keep-daily 2 --keep-weekly 2 --keep-monthly 2",
        "--keep-minutely 4 --keep-yearly 1"}) {
    // "Keeping archive (rule: daily #1):        a2       Sat, 2026-01-03 ..."
    const std::string said = run(borg + "prune --list --dry-run " + flags);
    const Decided d =
        decide_on(std::string("borg: ") + flags, listed.snapshots, "2026-06-01", "Europe/Berlin");
    for (std::size_t i = 0; i < kTimes.size(); ++i) {
      const std::string id = "a" + std::to_string(i);
      const std::size_t name = said.find(" " + id + " ");
      ASSERT_NE(name, std::string::npos) << said;
      const std::size_t start = said.rfind('\n', name) + 1;
      const std::string line = said.substr(start, name - start);
      const std::size_t rule = line.find("(rule: ");
      if (rule == std::string::npos) {
        EXPECT_NE(line.find("Would prune"), std::string::npos) << line;
        EXPECT_FALSE(d.plan.verdicts[i].keep) << flags << " " << id;
      } else {
        EXPECT_EQ(d.why(id), line.substr(rule + 7, line.find("):") - rule - 7)) << flags;
      }
    }
    expect_it_goes_on(std::string("borg: ") + flags, info.snapshots, berlin, 40);
  }
}

}  // namespace
}  // namespace backcast::policy
