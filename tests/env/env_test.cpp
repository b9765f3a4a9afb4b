// One suite that every Folder passes, the operating system's and the faulty one.
#include "engine/env/env.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <set>

#include "engine/env/fault_env.h"

namespace backcast::env {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class AnyEnv : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) {
      char name[] = "/tmp/backcast-env-XXXXXX";
      root_path_ = ::mkdtemp(name);
    } else {
      fault_ = std::make_unique<FaultEnv>();
    }
    folder_ = *env().open_folder(root_path_ + "/a/b", true);
  }
  void TearDown() override {
    if (GetParam()) std::filesystem::remove_all(root_path_);
  }
  Env& env() { return GetParam() ? posix_env() : *fault_; }
  void write(const std::string& name, std::string_view bytes) {
    const auto file = *folder_->create(name);
    ASSERT_TRUE(file->append(as_bytes(bytes)).ok());
    ASSERT_TRUE(file->sync().ok());
  }
  std::string read(const std::string& name) {
    auto bytes = read_file(*folder_, name, 1 << 20);
    return bytes.ok() ? *bytes : to_string(bytes.error());
  }
  std::vector<std::string> names(const std::string& of = "") {
    std::vector<std::string> result;
    for (const auto& entry : *folder_->list(of)) {
      result.push_back(entry.name + (entry.is_folder ? "/" : ""));
    }
    return result;
  }

  std::string root_path_ = "/root";
  std::unique_ptr<FaultEnv> fault_;
  std::unique_ptr<Folder> folder_;
};
INSTANTIATE_TEST_SUITE_P(Env, AnyEnv, testing::Values(true, false),
                         [](const auto& param) { return param.param ? "Posix" : "Fault"; });

TEST_P(AnyEnv, AFileSystemIsSyncedAsAWhole) {
  const int here = ::open(GetParam() ? root_path_.c_str() : "/", O_RDONLY | O_DIRECTORY);
  EXPECT_TRUE(env().sync_file_system(here, "/somewhere").ok());
  ::close(here);
  if (!GetParam()) return;
  const auto closed = env().sync_file_system(-1, "/somewhere");
  ASSERT_FALSE(closed.ok());
  EXPECT_THAT(to_string(closed.error()), HasSubstr("Bad file descriptor"));
}

TEST_P(AnyEnv, FilesAreAppendedReadAndListedInOrder) {
  write("b", "hello ");
  write("a\xff", "");
  ASSERT_TRUE(folder_->make_folder("c").ok());
  write("c/d", "x");
  EXPECT_EQ(read("b"), "hello ");
  EXPECT_THAT(names(), ElementsAre("a\xff", "b", "c/"));
  EXPECT_EQ(folder_->stat("b")->size_bytes, 6u);
  EXPECT_TRUE(folder_->stat("c")->is_folder);
  std::uint8_t two[2];
  const auto file = *folder_->open("b");
  EXPECT_EQ(*file->read_at(4, two), 2u);
  EXPECT_EQ(*file->read_at(5, two), 1u);
  EXPECT_EQ(*file->read_at(99, two), 0u);
}

TEST_P(AnyEnv, NamesAreTakenReplacedAndFreed) {
  write("a", "1");
  write("b", "2");
  EXPECT_EQ(folder_->create("a").error().code, Errc::kExists);
  EXPECT_EQ(folder_->make_folder("a").error().code, Errc::kExists);
  EXPECT_EQ(folder_->link("a", "b").error().code, Errc::kExists);
  EXPECT_EQ(folder_->rename_new("a", "b").error().code, Errc::kExists);
  EXPECT_TRUE(*folder_->rename_new("a", "new"));
  EXPECT_TRUE(*folder_->rename_new("new", "a"));
  ASSERT_TRUE(folder_->rename("a", "b").ok());
  EXPECT_EQ(read("b"), "1");
  EXPECT_TRUE(*folder_->link("b", "c"));
  ASSERT_TRUE(folder_->remove("b").ok());
  EXPECT_THAT(names(), ElementsAre("c"));
  EXPECT_EQ(folder_->remove("b").error().code, Errc::kNotFound);
  EXPECT_EQ(folder_->open("b").error().code, Errc::kNotFound);
  EXPECT_THAT(to_string(folder_->open("b").error()), HasSubstr(root_path_ + "/a/b/b"));
  ASSERT_TRUE(folder_->make_folder("d").ok());
  write("d/x", "");
  EXPECT_FALSE(folder_->remove("d").ok());
  ASSERT_TRUE(folder_->remove("d/x").ok());
  EXPECT_TRUE(folder_->remove("d").ok());
}

TEST_P(AnyEnv, PublishLeavesNoTemporaryBehind) {
  ASSERT_TRUE(publish_file(env(), *folder_, "key", as_bytes("one")).ok());
  EXPECT_EQ(publish_file(env(), *folder_, "key", as_bytes("two")).error().code, Errc::kExists);
  EXPECT_EQ(read("key"), "one");
  ASSERT_TRUE(publish_file(env(), *folder_, "key", as_bytes("two"), {.replace = true}).ok());
  EXPECT_EQ(read("key"), "two");
  EXPECT_THAT(names(), ElementsAre("key"));
}

TEST_P(AnyEnv, ReadFileRefusesMoreThanItsLimit) {
  write("big", "12345");
  EXPECT_TRUE(read_file(*folder_, "big", 5).ok());
  EXPECT_EQ(read_file(*folder_, "big", 4).error().code, Errc::kCorrupt);
}

TEST_P(AnyEnv, LocksExcludeAndAreFreed) {
  auto shared = folder_->lock("lock", LockKind::kShared);
  ASSERT_TRUE(shared.ok());
  EXPECT_TRUE(folder_->lock("lock", LockKind::kShared).ok());
  EXPECT_EQ(folder_->lock("lock", LockKind::kExclusive).error().code, Errc::kLocked);
  shared = failed("released");
  auto exclusive = folder_->lock("lock", LockKind::kExclusive);
  ASSERT_TRUE(exclusive.ok());
  EXPECT_EQ(folder_->lock("lock", LockKind::kShared).error().code, Errc::kLocked);
}

TEST_P(AnyEnv, TouchSetsTheTimeToTheNanosecond) {
  write("a", "");
  for (const char* text : {"2001-02-03T04:05:06.123456789Z", "1969-12-31T23:59:58.5Z"}) {
    const Instant time = parse_instant(text)->instant;
    ASSERT_TRUE(folder_->touch("a", time).ok());
    EXPECT_EQ(format_instant(folder_->stat("a")->modified), format_instant(time));
  }
}

TEST_P(AnyEnv, DirectAppendsOfAnyLengthKeepTheirOrder) {
  constexpr std::size_t kBytes = 3 * kDirectAlignment + 77;
  void* memory = nullptr;
  ASSERT_EQ(::posix_memalign(&memory, kDirectAlignment, kBytes), 0);
  const ByteSpan block(static_cast<std::uint8_t*>(memory), kBytes);
  for (std::size_t i = 0; i < kBytes; ++i) block[i] = static_cast<std::uint8_t>(i * 7);
  const auto file = *folder_->create("direct", {.direct = true, .expected_bytes = 4 * kBytes});
  ASSERT_TRUE(file->append(block).ok());
  ASSERT_TRUE(file->append(block.first(kDirectAlignment)).ok());
  ASSERT_TRUE(file->append(block.subspan(1)).ok());
  ASSERT_TRUE(file->sync().ok());
  const std::string text(as_text(block));
  EXPECT_TRUE(read("direct") == text + text.substr(0, kDirectAlignment) + text.substr(1));
  std::free(memory);
}

TEST_P(AnyEnv, RandomBytesDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    std::uint8_t bytes[16];
    env().random(bytes);
    seen.emplace(as_text(bytes));
  }
  EXPECT_EQ(seen.size(), 100u);
}

TEST(Clock, ReplacesOnlyTheWallClock) {
  Instant at = from_unix_seconds(5);
  const auto env = with_clock(
      posix_env(), [](void* context) { return *static_cast<Instant*>(context); }, &at);
  EXPECT_EQ(env->now(), from_unix_seconds(5));
  at += kDay;
  EXPECT_EQ(env->now(), from_unix_seconds(86405));
  EXPECT_GT(env->monotonic(), Duration(0));
}

TEST(PosixEnv, DoesNotFollowSymlinksBeneathTheRoot) {
  char name[] = "/tmp/backcast-env-XXXXXX";
  const std::string root = ::mkdtemp(name);
  std::filesystem::create_symlink("/etc/passwd", root + "/link");
  const auto folder = *posix_env().open_folder(root, false);
  EXPECT_FALSE(folder->open("link").ok());
  EXPECT_FALSE(folder->lock("link", LockKind::kShared).ok());
  EXPECT_FALSE(folder->create("link").ok());
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace backcast::env
