// Dying at every mutating call, by kill and by power cut. Each operation runs again and again, one
// call further each time, until it completes: what SQLite calls a loop to completion.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

using env::Fault;

// Runs `act` from the same disk, dying one call later each time, and `after` on what is left.
// Returns how many calls there were to die at.
template <typename Act, typename After>
std::uint64_t die_everywhere(Lab& lab, Act act, After after) {
  const auto before = lab.env().save();
  std::uint64_t calls = 0;
  for (const Fault fault : {Fault::kKill, Fault::kKillHalfway}) {
    for (std::uint64_t call = 0;; ++call) {
      lab.env().load(before);
      lab.env().inject(call, fault);
      act();
      if (!lab.env().fault_fired()) {
        calls = call;
        break;
      }
      const auto log = lab.env().log();
      const auto& last = log[std::min<std::size_t>(call, log.size() - 1)];
      after(fmt::format("{} at call {}, {} {}", fault == Fault::kKill ? "killed" : "killed halfway",
                        call, name_of(last.kind), last.name));
      if (testing::Test::HasFatalFailure() || testing::Test::HasNonfatalFailure()) return calls;
    }
  }
  return calls;
}

// As many power cuts after each death as make `states` in all.
template <typename Act>
std::uint64_t lose_power_everywhere(Lab& lab, std::uint64_t states, Act act,
                                    const std::string& what) {
  const auto before = lab.env().save();
  lab.env().inject(UINT64_MAX, Fault::kKill);
  act();
  const std::uint64_t calls = lab.env().calls();
  EXPECT_GT(calls, 0u);
  const std::uint64_t seeds = (states + calls - 1) / calls;
  std::uint64_t tried = 0;
  for (std::uint64_t call = 0; call < calls; ++call) {
    lab.env().load(before);
    lab.env().inject(call, call % 2 == 0 ? Fault::kKill : Fault::kKillHalfway);
    act();
    const auto dead = lab.env().save();
    for (std::uint64_t seed = 0; seed < seeds; ++seed, ++tried) {
      lab.env().load(dead);
      // Seeds 0 and 1 keep only what is durable and everything; the rest is drawn.
      lab.env().power_cycle(seed < 2 ? seed : call * 1000 + seed);
      lab.verify(fmt::format("{}: power lost at call {}, seed {}", what, call, seed));
      if (testing::Test::HasFailure()) return tried;
    }
  }
  return tried;
}

TEST(Crash, X_CORE_02_BackupKilledAtEveryCallLosesAtMostItself) {
  Lab lab;
  lab.commit();
  lab.write_source(1);
  const std::uint64_t calls = die_everywhere(
      lab, [&] { (void)lab.back_up(2); },
      [&](const std::string& when) {
        lab.env().restart_process();
        const auto others = lab.verify(when);
        EXPECT_LE(others.size(), 1u) << when;
        // And the next one works without anybody's help.
        const auto again = lab.back_up();
        EXPECT_TRUE(again.ok()) << when << ": " << to_string(again.error());
        if (again.ok()) {
          EXPECT_TRUE(lab.content_of(again->id).ok()) << when;
        }
      });
  std::printf("backup: killed at each of %lu mutating calls\n", calls);
  RecordProperty("calls", static_cast<int>(calls));
  EXPECT_GT(calls, 10u);
}

TEST(Crash, FirstBackupKilledAtEveryCallLeavesAnEmptyRepository) {
  Lab lab;
  const std::uint64_t calls = die_everywhere(
      lab, [&] { (void)lab.back_up(); },
      [&](const std::string& when) {
        lab.env().restart_process();
        EXPECT_LE(lab.verify(when).size(), 1u) << when;
        EXPECT_TRUE(lab.back_up().ok()) << when;
      });
  std::printf("first backup: killed at each of %lu mutating calls\n", calls);
  EXPECT_GT(calls, 10u);
}

TEST(Crash, InitKilledAtEveryCallCanBeRunAgain) {
  const Keys keys = Keys::generate();
  env::FaultEnv env;
  const auto before = env.save();
  std::uint64_t calls = 0;
  for (std::uint64_t call = 0;; ++call) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      env.load(before);
      env.inject(call, Fault::kKillHalfway);
      (void)Repository::create(env, "/r", keys, "pass", kStretchingFloor);
      if (!env.fault_fired()) {
        calls = call;
        break;
      }
      seed == 3 ? env.restart_process() : env.power_cycle(seed);
      auto again = Repository::create(env, "/r", keys, "pass", kStretchingFloor);
      // Complete in spite of the late death, or made anew.
      EXPECT_TRUE(again.ok() || again.error().code == Errc::kExists)
          << "call " << call << ": " << to_string(again.error());
      OpenOptions options;
      options.read_data = true;
      options.passphrase = [] { return Result<std::string>("pass"); };
      const auto opened = Repository::open(env, "/r", options);
      EXPECT_TRUE(opened.ok()) << "call " << call << " seed " << seed << ": "
                               << to_string(opened.error());
    }
    if (calls > 0) break;
  }
  std::printf("init: killed at each of %lu mutating calls\n", calls);
  EXPECT_GT(calls, 10u);
}

TEST(PowerLoss, BackupLosesAtMostItself) {
  Lab lab;
  lab.commit();
  lab.write_source(1);
  lab.commit();
  lab.write_source(2);
  const std::uint64_t states = lose_power_everywhere(
      lab, thorough() ? 100'000 : 1'200, [&] { (void)lab.back_up(); }, "backup");
  std::printf("backup: %lu power-loss states\n", states);
}

// What was reported as done is done: after the report, no power cut takes anything back.
TEST(PowerLoss, ACommittedBackupSurvivesEveryPowerCut) {
  Lab lab;
  for (int generation = 1; generation <= 3; ++generation) {
    lab.write_source(generation);
    lab.commit(2);
  }
  const auto disk = lab.env().save();
  for (std::uint64_t seed = 0; seed < (thorough() ? 5'000u : 200u); ++seed) {
    lab.env().load(disk);
    lab.env().power_cycle(seed);
    lab.verify(fmt::format("seed {}", seed));
  }
}

}  // namespace
}  // namespace backcast::store
