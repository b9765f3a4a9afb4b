// The order of a walk, what it leaves out, and how it goes on when something cannot be read.
#include "engine/source/walk.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/source/trees.h"

namespace backcast::source {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

struct Walked {
  std::vector<std::string> paths;  // of all entries, relative to the scratch folder
  std::vector<Problem> problems;
};

Walked walk_all(WalkOptions options, const std::string& base) {
  Walked walked;
  Walk walk(env::posix_tree(), std::move(options),
            [&](Problem problem) { walked.problems.push_back(problem); });
  const auto opened = walk.open();
  if (!opened.ok()) {
    ADD_FAILURE() << to_string(opened.error());
    return walked;
  }
  std::uint64_t number = 0;
  while (const auto listing = walk.next()) {
    EXPECT_EQ(listing->number, number++);
    EXPECT_LE(listing->found.size(), kListingEntries);
    for (const Found& found : listing->found) {
      const std::string path = '/' + listing->path_of(found);
      if (path.starts_with(base + '/')) walked.paths.push_back(path.substr(base.size() + 1));
    }
  }
  return walked;
}

TEST(Walk, FoldersComeInOrderEachBeforeItsSubfolders) {
  const Scratch scratch;
  for (const char* name : {"b/z", "b/a/q", "a.txt", "c/x", "b0"}) scratch.write(name, "1");
  const auto walked = walk_all({.roots = {scratch.path()}}, scratch.path());
  EXPECT_THAT(walked.paths, ElementsAre("a.txt", "b", "b0", "c", "b/a", "b/z", "b/a/q", "c/x"));
  EXPECT_THAT(walked.problems, IsEmpty());
}

TEST(Walk, SeveralRootsShareTheFoldersAboveThemAndNothingElse) {
  const Scratch scratch;
  for (const char* name : {"one/a", "two/sub/b", "two/sub/deep/c", "three/d", "file"}) {
    scratch.write(name, "1");
  }
  const auto walked = walk_all({.roots = {scratch.path("two/sub"), scratch.path("one"),
                                          scratch.path("two/sub/deep"), scratch.path("file")}},
                               scratch.path());
  EXPECT_THAT(walked.paths, ElementsAre("file", "one", "two", "one/a", "two/sub", "two/sub/b",
                                        "two/sub/deep", "two/sub/deep/c"));
}

TEST(Walk, ARootThatIsALinkLeadsToWhatItNames) {
  const Scratch scratch;
  scratch.write("real/a", "1");
  std::filesystem::create_symlink("real", scratch.path("link"));
  std::filesystem::create_symlink("nowhere", scratch.path("broken"));
  EXPECT_THAT(walk_all({.roots = {scratch.path("link")}}, scratch.path()).paths,
              ElementsAre("real", "real/a"));
  EXPECT_THAT(walk_all({.roots = {scratch.path("broken")}}, scratch.path()).paths,
              ElementsAre("broken"));
}

TEST(Walk, AMissingRootIsAnErrorThatNamesIt) {
  Walk walk(env::posix_tree(), {.roots = {"/no/such/folder"}}, nullptr);
  const auto opened = walk.open();
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(to_string(opened.error()), HasSubstr("/no/such/folder"));
  EXPECT_FALSE(Walk(env::posix_tree(), {}, nullptr).open().ok());
}

TEST(Walk, ExcludesApplyBelowTheRootsAndStopTheWalkThere) {
  const Scratch scratch;
  for (const char* name : {"cache/x", "src/a.o", "src/a.c", "src/cache/y", "src/keep.o"}) {
    scratch.write(name, "1");
  }
  const auto walked = walk_all({.roots = {scratch.path("src"), scratch.path("cache")},
                                .excludes = {"cache/", "*.o", "!keep.o"}},
                               scratch.path());
  EXPECT_THAT(walked.paths, ElementsAre("cache", "src", "cache/x", "src/a.c", "src/keep.o"));
}

TEST(Walk, CacheFoldersKeepOnlyTheirTag) {
  const Scratch scratch;
  scratch.write("c/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
  scratch.write("c/big", "1");
  scratch.write("d/CACHEDIR.TAG", "something else");
  scratch.write("d/big", "1");
  const auto walked = walk_all({.roots = {scratch.path()}, .exclude_caches = true}, scratch.path());
  EXPECT_THAT(walked.paths, ElementsAre("c", "d", "c/CACHEDIR.TAG", "d/CACHEDIR.TAG", "d/big"));
}

TEST(Walk, AFolderWithoutPermissionIsReportedAndTheRestIsRead) {
  const Scratch scratch;
  for (const char* name : {"a/x", "b/secret", "c/y"}) scratch.write(name, "1");
  ::chmod(scratch.path().c_str(), 0755);
  ::chmod(scratch.path("b").c_str(), 0000);
  as_nobody([&] {
    const auto walked = walk_all({.roots = {scratch.path()}}, scratch.path());
    EXPECT_THAT(walked.paths, ElementsAre("a", "b", "c", "a/x", "c/y"));
    ASSERT_THAT(walked.problems, SizeIs(1));
    EXPECT_EQ(walked.problems[0].path, scratch.path("b"));
    EXPECT_THAT(walked.problems[0].what, HasSubstr("Permission denied"));
  });
  ::chmod(scratch.path("b").c_str(), 0700);
}

TEST(Walk, AFileWithoutPermissionIsReportedWhenItIsOpened) {
  const Scratch scratch;
  scratch.write("a", "1");
  ::chmod(scratch.path().c_str(), 0755);
  ::chmod(scratch.path("a").c_str(), 0000);
  as_nobody([&] {
    Walk walk(env::posix_tree(), {.roots = {scratch.path()}}, nullptr);
    ASSERT_TRUE(walk.open().ok());
    while (const auto listing = walk.next()) {
      if ('/' + listing->path != scratch.path()) continue;
      auto node = stat_entry(*listing, listing->found[0]);
      ASSERT_TRUE(node.ok());
      const auto file = open_source(*listing, listing->found[0], *node);
      ASSERT_FALSE(file.ok());
      EXPECT_THAT(file.error().message, HasSubstr("Permission denied"));
    }
  });
}

// What changes under the reader's hands: each is an error of that entry or a flag, never a hang.
TEST(Walk, EntriesThatVanishOrTurnIntoSomethingElseAreErrorsOfTheirOwn) {
  const Scratch scratch;
  for (const char* name : {"a", "b", "c", "d"}) scratch.write(name, "12345");
  Walk walk(env::posix_tree(), {.roots = {scratch.path()}}, nullptr);
  ASSERT_TRUE(walk.open().ok());
  std::optional<Listing> listing;
  do {
    listing = walk.next();
  } while ('/' + listing->path != scratch.path());
  std::vector<Node> nodes;
  for (const Found& found : listing->found) nodes.push_back(*stat_entry(*listing, found));
  std::filesystem::remove(scratch.path("a"));
  std::filesystem::remove(scratch.path("b"));
  std::filesystem::remove(scratch.path("c"));
  ASSERT_EQ(::mkfifo(scratch.path("b").c_str(), 0600), 0);
  std::filesystem::create_symlink("/etc/passwd", scratch.path("c"));
  EXPECT_EQ(stat_entry(*listing, listing->found[0]).error().code, Errc::kNotFound);
  EXPECT_EQ(open_source(*listing, listing->found[0], nodes[0]).error().code, Errc::kNotFound);
  EXPECT_FALSE(open_source(*listing, listing->found[1], nodes[1]).ok()) << "a fifo must not block";
  EXPECT_FALSE(open_source(*listing, listing->found[2], nodes[2]).ok()) << "no link is followed";
  const auto file = open_source(*listing, listing->found[3], nodes[3]);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE(file->unchanged(nodes[3]));
  scratch.write("d", "123456");
  EXPECT_FALSE(file->unchanged(nodes[3]));
}

TEST(Walk, LargeFoldersComeInBoundedListings) {
  const Scratch scratch(true);
  std::vector<std::string> names;
  for (int i = 0; i < 2500; ++i) {
    names.push_back(fmt::format("{:05}", i * 7 % 2500));
    scratch.write(names.back(), "");
  }
  std::sort(names.begin(), names.end());
  const auto walked = walk_all({.roots = {scratch.path()}}, scratch.path());
  EXPECT_EQ(walked.paths, names);
}

// Deeper than a path can be long and than there are descriptors to keep open.
TEST(Walk, VeryDeepFoldersAreWalkedToTheBottom) {
  const Scratch scratch(true);
  constexpr int kDepth = 1100;
  int folder = ::open(scratch.path().c_str(), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < kDepth; ++i) {
    ASSERT_EQ(::mkdirat(folder, "deep", 0700), 0);
    if (i % 50 == 0) {
      ASSERT_EQ(::mkdirat(folder, "later", 0700), 0);
    }
    const int next = ::openat(folder, "deep", O_RDONLY | O_DIRECTORY);
    ASSERT_GE(next, 0);
    ::close(folder);
    folder = next;
  }
  ::close(folder);
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &usual), 0);
  const rlimit few{400, usual.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  const auto walked = walk_all({.roots = {scratch.path()}}, scratch.path());
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &usual), 0);
  EXPECT_EQ(walked.paths.size(), kDepth + kDepth / 50u);
  EXPECT_THAT(walked.problems, IsEmpty());
}

TEST(Walk, OneFileSystemStopsAtMountPoints) {
  if (::access("/proc/self", F_OK) != 0) FAIL() << "needs /proc";
  // /proc is another file system than / everywhere; its folder is kept, empty.
  std::uint64_t inside = 0, proc = 0;
  Walk walk(env::posix_tree(),
            {.roots = {"/"}, .excludes = {"/*", "!/proc"}, .one_file_system = true}, nullptr);
  ASSERT_TRUE(walk.open().ok());
  while (const auto listing = walk.next()) {
    for (const Found& found : listing->found) {
      if (listing->path == "proc") ++inside;
      if (listing->path_of(found) == "proc") ++proc;
    }
  }
  EXPECT_EQ(proc, 1u);
  EXPECT_EQ(inside, 0u);
}

TEST(Walk, ThreadsShareListingsWithoutLosingOne) {
  const Scratch scratch;
  for (int i = 0; i < 300; ++i) scratch.write(fmt::format("d{}/f{}", i % 40, i), "1");
  Walk walk(env::posix_tree(), {.roots = {scratch.path()}}, nullptr);
  ASSERT_TRUE(walk.open().ok());
  std::mutex mutex;
  std::map<std::uint64_t, std::string> seen;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      while (const auto listing = walk.next()) {
        for (const Found& found : listing->found) EXPECT_TRUE(stat_entry(*listing, found).ok());
        const std::lock_guard guard(mutex);
        EXPECT_TRUE(seen.emplace(listing->number, listing->path).second);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(seen.size(), 3u + 40u);  // "", "tmp", the folder, its forty subfolders
}

}  // namespace
}  // namespace backcast::source
