// The faulty disk itself: what it counts, refuses, and what a power cut leaves of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "engine/env/fault_env.h"

namespace backcast::env {
namespace {

using testing::HasSubstr;

std::unique_ptr<Folder> open(FaultEnv& env) {
  return *env.open_folder("/repo", true);
}

TEST(FaultEnv, EachMutatingCallOfAPublishCanKillAndLeavesAllOrNothing) {
  FaultEnv probe;
  auto folder = open(probe);
  probe.clear_faults();
  ASSERT_TRUE(publish_file(probe, *folder, "x", as_bytes("payload")).ok());
  const std::uint64_t calls = probe.calls();
  ASSERT_EQ(calls, 5u);  // create, write, sync, rename, sync folder
  for (const Fault fault : {Fault::kKill, Fault::kKillHalfway}) {
    for (std::uint64_t call = 0; call < calls; ++call) {
      FaultEnv env;
      folder = open(env);
      env.inject(call, fault);
      EXPECT_FALSE(publish_file(env, *folder, "x", as_bytes("payload")).ok());
      EXPECT_TRUE(env.fault_fired());
      EXPECT_FALSE(folder->list("").ok()) << "a dead process does nothing more";
      env.restart_process();
      folder = open(env);
      const auto bytes = read_file(*folder, "x", 100);
      EXPECT_EQ(bytes.ok(), call >= 4) << call;
      if (bytes.ok()) {
        EXPECT_EQ(*bytes, "payload");
      }
    }
  }
}

TEST(FaultEnv, APublishedFileSurvivesEveryPowerCutAndAnUnsyncedOneMayNot) {
  std::set<std::string> outcomes;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    FaultEnv env;
    auto folder = open(env);
    ASSERT_TRUE(publish_file(env, *folder, "safe", as_bytes("payload")).ok());
    const auto file = *folder->create("unsafe");
    ASSERT_TRUE(file->append(as_bytes(std::string(2000, 'a'))).ok());
    ASSERT_TRUE(file->append(as_bytes("b")).ok());
    env.power_cycle(seed);
    EXPECT_FALSE(folder->list("").ok()) << "handles do not outlive the power cut";
    folder = open(env);
    ASSERT_EQ(*read_file(*folder, "safe", 100), "payload");
    const auto unsafe = read_file(*folder, "unsafe", 4000);
    if (!unsafe.ok()) {
      outcomes.insert("lost");
    } else if (*unsafe == std::string(2000, 'a') + "b") {
      outcomes.insert("whole");
    } else if (unsafe->size() == 2001 && unsafe->starts_with('\0')) {
      outcomes.insert("later write only");
    } else {
      outcomes.insert("torn");
    }
  }
  EXPECT_THAT(outcomes, testing::UnorderedElementsAre("lost", "whole", "torn", "later write only"));
}

TEST(FaultEnv, SyncedBytesAloneDoNotKeepTheName) {
  FaultEnv env;
  auto folder = open(env);
  const auto file = *folder->create("x");
  ASSERT_TRUE(file->append(as_bytes("1")).ok());
  ASSERT_TRUE(file->sync().ok());
  env.power_cycle(0);
  EXPECT_EQ(open(env)->open("x").error().code, Errc::kNotFound);
}

TEST(FaultEnv, ARenameSurvivesWholeOrNotAtAll) {
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    FaultEnv env;
    env.set_bytes("/repo/a", "old");
    auto folder = open(env);
    ASSERT_TRUE(folder->rename("a", "b").ok());
    env.power_cycle(seed);
    folder = open(env);
    EXPECT_NE(folder->stat("a").ok(), folder->stat("b").ok()) << seed;
  }
}

TEST(FaultEnv, NoSpaceIsNamedAndStickyOnRequest) {
  FaultEnv env;
  auto folder = open(env);
  env.inject(1, Fault::kNoSpace);
  auto failure = publish_file(env, *folder, "x", as_bytes("payload"));
  ASSERT_FALSE(failure.ok());
  EXPECT_EQ(failure.error().code, Errc::kNoSpace);
  EXPECT_THAT(to_string(failure.error()), HasSubstr("/repo/"));
  EXPECT_THAT(to_string(failure.error()), HasSubstr("No space left on device"));
  EXPECT_TRUE(publish_file(env, *folder, "x", as_bytes("payload")).ok());
  env.inject(0, Fault::kNoSpace, true);
  EXPECT_FALSE(publish_file(env, *folder, "y", as_bytes("payload")).ok());
  EXPECT_FALSE(publish_file(env, *folder, "y", as_bytes("payload")).ok());
  EXPECT_TRUE(folder->remove("x").ok()) << "a full disk still lets go";
}

TEST(FaultEnv, ProcessesShareTheDiskAndItsLocksButDieAlone) {
  FaultEnv env;
  auto folder = open(env);
  const auto other = env.another_process();
  auto others_folder = open(*other);
  auto held = others_folder->lock("lock", LockKind::kExclusive);
  ASSERT_TRUE(held.ok());
  EXPECT_EQ(folder->lock("lock", LockKind::kShared).error().code, Errc::kLocked);
  ASSERT_TRUE(publish_file(env, *folder, "x", as_bytes("1")).ok());
  EXPECT_EQ(*read_file(*others_folder, "x", 10), "1");
  other->inject(0, Fault::kKill);
  EXPECT_FALSE(others_folder->remove("x").ok());
  EXPECT_TRUE(folder->stat("x").ok()) << "the other died, not this one";
  auto freed = folder->lock("lock", LockKind::kExclusive);
  EXPECT_TRUE(freed.ok()) << "with a process go its locks";
  held = failed("released");
  other->restart_process();
  EXPECT_EQ(open(*other)->lock("lock", LockKind::kShared).error().code, Errc::kLocked);
}

TEST(FaultEnv, SavedDisksAreValues) {
  FaultEnv env;
  env.set_bytes("/repo/a", "1");
  const auto saved = env.save();
  env.set_bytes("/repo/a", "2");
  env.erase("/repo/a");
  EXPECT_TRUE(env.files().empty());
  env.load(saved);
  EXPECT_EQ(env.bytes("/repo/a"), "1");
}

}  // namespace
}  // namespace backcast::env
