// What is backed up comes back: every kind of entry with all that is known of it, into an empty
// folder and over an existing one.
#include "engine/source/restore.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <random>

#include "tests/source/trees.h"

namespace backcast::source {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

void set_time(const std::string& path, std::int64_t seconds, long nanoseconds) {
  const timespec times[2] = {{1, 2}, {seconds, nanoseconds}};
  ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, AT_SYMLINK_NOFOLLOW), 0) << path;
}

void set_attribute(const std::string& path, const char* name, std::string_view value) {
  ASSERT_EQ(::lsetxattr(path.c_str(), name, value.data(), value.size(), 0), 0) << path << name;
}

// A POSIX ACL as the kernel stores it: version 2, then (tag, permissions, id) in order of tags.
std::string acl(std::uint32_t uid, std::uint16_t user_permissions, std::uint16_t mask) {
  std::string bytes("\x02\0\0\0", 4);
  const auto entry = [&](std::uint16_t tag, std::uint16_t permissions, std::uint32_t id) {
    bytes.append(reinterpret_cast<const char*>(&tag), 2);
    bytes.append(reinterpret_cast<const char*>(&permissions), 2);
    bytes.append(reinterpret_cast<const char*>(&id), 4);
  };
  entry(0x01, 7, UINT32_MAX);          // owner
  entry(0x02, user_permissions, uid);  // a named user
  entry(0x04, 5, UINT32_MAX);          // group
  entry(0x10, mask, UINT32_MAX);       // mask
  entry(0x20, 0, UINT32_MAX);          // others
  return bytes;
}

// Everything the kernel lets this process make. Root makes more: owners and devices.
void make_tree(const Scratch& scratch, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const bool root = ::geteuid() == 0;
  const std::string names[] = {
      "plain",  "with space", "\xff\xfe not utf-8", "new\nline", "-rf", std::string(255, 'n'),
      "Zürich", ".hidden",    "a'b\"c\\d",          "*"};
  std::vector<std::string> folders{""};
  for (int i = 0; i < 40; ++i) {
    const std::string parent = folders[random() % folders.size()];
    const std::string name = (parent.empty() ? "" : parent + '/') + names[random() % 10];
    const std::string path = scratch.path(name);
    struct stat info {};
    if (::lstat(path.c_str(), &info) == 0) continue;
    switch (random() % 9) {
      case 0:
      case 1:
        ASSERT_EQ(::mkdir(path.c_str(), 0700), 0);
        folders.push_back(name);
        if (random() % 2) set_attribute(path, "system.posix_acl_default", acl(1234, 5, 7));
        break;
      case 2:
        ASSERT_EQ(::symlink("/no/such/\xfftarget", path.c_str()), 0);
        break;
      case 3:
        ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
        break;
      case 4:
        scratch.write(name, "");
        ASSERT_EQ(::truncate(path.c_str(), 1 << 20), 0);  // one hole
        break;
      case 5: {
        scratch.write(name, "linked");
        const std::string other = path.substr(0, path.rfind('/') + 1) + "link" + std::to_string(i);
        ASSERT_EQ(::link(path.c_str(), other.c_str()), 0);
        break;
      }
      case 6:
        if (root && random() % 2) {
          ASSERT_EQ(::mknod(path.c_str(), S_IFCHR | 0600, makedev(1, 3)), 0);
        } else if (root) {
          ASSERT_EQ(::mknod(path.c_str(), S_IFBLK | 0600, makedev(7, 1000000 % 256)), 0);
        }
        break;
      default: {
        std::string bytes(random() % 20000, '\0');
        for (char& c : bytes) c = static_cast<char>(random());
        scratch.write(name, bytes);
        if (random() % 2) set_attribute(path, "user.note", "v\xff");
        if (random() % 2) set_attribute(path, "system.posix_acl_access", acl(77, 4, 6));
      }
    }
  }
  // Metadata afterwards, innermost first: making entries changes their folder.
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch.path())) {
    paths.push_back(entry.path().native());
  }
  std::sort(paths.rbegin(), paths.rend());
  for (const std::string& path : paths) {
    struct stat info {};
    ASSERT_EQ(::lstat(path.c_str(), &info), 0);
    const bool folder = S_ISDIR(info.st_mode);
    if (root) {
      ASSERT_EQ(::lchown(path.c_str(), static_cast<uid_t>(random() % 3 * 1000),
                         static_cast<gid_t>(random() % 3 * 100)),
                0);
    }
    if (!S_ISLNK(info.st_mode)) {
      const auto bits = static_cast<mode_t>(random());
      ASSERT_EQ(::chmod(path.c_str(), folder ? (bits & 03077) | 0700 : (bits & 01377) | 0400), 0);
    }
    set_time(path, static_cast<std::int64_t>(random() % 4'000'000'000) - 1'000'000'000,
             static_cast<long>(random() % 1'000'000'000));
  }
}

class RoundTrip : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Threads, RoundTrip, testing::Values(1, 4));

TEST_P(RoundTrip, EveryKindOfEntryComesBackWithAllItsMetadata) {
  for (std::uint64_t seed = 1; seed <= 25; ++seed) {
    const Scratch source, target;
    make_tree(source, seed);
    Mirror mirror{
        .walk = {.roots = {source.path()}}, .restore = {.devices = true}, .threads = GetParam()};
    const auto done = mirror.run(target.path());
    ASSERT_TRUE(done.ok()) << to_string(done.error());
    EXPECT_THAT(mirror.problems, IsEmpty());
    EXPECT_THAT(mirror.notes, IsEmpty());
    ASSERT_EQ(describe(target.path()), describe(source.path())) << "seed " << seed;
  }
}

TEST_P(RoundTrip, OverAnExistingTreeTheResultIsTheSame) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const Scratch source, target;
    make_tree(source, seed);
    // The same tree with other modes, times and attributes, then restored over.
    for (int round = 0; round < 2; ++round) {
      Mirror mirror{
          .walk = {.roots = {source.path()}}, .restore = {.devices = true}, .threads = GetParam()};
      const auto done = mirror.run(target.path());
      ASSERT_TRUE(done.ok()) << to_string(done.error());
      ASSERT_EQ(describe(target.path()), describe(source.path())) << "seed " << seed;
      for (const auto& entry : std::filesystem::recursive_directory_iterator(target.path())) {
        const std::string path = entry.path().native();
        if (entry.is_symlink()) continue;
        ::chmod(path.c_str(), entry.is_directory() ? 0777 : 0644);
        if (entry.is_directory()) set_attribute(path, "system.posix_acl_access", acl(5, 7, 7));
        if (entry.is_regular_file()) std::ofstream(path, std::ios::app) << "changed";
        set_time(path, 5, 5);
      }
    }
  }
}

TEST(Restore, WithoutPrivilegesOwnersAreNotedAndTheRestIsRestored) {
  const Scratch source, target;
  ::chmod(source.path().c_str(), 0755);
  ::chmod(target.path().c_str(), 0777);
  source.write("d/a", "1");
  source.write("read-only", "22");
  set_attribute(source.path("read-only"), "user.note", "x");
  ::chmod(source.path("d").c_str(), 0555);
  ::chmod(source.path("read-only").c_str(), 0444);
  if (::geteuid() == 0) {
    ASSERT_EQ(::chown(source.path("d/a").c_str(), 1234, 1234), 0);
  }
  as_nobody([&] {
    Mirror mirror{.walk = {.roots = {source.path()}}};
    // The target itself belongs to somebody else here.
    const auto done = mirror.run(target.path("sub"));
    ASSERT_TRUE(done.ok()) << to_string(done.error());
    if (::geteuid() != 0 && mirror.notes.size() == 1) {
      EXPECT_THAT(mirror.notes[0], HasSubstr("owners were not set"));
    } else {
      EXPECT_THAT(mirror.notes, IsEmpty()) << "all files are this user's own";
    }
    EXPECT_EQ(target.read("sub/d/a"), "1");
    struct stat info {};
    ASSERT_EQ(::stat(target.path("sub/read-only").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777u, 0444u);
    ASSERT_EQ(::stat(target.path("sub/d").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777u, 0555u);
    // And once more over read-only folders.
    Mirror again{.walk = {.roots = {source.path()}}};
    const auto repeated = again.run(target.path("sub"));
    EXPECT_TRUE(repeated.ok()) << to_string(repeated.error());
    ::chmod(target.path("sub/d").c_str(), 0755);
  });
  ::chmod(source.path("d").c_str(), 0755);
}

TEST(Restore, SetuidComesBackOnRequestOnly) {
  const Scratch source;
  source.write("tool", "#!");
  ASSERT_EQ(::chmod(source.path("tool").c_str(), 06755), 0);
  for (const bool wanted : {false, true}) {
    const Scratch target;
    Mirror mirror{.walk = {.roots = {source.path()}}, .restore = {.setuid = wanted}};
    ASSERT_TRUE(mirror.run(target.path()).ok());
    struct stat info {};
    ASSERT_EQ(::stat(target.path("tool").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 07777u, wanted ? 06755u : 0755u);
  }
}

TEST(Restore, KeptFilesStayAndNewOnesCome) {
  const Scratch source, target;
  source.write("a", "new");
  source.write("sub/b", "new");
  target.write("a", "old");
  Mirror mirror{.walk = {.roots = {source.path()}}, .restore = {.overwrite = Overwrite::kNever}};
  ASSERT_TRUE(mirror.run(target.path()).ok());
  EXPECT_EQ(target.read("a"), "old");
  EXPECT_EQ(target.read("sub/b"), "new");
  EXPECT_EQ(mirror.counts.kept, 1u);
}

TEST(Restore, AFolderWithContentIsNotReplacedByAFile) {
  const Scratch source, target;
  source.write("a", "new");
  target.write("a/precious", "old");
  Mirror mirror{.walk = {.roots = {source.path()}}};
  const auto done = mirror.run(target.path());
  ASSERT_FALSE(done.ok());
  EXPECT_THAT(to_string(done.error()), HasSubstr(target.path("a")));
  EXPECT_EQ(target.read("a/precious"), "old");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(target.path()), {}), 1)
      << "nothing temporary is left";
}

TEST(Restore, AHugeSparseFileIsQuickAndStaysSparse) {
  const Scratch source, target;
  constexpr std::uint64_t kBytes = 200ull << 30;
  source.write("disk", "");
  const int file = ::open(source.path("disk").c_str(), O_WRONLY);
  ASSERT_EQ(::ftruncate(file, kBytes), 0);
  ASSERT_EQ(::pwrite(file, "middle", 6, kBytes / 2), 6);
  ASSERT_EQ(::pwrite(file, "end", 3, kBytes - 3), 3);
  ::close(file);
  Mirror mirror{.walk = {.roots = {source.path()}}, .restore = {.direct_bytes = 1}};
  const auto done = mirror.run(target.path());
  ASSERT_TRUE(done.ok()) << to_string(done.error());
  EXPECT_LT(mirror.read_bytes, 1u << 20) << "holes are not read";
  struct stat info {};
  ASSERT_EQ(::stat(target.path("disk").c_str(), &info), 0);
  EXPECT_EQ(static_cast<std::uint64_t>(info.st_size), kBytes);
  EXPECT_LT(info.st_blocks * 512, 1 << 20) << "holes are not written";
  char bytes[6];
  const int restored = ::open(target.path("disk").c_str(), O_RDONLY);
  ASSERT_EQ(::pread(restored, bytes, 6, kBytes / 2), 6);
  EXPECT_EQ(std::string_view(bytes, 6), "middle");
  ASSERT_EQ(::pread(restored, bytes, 6, kBytes - 3), 3);
  EXPECT_EQ(std::string_view(bytes, 3), "end");
  ::close(restored);
}

Node file_node(std::string name, std::uint64_t size_bytes) {
  Node node;
  node.name = std::move(name);
  node.mode = 0644;
  node.uid = ::geteuid();
  node.gid = ::getegid();
  node.size_bytes = size_bytes;
  return node;
}

TEST(Restore, LargeFilesAreWrittenInPartsFromSeveralThreads) {
  const Scratch target;
  constexpr std::size_t kPart = 256 << 10, kParts = 9, kTail = 1234;
  void* memory = nullptr;
  ASSERT_EQ(::posix_memalign(&memory, 4096, kPart * kParts + kTail), 0);
  const ByteSpan content(static_cast<std::uint8_t*>(memory), kPart * kParts + kTail);
  std::mt19937_64 random(1);
  for (auto& byte : content) byte = static_cast<std::uint8_t>(random());
  for (const bool sparse : {false, true}) {
    Restorer restorer = *Restorer::open(env::posix_env(), target.path(), {.direct_bytes = 1});
    Node node = file_node(sparse ? "sparse" : "whole", content.size());
    if (sparse) {
      node.size_bytes = 1ull << 33;
      node.sparse = true;
      node.data = {{4096, 3 * kPart}, {1ull << 32, content.size() - 3 * kPart}};
    }
    const auto folder = *restorer.folder("");
    const auto file = *restorer.begin_file(*folder, node);
    std::atomic<std::size_t> next{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 3; ++i) {
      threads.emplace_back([&] {
        for (std::size_t part = next++; part <= kParts; part = next++) {
          const std::size_t at = (kParts - part) * kPart;
          const std::size_t size = std::min(kPart, content.size() - at);
          EXPECT_TRUE(file->write_at(at, content.subspan(at, size)).ok());
        }
      });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_FALSE(file->write_at(content.size(), content.first(1)).ok()) << "beyond the end";
    ASSERT_TRUE(restorer.commit(*file).ok());
    std::string back(content.size(), '\0');
    const int restored = ::open(target.path(node.name).c_str(), O_RDONLY);
    if (sparse) {
      ASSERT_EQ(::pread(restored, back.data(), 3 * kPart, 4096), ssize_t{3 * kPart});
      ASSERT_EQ(::pread(restored, back.data() + 3 * kPart, back.size() - 3 * kPart, 1ll << 32),
                static_cast<ssize_t>(back.size() - 3 * kPart));
    } else {
      ASSERT_EQ(::pread(restored, back.data(), back.size(), 0), static_cast<ssize_t>(back.size()));
    }
    ::close(restored);
    EXPECT_TRUE(back == as_text(content));
  }
  std::free(memory);
}

TEST(Restore, AFileThatIsNotWholeIsRefusedAndRemoved) {
  const Scratch target;
  Restorer restorer = *Restorer::open(env::posix_env(), target.path(), {});
  const auto folder = *restorer.folder("");
  {
    const auto file = *restorer.begin_file(*folder, file_node("short", 10));
    ASSERT_TRUE(file->write_at(0, as_bytes("12345")).ok());
    const auto done = restorer.commit(*file);
    ASSERT_FALSE(done.ok());
    EXPECT_THAT(to_string(done.error()), HasSubstr("5 of 10 bytes"));
  }
  EXPECT_FALSE(restorer.write_file(*folder, file_node("x", 1), as_bytes("12")).ok());
  EXPECT_TRUE(std::filesystem::is_empty(target.path()));
}

TEST(Restore, FailuresNameTheTarget) {
  const Scratch scratch;
  scratch.write("file", "1");
  const auto opened = Restorer::open(env::posix_env(), scratch.path("file/below"), {});
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(to_string(opened.error()), HasSubstr(scratch.path("file")));
}

}  // namespace
}  // namespace backcast::source
