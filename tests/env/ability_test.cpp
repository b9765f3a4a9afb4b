// Publishing where the file system lacks the usual means, and what tickers do.
#include <gtest/gtest.h>

#include <atomic>

#include "engine/env/fault_env.h"

namespace backcast::env {
namespace {

constexpr const char* kName = "index/object";

// Whatever the file system can do and whenever the process dies: the final name holds all of the
// bytes or does not exist.
TEST(Publish, NeverLeavesAPartUnderTheFinalName) {
  const std::string bytes(10'000, 'b');
  for (const auto& [rename_new, link] : {std::pair(true, true), {false, true}, {false, false}}) {
    for (const Fault fault :
         {Fault::kKill, Fault::kKillHalfway, Fault::kIoError, Fault::kNoSpace}) {
      bool is_over = false;
      for (std::uint64_t call = 0; !is_over; ++call) {
        FaultEnv env;
        env.set_abilities(rename_new, link);
        const auto folder = *env.open_folder("/disk", true);
        ASSERT_TRUE(folder->make_folder("index").ok());
        env.inject(call, fault);
        const auto done = publish_file(env, *folder, kName, as_bytes(bytes));
        is_over = !env.fault_fired();
        EXPECT_TRUE(done.ok() || !is_over);
        env.restart_process();
        const auto again = *env.open_folder("/disk", false);
        const auto found = again->stat(kName);
        if (found.ok()) {
          EXPECT_EQ(found->size_bytes, bytes.size()) << "call " << call;
        }
        EXPECT_TRUE(found.ok() || !done.ok());
      }
    }
  }
}

TEST(Publish, ReplacesNothingWhateverTheFileSystemCanDo) {
  for (const auto& [rename_new, link] : {std::pair(true, true), {false, true}, {false, false}}) {
    FaultEnv env;
    env.set_abilities(rename_new, link);
    const auto folder = *env.open_folder("/disk", true);
    ASSERT_TRUE(publish_file(env, *folder, "a", as_bytes("first")).ok());
    EXPECT_EQ(publish_file(env, *folder, "a", as_bytes("second")).error().code, Errc::kExists);
    EXPECT_EQ(*read_file(*folder, "a", 100), "first");
    EXPECT_EQ(env.files().size(), 1u) << "no temporary file is left";
  }
}

TEST(Ticker, ComesWheneverItsPeriodHasPassedUntilItIsGone) {
  FaultEnv env;
  int count = 0;
  auto ticker = env.every(kMinute, [&] { ++count; });
  env.advance(std::chrono::seconds(59));
  EXPECT_EQ(count, 0);
  env.advance(std::chrono::seconds(1));
  EXPECT_EQ(count, 1);
  env.sleep(kHour);
  EXPECT_EQ(count, 61);
  env.suspend(true);
  env.advance(kHour);
  EXPECT_EQ(count, 61);
  env.suspend(false);
  env.advance(kMinute);
  EXPECT_EQ(count, 62);
  ticker.reset();
  env.advance(kHour);
  EXPECT_EQ(count, 62);
}

TEST(Ticker, OfTheOperatingSystemComesFromAThreadOfItsOwn) {
  std::atomic<int> count{0};
  const auto ticker = posix_env().every(std::chrono::milliseconds(1), [&] { ++count; });
  for (int i = 0; i < 10'000 && count < 3; ++i) posix_env().sleep(std::chrono::milliseconds(1));
  EXPECT_GE(count, 3);
}

TEST(Machines, DoNotSeeEachOthersLocks) {
  FaultEnv env;
  const auto process = env.another_process();
  const auto machine = env.another_machine();
  const auto folder = *env.open_folder("/disk", true);
  const auto lock = *folder->lock("a", LockKind::kExclusive);
  EXPECT_FALSE((*process->open_folder("/disk", false))->lock("a", LockKind::kExclusive).ok());
  EXPECT_TRUE((*machine->open_folder("/disk", false))->lock("a", LockKind::kExclusive).ok());
  EXPECT_EQ(process->machine().boot_id, env.machine().boot_id);
  EXPECT_NE(machine->machine().boot_id, env.machine().boot_id);
  EXPECT_FALSE(posix_env().machine().boot_id.empty());
}

}  // namespace
}  // namespace backcast::env
