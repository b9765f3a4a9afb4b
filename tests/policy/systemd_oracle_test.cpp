// systemd's own calculator is the judge of calendar events.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <random>
#include <sstream>

#include "engine/policy/schedule/schedule.h"

namespace backcast::policy {
namespace {

constexpr int kRuns = 8;

std::string output_of(const std::string& command) {
  std::string text;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return text;
  std::array<char, 4096> buffer;
  while (const std::size_t n = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
    text.append(buffer.data(), n);
  }
  pclose(pipe);
  return text;
}

// The next runs as systemd-analyze prints them: "Next elapse: Mon 2025-03-31 00:30:00 UTC" and
// "Iter. #2: …". Empty if it refuses the text or it never elapses.
std::vector<std::string> systemd_runs(const std::string& spec, Instant after) {
  const std::string base = "@" + std::to_string(unix_seconds(after));
  std::istringstream lines(
      output_of("TZ=UTC LC_ALL=C systemd-analyze calendar --iterations=" + std::to_string(kRuns) +
                " --base-time='" + base + "' '" + spec + "' 2>/dev/null"));
  std::vector<std::string> runs;
  for (std::string line; std::getline(lines, line);) {
    const bool first = line.find("Next elapse: ") != std::string::npos;
    if (!first && line.find("Iter. #") == std::string::npos) continue;
    const std::size_t utc = line.rfind(" UTC");
    if (utc == std::string::npos) continue;  // "never"
    runs.push_back(line.substr(utc - 19, 10) + 'T' + line.substr(utc - 8, 8) + 'Z');
  }
  return runs;
}

std::vector<std::string> our_runs(const std::string& spec, Instant after) {
  std::vector<std::string> runs;
  const auto schedule = parse_schedule("oncalendar: " + spec);
  if (!schedule.ok()) return runs;
  for (Instant t = after; runs.size() < kRuns;) {
    const auto run = next(*schedule, t, Zone::utc());
    if (!run) break;
    runs.push_back(format_instant(*run));
    t = *run;
  }
  return runs;
}

void expect_agreement(const std::string& spec, const std::string& after) {
  const Instant t = parse_instant(after)->instant;
  EXPECT_EQ(our_runs(spec, t), systemd_runs(spec, t)) << spec << " after " << after;
}

TEST(SystemdOracle, IsInstalled) {
  ASSERT_FALSE(output_of("systemd-analyze --version").empty())
      << "install the package systemd (./run test does)";
}

TEST(SystemdOracle, EveryForm) {
  for (const char* spec : {"minutely",
                           "hourly",
                           "daily",
                           "weekly",
                           "monthly",
                           "yearly",
                           "quarterly",
                           "semiannually",
                           "Mon",
                           "Sat,Sun 12:00",
                           "Mon..Wed *-5-27",
                           "12-05",
                           "*-*-31",
                           "*-02-29",
                           "Mon *-02-29",
                           "*-*~01",
                           "*-*~07/1",
                           "*-02~03",
                           "*-*~01..05/2",
                           "Fri *-*~07/1",
                           "08:05:40",
                           "0..5/2:00",
                           "*:0/15",
                           "*:*:30",
                           "2026-01-01 00:00:00",
                           "25-12-24",
                           "*-1/2-1,15 03:00",
                           "Mon, 12:00",
                           "2030..2040/5-06-01 06:00",
                           "1..7/3 12:00",
                           "*-*-1..7/3 12:00",
                           "5",
                           "*-*-*",
                           "Fri..Mon",
                           "*-*-05..05",
                           "*-*~29",
                           "24:00",
                           "12:60",
                           "*:0/60",
                           "12:00:61",
                           "Mon-Fri 09:00",
                           "foo",
                           "*-13-01",
                           "tue..thu,sat 7:5"}) {
    expect_agreement(spec, "2024-02-28T22:30:00Z");
  }
}

// Where clocks skip midnight, systemd 252 gives up on some events ("Resource deadlock avoided") and
// the timer stands still. We name the times the event describes.
TEST(SystemdOracle, GivesUpWhereMidnightIsSkipped) {
  const Instant after = parse_instant("2025-03-29T20:00:00Z")->instant;
  EXPECT_TRUE(systemd_runs("*-*-* 0/2:30 Asia/Beirut", after).empty());
  const auto runs = our_runs("*-*-* 0/2:30 Asia/Beirut", after);
  ASSERT_GE(runs.size(), 3u);
  EXPECT_EQ(runs[0], "2025-03-29T20:30:00Z");
  EXPECT_EQ(runs[1], "2025-03-29T23:30:00Z");  // 00:30 does not exist, 02:30 summer time does
  EXPECT_EQ(runs[2], "2025-03-30T01:30:00Z");
}

TEST(SystemdOracle, ClockChanges) {
  // For each zone evenings before its clocks go forward and back.
  const std::vector<std::pair<const char*, std::vector<const char*>>> kZones = {
      {"Europe/Berlin", {"2025-03-29T20:00:00Z", "2025-10-25T20:00:00Z"}},
      {"America/New_York", {"2025-03-08T20:00:00Z", "2025-11-01T20:00:00Z"}},
      {"Australia/Lord_Howe", {"2025-10-04T00:00:00Z", "2025-04-05T00:00:00Z"}},
      {"America/Santiago", {"2025-09-06T00:00:00Z", "2025-04-05T00:00:00Z"}},
      {"Asia/Beirut", {"2025-03-29T12:00:00Z", "2025-10-25T12:00:00Z"}},
      {"Africa/Cairo", {"2025-04-24T12:00:00Z", "2025-10-30T12:00:00Z"}}};
  for (const auto& [zone, evenings] : kZones) {
    for (const char* time : {"00:00", "00:30", "01:30", "02:00", "02:15", "02:30", "03:00", "*:00",
                             "*:0/20", "1/2:30", "1..3:15,45"}) {
      for (const char* after : evenings) {
        expect_agreement(std::string("*-*-* ") + time + " " + zone, after);
      }
    }
  }
}

TEST(SystemdOracle, RandomEvents) {
  std::mt19937 random(7);
  const auto pick = [&](int low, int high) {
    return std::uniform_int_distribution<int>(low, high)(random);
  };
  const auto field = [&](int low, int high) -> std::string {
    const int a = pick(low, high), b = pick(low, high);
    switch (pick(0, 5)) {
      case 0:
        return std::to_string(a);
      case 1:
        return std::to_string(a) + ',' + std::to_string(b);
      case 2:
        return std::to_string(std::min(a, b)) + ".." + std::to_string(std::max(a, b));
      case 3:
        return std::to_string(a) + '/' + std::to_string(pick(1, 7));
      case 4:
        return std::to_string(std::min(a, b)) + ".." + std::to_string(std::max(a, b)) + '/' +
               std::to_string(pick(1, 5));
      default:
        return "*";
    }
  };
  for (int i = 0; i < 150; ++i) {
    const char* days[] = {"", "", "", "Mon ", "Sat,Sun ", "Tue..Thu ", "Fri, "};
    std::string spec = days[pick(0, 6)];
    spec += "*-" + field(1, 12) + (pick(0, 3) == 0 ? '~' : '-') + field(1, 31) + ' ';
    spec += field(0, 23) + ':' + field(0, 59) + ':' + field(0, 59);
    const char* zones[] = {"", "", " UTC", " Europe/Berlin", " America/New_York"};
    spec += zones[pick(0, 4)];
    expect_agreement(spec, format_instant(from_unix_seconds(1'700'000'000 + pick(0, 90'000'000))));
  }
}

}  // namespace
}  // namespace backcast::policy
