// Trees made to escape. A restore may refuse, skip or tame each entry; what it must never do is
// touch anything outside its target. A sentinel tree beside the target is compared afterwards.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "tests/source/trees.h"

namespace backcast::source {
namespace {

// <scratch>/outside is the sentinel, <scratch>/target what is restored into.
class Hostile : public testing::Test {
 protected:
  void SetUp() override {
    scratch_.write("outside/secret", "sentinel");
    scratch_.write("outside/d/deep", "sentinel");
    std::filesystem::create_symlink("secret", scratch_.path("outside/link"));
    ::chmod(scratch_.path("outside/secret").c_str(), 0640);
    before_ = describe(scratch_.path("outside"));
  }
  std::string outside() const { return scratch_.path("outside"); }
  std::string target() const { return scratch_.path("target"); }
  void expect_untouched(const std::string& what) {
    ASSERT_EQ(describe(outside()), before_) << what;
    // Nothing was put beside them either.
    for (const auto& entry : std::filesystem::directory_iterator(scratch_.path())) {
      const std::string name = entry.path().filename().native();
      ASSERT_TRUE(name == "outside" || name == "target") << what << ": " << name;
    }
  }

  Scratch scratch_{true};
  std::map<std::string, std::string> before_;
};

Node node_of(NodeKind kind, std::string name) {
  Node node;
  node.kind = kind;
  node.name = std::move(name);
  node.mode = kind == NodeKind::kFolder ? 0755 : 0644;
  node.uid = ::geteuid();
  node.gid = ::getegid();
  if (kind == NodeKind::kSymlink) node.target = "x";
  return node;
}

struct Script {
  std::uint64_t seed;
  std::string target, outside;
  RestoreOptions options;
  std::mt19937_64 random{seed};
  std::vector<std::string> folders{""};

  std::string pick_name() {
    static const std::string kNames[] = {"a",
                                         "b",
                                         "d",
                                         "link",
                                         "secret",
                                         "..",
                                         ".",
                                         "",
                                         "../outside",
                                         "/etc/passwd",
                                         "a/b",
                                         "../outside/secret",
                                         std::string("d\0x", 3),
                                         "d/../../outside/x",
                                         std::string(300, 'n')};
    // Mostly the few that collide with each other, sometimes the ones no folder can hold.
    return kNames[random() % 10 < 8 ? random() % 5 : random() % std::size(kNames)];
  }
  std::string pick_target() {
    const std::string kTargets[] = {
        outside, outside + "/secret", "../outside", "../outside/d", "..", "/",
        ".",     "../target/a",       "a"};
    return kTargets[random() % std::size(kTargets)];
  }

  // What an earlier restore or somebody else left in the target.
  void plant() {
    std::filesystem::create_directories(target);
    for (int i = 0; i < 4; ++i) {
      const std::string path = target + '/' + (random() % 2 ? "a" : random() % 2 ? "d" : "b");
      std::error_code ignored;
      switch (random() % 4) {
        case 0:
          std::filesystem::create_symlink(pick_target(), path, ignored);
          break;
        case 1:
          if (!std::filesystem::create_directory(path, ignored)) break;
          std::filesystem::create_symlink(pick_target(), path + "/link", ignored);
          break;
        case 2:
          // The stale hard link of Duplicacy issue 691: writing in place would change both.
          (void)!::link((outside + "/secret").c_str(), path.c_str());
          break;
        default:
          break;
      }
    }
  }

  Status one(Restorer& restorer) {
    const std::string& path = folders[random() % folders.size()];
    BACKCAST_TRY(const auto folder, restorer.folder(path));
    const std::string name = pick_name();
    switch (random() % 5) {
      case 0: {
        Node node = node_of(NodeKind::kFolder, name);
        if (!is_entry_name(name)) node.name = name;
        BACKCAST_CHECK(restorer.make_folder(*folder, node));
        folders.push_back(path.empty() ? name : path + '/' + name);
        return kOk;
      }
      case 1: {
        Node node = node_of(NodeKind::kSymlink, name);
        node.target = pick_target();
        return restorer.write_other(*folder, node);
      }
      case 2: {
        // One file by many names, some of which are taken by links or folders meanwhile.
        Node node = node_of(NodeKind::kFile, name);
        node.links = 3;
        node.inode = random() % 3;
        node.size_bytes = 5;
        return restorer.write_file(*folder, node, as_bytes("evil!"));
      }
      case 3:
        return restorer.write_other(*folder, node_of(NodeKind::kFifo, name));
      default: {
        Node node = node_of(NodeKind::kFile, name);
        node.size_bytes = 5;
        node.mode = 06777;
        return restorer.write_file(*folder, node, as_bytes("evil!"));
      }
    }
  }
};

TEST_F(Hostile, NoTreeWritesOutsideItsTarget) {
  int trees = 0;
  std::map<bool, int> outcomes;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    for (const Overwrite overwrite : {Overwrite::kAlways, Overwrite::kNever}) {
      for (const bool planted : {false, true}) {
        std::filesystem::remove_all(target());
        Script script{seed, target(), outside(),
                      RestoreOptions{.overwrite = overwrite,
                                     .setuid = seed % 2 == 0,
                                     .direct_bytes = seed % 3 == 0 ? 1u : 1u << 20}};
        if (planted) script.plant();
        // Hard links planted on the sentinel change its link count; nothing else may.
        Restorer restorer = *Restorer::open(env::posix_env(), target(), script.options);
        for (int i = 0; i < 30; ++i) ++outcomes[script.one(restorer).ok()];
        (void)restorer.finish();
        std::filesystem::remove_all(target());
        expect_untouched(fmt::format("seed {}", seed));
        if (HasFatalFailure()) return;
        ++trees;
      }
    }
  }
  EXPECT_EQ(trees, 480);
  // Neither refusing everything nor accepting everything proves anything.
  EXPECT_GT(outcomes[true], 3000);
  EXPECT_GT(outcomes[false], 3000);
}

TEST_F(Hostile, NamesThatLeaveTheFolderAreNamedInTheError) {
  Restorer restorer = *Restorer::open(env::posix_env(), target(), {});
  const auto folder = *restorer.folder("");
  for (const std::string& name : {std::string(".."), std::string("../outside/new"),
                                  std::string("/tmp/new"), std::string("a\0b", 3)}) {
    Node node = node_of(NodeKind::kFile, name);
    const auto done = restorer.write_file(*folder, node, {});
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, Errc::kCorrupt);
    node.kind = NodeKind::kFifo;
    EXPECT_FALSE(restorer.write_other(*folder, node).ok());
    EXPECT_FALSE(restorer.begin_file(*folder, node).ok());
    node.kind = NodeKind::kFolder;
    EXPECT_FALSE(restorer.make_folder(*folder, node).ok());
  }
  EXPECT_TRUE(std::filesystem::is_empty(target()));
}

// Whether the worker that writes the file comes before or after the folder, one of them fails.
TEST_F(Hostile, AFolderThatNoListingNamesTakesTheNameOfNothing) {
  Restorer restorer = *Restorer::open(env::posix_env(), target(), {});
  const auto root = *restorer.folder("");
  ASSERT_TRUE(restorer.write_file(*root, node_of(NodeKind::kFile, "name"), {}).ok());
  const Node folder = node_of(NodeKind::kFolder, "name");
  EXPECT_FALSE(restorer.make_folder(*root, folder, Standing::kNotListed).ok());
  EXPECT_TRUE(std::filesystem::is_regular_file(target() + "/name"));
}

TEST_F(Hostile, AFolderTakesTheNameOfALinkInsteadOfFollowingIt) {
  std::filesystem::create_directory(target());
  std::filesystem::create_directory_symlink(outside(), target() + "/d");
  for (const Overwrite overwrite : {Overwrite::kNever, Overwrite::kAlways}) {
    Restorer restorer = *Restorer::open(env::posix_env(), target(), {.overwrite = overwrite});
    const auto made = restorer.make_folder(**restorer.folder(""), node_of(NodeKind::kFolder, "d"));
    EXPECT_EQ(made.ok(), overwrite == Overwrite::kAlways);
    if (made.ok()) {
      Node node = node_of(NodeKind::kFile, "secret");
      ASSERT_TRUE(restorer.write_file(**restorer.folder("d"), node, {}).ok());
    }
    EXPECT_TRUE(restorer.finish().ok());
    expect_untouched("link in place of a folder");
  }
  EXPECT_TRUE(std::filesystem::exists(target() + "/d/secret"));
}

// While files are restored into target/d/e, somebody keeps exchanging d for a link to outside.
TEST_F(Hostile, AThreadSwappingFoldersForLinksGainsNothing) {
  std::filesystem::create_directories(target() + "/d/e");
  std::filesystem::create_directory(outside() + "/e");
  before_ = describe(outside());
  std::filesystem::create_directory_symlink(outside(), target() + "/swap");
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> swaps{0};
  std::thread attacker([&] {
    while (!stop) {
      if (::renameat2(AT_FDCWD, (target() + "/d").c_str(), AT_FDCWD, (target() + "/swap").c_str(),
                      RENAME_EXCHANGE) == 0) {
        ++swaps;
      }
    }
  });
  int written = 0, refused = 0;
  for (int round = 0; round < 5000 || swaps < 5000; ++round) {
    // Both states of the swap are met: a folder that is kept, and a link that must be replaced or
    // refused. The restore never removes the link here: the attacker would have nothing to swap.
    Restorer restorer =
        *Restorer::open(env::posix_env(), target(), {.overwrite = Overwrite::kNever});
    Node folder = node_of(NodeKind::kFolder, "d");
    folder.mode = 0711;
    bool ok = restorer.make_folder(**restorer.folder(""), folder).ok();
    const auto d = ok ? restorer.folder("d") : Result<std::shared_ptr<RestoreFolder>>(failed(""));
    ok = d.ok() && restorer.make_folder(**d, node_of(NodeKind::kFolder, "e")).ok();
    const auto e = ok ? restorer.folder("d/e") : Result<std::shared_ptr<RestoreFolder>>(failed(""));
    Node file = node_of(NodeKind::kFile, fmt::format("f{}", round % 7));
    ok = e.ok() && restorer.write_file(**e, file, {}).ok();
    ok = ok && restorer.write_other(**e, node_of(NodeKind::kSymlink, "l")).ok();
    ok = restorer.finish().ok() && ok;
    ++(ok ? written : refused);
  }
  stop = true;
  attacker.join();
  expect_untouched("swapped folders");
  EXPECT_GT(written, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace backcast::source
