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

// Lets `act` die at each of its calls, and cuts the power then: as many states as make `states` in
// all. `after` looks at each. Returns how many there were.
template <typename Act, typename After>
std::uint64_t lose_power_everywhere(Lab& lab, std::uint64_t states, Act act, After after) {
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
      after(fmt::format("power lost at call {}, seed {}", call, seed));
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
      options.passphrase = [] { return Result<SecretText>("pass"); };
      const auto opened = Repository::open(env, "/r", options);
      EXPECT_TRUE(opened.ok()) << "call " << call << " seed " << seed << ": "
                               << to_string(opened.error());
    }
    if (calls > 0) break;
  }
  std::printf("init: killed at each of %lu mutating calls\n", calls);
  EXPECT_GT(calls, 10u);
}

// A repository with three snapshots, of which the first is to go.
Id commit_three(Lab& lab) {
  const Id first = lab.commit();
  lab.write_source(1);
  lab.commit();
  lab.write_source(2);
  lab.commit();
  lab.committed().erase(first);
  return first;
}

TEST(Crash, ForgetKilledAtEveryCallTakesNoOtherSnapshot) {
  Lab lab;
  const Id doomed = commit_three(lab);
  const std::uint64_t calls = die_everywhere(
      lab, [&] { (void)lab.forget(doomed); },
      [&](const std::string& when) {
        lab.env().restart_process();
        const auto others = lab.verify(when);
        EXPECT_LE(others.size(), 1u) << when;
        if (!others.empty()) {
          EXPECT_TRUE(lab.forget(doomed).ok()) << when;
        }
        EXPECT_TRUE(lab.verify(when + ", and again").empty());
      });
  std::printf("forget: killed at each of %lu mutating calls\n", calls);
  EXPECT_GE(calls, 8u);  // a lease to look and one to act, the rename and its sync
}

TEST(Crash, PruneKilledAtEveryCallLosesNothingAndIsResumed) {
  Lab lab;
  const Id doomed = commit_three(lab);
  ASSERT_TRUE(lab.forget(doomed).ok());
  const std::uint64_t calls = die_everywhere(
      lab, [&] { (void)lab.prune_all(); },
      [&](const std::string& when) {
        lab.env().restart_process();
        EXPECT_TRUE(lab.verify(when).empty()) << when;
        const auto again = lab.prune_all();
        EXPECT_TRUE(again.ok()) << when << ": " << to_string(again.error());
        EXPECT_TRUE(lab.verify(when + ", and again").empty());
        // Nothing is left to free: a crash costs no space for ever.
        const auto last = lab.prune_all();
        EXPECT_TRUE(last.ok() && last->unused_bytes == 0 && last->orphans == 0) << when;
      });
  std::printf("prune: killed at each of %lu mutating calls\n", calls);
  EXPECT_GT(calls, 15u);
}

// A second repository of the same project on the same disk.
std::unique_ptr<Repository> make_copy_target(Lab& lab) {
  auto made =
      Repository::create(lab.env(), "/copy", lab.keys(), Lab::kPassphrase, kStretchingFloor);
  EXPECT_TRUE(made.ok()) << to_string(made.error());
  return *std::move(made);
}

Status copy_all(Lab& lab) {
  BACKCAST_TRY(const auto from, lab.open());
  BACKCAST_TRY(const auto to, lab.open(lab.env(), "/copy"));
  BACKCAST_TRY(const auto snapshots, load_snapshots(*from));
  CopyProgress progress;
  BACKCAST_TRY(const auto result, copy_snapshots(*from, *to, snapshots, progress));
  (void)result;
  return kOk;
}

// What the copy holds is whole, all of it if `complete`.
void verify_copy(Lab& lab, const std::string& when, bool complete) {
  const auto copy = lab.open(lab.env(), "/copy");
  ASSERT_TRUE(copy.ok()) << when;
  const auto snapshots = load_snapshots(**copy);
  ASSERT_TRUE(snapshots.ok()) << when << ": " << to_string(snapshots.error());
  if (complete) {
    EXPECT_EQ(snapshots->size(), lab.committed().size()) << when;
  }
  for (const Snapshot& snapshot : *snapshots) {
    const auto content = Lab::content_of(**copy, snapshot);
    ASSERT_TRUE(content.ok()) << when << ": " << to_string(content.error());
    EXPECT_TRUE(*content == lab.committed().at(snapshot.id)) << when;
  }
}

TEST(Crash, CopyKilledAtEveryCallLeavesWholeSnapshotsOnly) {
  Lab lab;
  lab.commit();
  lab.write_source(1);
  lab.commit();
  make_copy_target(lab);
  const std::uint64_t calls = die_everywhere(
      lab, [&] { (void)copy_all(lab); },
      [&](const std::string& when) {
        lab.env().restart_process();
        EXPECT_TRUE(lab.verify(when).empty());
        verify_copy(lab, when, false);
        const auto again = copy_all(lab);
        EXPECT_TRUE(again.ok()) << when << ": " << to_string(again.error());
        verify_copy(lab, when + ", and again", true);
      });
  std::printf("copy: killed at each of %lu mutating calls\n", calls);
  EXPECT_GT(calls, 10u);
}

// As `backcast key rotate` does it: a new pair under a new passphrase, then the old one goes.
Status rotate_keys(Lab& lab) {
  BACKCAST_TRY(const auto repository, lab.open());
  const auto ended = repository->rotate_keys("new", "new", kStretchingFloor);
  return ended.ok() ? Status(kOk) : ended.error();
}

Result<std::unique_ptr<Repository>> open_with(Lab& lab, const char* passphrase) {
  OpenOptions options;
  options.read_data = true;
  options.passphrase = [=] { return Result<SecretText>(passphrase); };
  return Repository::open(lab.env(), Lab::kPath, options);
}

void expect_all_of_it(Lab& lab, Repository& repository, const std::string& when) {
  const auto snapshots = load_snapshots(repository);
  ASSERT_TRUE(snapshots.ok()) << when;
  EXPECT_EQ(snapshots->size(), lab.committed().size() + 1) << when;
  for (const Snapshot& snapshot : *snapshots) {
    const auto content = Lab::content_of(repository, snapshot);
    ASSERT_TRUE(content.ok()) << when << ": " << to_string(content.error());
    const auto known = lab.committed().find(snapshot.id);
    if (known != lab.committed().end()) {
      EXPECT_TRUE(*content == known->second) << when;
    }
  }
}

// Of the two passphrases one opens it at least, and whichever does reads everything, what was saved
// after the change of keys included.
void expect_a_way_in(Lab& lab, const std::string& when) {
  auto repository = open_with(lab, "new");
  if (!repository.ok()) repository = open_with(lab, Lab::kPassphrase);
  ASSERT_TRUE(repository.ok()) << when << ": " << to_string(repository.error());
  BackupOptions options;
  options.walk.roots = {lab.source().path()};
  options.threads = 1;
  options.read_all = true;
  BackupProgress progress;
  lab.source().write("after the change", when);
  auto made = backup(**repository, options, progress);
  if (!made.ok()) {  // the rotation has to be brought to its end first
    EXPECT_THAT(made.error().message, testing::HasSubstr("rotation was interrupted")) << when;
    ASSERT_TRUE((*repository)->rotate_keys("again", "new", kStretchingFloor).ok()) << when;
    EXPECT_FALSE(open_with(lab, "new").ok()) << when;
    made = backup(**repository, options, progress);
  }
  ASSERT_TRUE(made.ok()) << when << ": " << to_string(made.error());
  for (const char* passphrase : {"again", "new", Lab::kPassphrase}) {
    repository = open_with(lab, passphrase);
    if (repository.ok()) expect_all_of_it(lab, **repository, when + ", passphrase " + passphrase);
  }
}

TEST(Crash, KeyRotationKilledAtEveryCallNeverShutsEverybodyOut) {
  Lab lab(10'000);
  lab.commit();
  const std::uint64_t calls = die_everywhere(
      lab, [&] { (void)rotate_keys(lab); },
      [&](const std::string& when) {
        lab.env().restart_process();
        expect_a_way_in(lab, when);
      });
  std::printf("key rotation: killed at each of %lu mutating calls\n", calls);
  EXPECT_GT(calls, 10u);
}

// Whoever is left with the new passphrase alone is told so.
TEST(DiskFaults, AKeyRotationThatFailsSaysWhichPassphraseOpens) {
  Lab lab(10'000);
  lab.commit();
  const auto before = lab.env().save();
  int shut_out = 0;
  for (std::uint64_t call = 0;; ++call) {
    lab.env().load(before);
    lab.env().inject(call, env::Fault::kIoError);
    Status done = kOk;
    {
      const auto repository = lab.open();
      ASSERT_TRUE(repository.ok());
      const auto ended = (*repository)->rotate_keys("new", "new", kStretchingFloor);
      if (!ended.ok()) done = ended.error();
    }
    const bool fired = lab.env().fault_fired();
    lab.env().clear_faults();
    if (!fired) break;
    if (done.ok() || open_with(lab, Lab::kPassphrase).ok()) continue;
    ++shut_out;
    EXPECT_THAT(done.error().hint, testing::HasSubstr("the new passphrase opens")) << call;
    EXPECT_TRUE(open_with(lab, "new").ok()) << call;
  }
  EXPECT_GT(shut_out, 0);
}

TEST(PowerLoss, KeyRotationNeverShutsEverybodyOut) {
  Lab lab(10'000);
  lab.commit();
  const std::uint64_t states = lose_power_everywhere(
      lab, thorough() ? 2'000 : 60, [&] { (void)rotate_keys(lab); },
      [&](const std::string& when) { expect_a_way_in(lab, when); });
  std::printf("key rotation: %lu power-loss states\n", states);
}

TEST(PowerLoss, BackupLosesAtMostItself) {
  Lab lab;
  lab.commit();
  lab.write_source(1);
  lab.commit();
  lab.write_source(2);
  const std::uint64_t states = lose_power_everywhere(
      lab, thorough() ? 40'000 : 800, [&] { (void)lab.back_up(); },
      [&](const std::string& when) { EXPECT_LE(lab.verify(when).size(), 1u) << when; });
  std::printf("backup: %lu power-loss states\n", states);
}

TEST(PowerLoss, ForgetTakesNoOtherSnapshot) {
  Lab lab;
  const Id doomed = commit_three(lab);
  const std::uint64_t states = lose_power_everywhere(
      lab, thorough() ? 10'000 : 240, [&] { (void)lab.forget(doomed); },
      [&](const std::string& when) { EXPECT_LE(lab.verify(when).size(), 1u) << when; });
  std::printf("forget: %lu power-loss states\n", states);
}

TEST(PowerLoss, PruneLosesNothing) {
  Lab lab;
  const Id doomed = commit_three(lab);
  ASSERT_TRUE(lab.forget(doomed).ok());
  const std::uint64_t states = lose_power_everywhere(
      lab, thorough() ? 40'000 : 800, [&] { (void)lab.prune_all(); },
      [&](const std::string& when) { EXPECT_TRUE(lab.verify(when).empty()) << when; });
  std::printf("prune: %lu power-loss states\n", states);
}

TEST(PowerLoss, CopyLeavesWholeSnapshotsOnly) {
  Lab lab;
  lab.commit();
  lab.write_source(1);
  lab.commit();
  make_copy_target(lab);
  const std::uint64_t states = lose_power_everywhere(
      lab, thorough() ? 10'000 : 240, [&] { (void)copy_all(lab); },
      [&](const std::string& when) {
        EXPECT_TRUE(lab.verify(when).empty());
        verify_copy(lab, when, false);
      });
  std::printf("copy: %lu power-loss states\n", states);
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
