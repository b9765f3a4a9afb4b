// A shared volume as one compressed tar.
#include <gmock/gmock.h>

#include <sys/stat.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <thread>

#include "engine/kinds/capture/cluster_source.h"
#include "engine/kinds/formats/gzip.h"
#include "tests/kinds/jobs.h"

namespace backcast::kinds {
namespace {

using json = nlohmann::json;

std::unique_ptr<ClusterSource> volume(const std::filesystem::path& path) {
  auto opened =
      open_source("shared-storage", json{{"path", path.string()}}.dump(), env::posix_env());
  EXPECT_TRUE(opened.ok());
  return *std::move(opened);
}

void fill(const std::filesystem::path& path) {
  write_whole(path / "plain", "hello");
  write_whole(path / "empty", "");
  write_whole(path / "deep" / std::string(180, 'l') / "Z\u00fcrich", std::string(300'000, 'x'));
  write_whole(path / "\xff\xfe", "name that is not UTF-8");
  write_whole(path / "hole", "begin");
  std::filesystem::resize_file(path / "hole", 5 << 20);
  std::filesystem::create_hard_link(path / "plain", path / "second");
  std::filesystem::create_symlink("plain", path / "link");
  std::filesystem::create_directories(path / "nothing in it");
  ::chmod((path / "plain").c_str(), 0640);
}

TEST(SharedStorage, P_RES_01_AJobFetchesPreparesAndUnpacks) {
  const Scratch scratch;
  fill(scratch / "volume");
  const auto place = [&](const char* name) -> DataPlace {
    return {"shared-storage", json{{"path", (scratch / name).string()}}.dump()};
  };
  Jobs jobs;
  const Stored stored = jobs.back_up(place("volume"));
  write_whole(scratch / "download.tar.gz", jobs.download(stored));
  shell("tar tzf " + (scratch / "download.tar.gz").string() + " >/dev/null 2>&1");
  ASSERT_TRUE(jobs.restore(stored, place("new")).ok());
  EXPECT_EQ(tree_of(scratch / "new"), tree_of(scratch / "volume"));
}

TEST(SharedStorage, P_FMT_04_ComesBackByteForByte) {
  const Scratch scratch;
  fill(scratch / "volume");
  Progress progress;
  auto captured = volume(scratch / "volume")->capture(scratch.make("backup"), progress);
  ASSERT_TRUE(captured.ok()) << to_string(captured.error());
  EXPECT_TRUE(captured->warnings.empty());
  const std::string tar = read_whole(scratch / "backup/storage.tar.gz");
  EXPECT_EQ(tar.substr(0, 2), "\x1f\x8b");
  EXPECT_EQ(captured->logical_bytes, tar.size());
  ASSERT_TRUE(volume(scratch / "new")->restore(scratch / "backup", {}, progress).ok());
  EXPECT_EQ(tree_of(scratch / "new"), tree_of(scratch / "volume"));
  EXPECT_TRUE(std::filesystem::equivalent(scratch / "new/plain", scratch / "new/second"));
  EXPECT_EQ(std::filesystem::read_symlink(scratch / "new/link"), "plain");
  struct stat status {};
  ASSERT_EQ(::stat((scratch / "new/plain").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0640U);
  // And the system's tar reads it as well.
  scratch.make("system");
  const std::string command = "tar xzf " + (scratch / "backup/storage.tar.gz").string() + " -C " +
                              (scratch / "system").string();
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(tree_of(scratch / "system"), tree_of(scratch / "volume"));
}

TEST(SharedStorage, WhatIsThereStaysUnlessItIsToBeReplaced) {
  const Scratch scratch;
  fill(scratch / "volume");
  Progress progress;
  ASSERT_TRUE(volume(scratch / "volume")->capture(scratch.make("backup"), progress).ok());
  write_whole(scratch / "other/precious", "data");
  const auto before = tree_of(scratch / "other");
  EXPECT_EQ(volume(scratch / "other")->restore(scratch / "backup", {}, progress).error().code,
            Errc::kExists);
  EXPECT_EQ(tree_of(scratch / "other"), before);
  RestoreChoice replace;
  replace.replace = true;
  ASSERT_TRUE(volume(scratch / "other")->restore(scratch / "backup", replace, progress).ok());
  EXPECT_EQ(tree_of(scratch / "other"), tree_of(scratch / "volume"));
  // A damaged backup takes nothing away.
  std::filesystem::resize_file(scratch / "backup/storage.tar.gz", 300);
  const auto full = tree_of(scratch / "other");
  EXPECT_FALSE(volume(scratch / "other")->restore(scratch / "backup", replace, progress).ok());
  EXPECT_EQ(tree_of(scratch / "other"), full);
}

// Two files always change together, and the volume is at rest now and then: what is captured
// without a warning has both in the same state.
TEST(SharedStorage, IsOfOneMomentOrSaysThatItIsNot) {
  const Scratch scratch;
  const auto path = scratch / "volume";
  std::filesystem::create_directories(path);
  for (int i = 0; i < 200; ++i) write_whole(path / ("f" + std::to_string(i)), "0");
  std::atomic<bool> done{false};
  std::thread writer([&] {
    for (int round = 1; !done; ++round) {
      for (int i = 0; i < 200; ++i) {
        write_whole(path / ("f" + std::to_string(i)), std::to_string(round));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(400));
    }
  });
  int settled = 0;
  for (int i = 0; i < 4; ++i) {
    Progress progress;
    const std::string name = "backup" + std::to_string(i);
    auto captured = volume(path)->capture(scratch.make(name), progress);
    ASSERT_TRUE(captured.ok()) << to_string(captured.error());
    if (!captured->warnings.empty()) continue;
    ++settled;
    ASSERT_TRUE(volume(scratch / ("new" + name))->restore(scratch / name, {}, progress).ok());
    const auto tree = tree_of(scratch / ("new" + name));
    ASSERT_EQ(tree.size(), 200U);
    std::set<int> rounds;
    for (const auto& [file, content] : tree) rounds.insert(std::stoi("0" + content));
    // At rest all are of one round; in the middle of one, of two that follow each other.
    EXPECT_LE(*rounds.rbegin() - *rounds.begin(), 1);
    int last = *rounds.rbegin();
    for (int f = 0; f < 200; ++f) {
      const int round = std::stoi("0" + tree.at("f" + std::to_string(f)));
      EXPECT_LE(round, last);
      last = round;
    }
  }
  done = true;
  writer.join();
  EXPECT_GT(settled, 0);
}

TEST(SharedStorage, AMissingVolumeIsNoBackup) {
  const Scratch scratch;
  Progress progress;
  EXPECT_EQ(volume(scratch / "nowhere")->capture(scratch.make("b"), progress).error().code,
            Errc::kNotFound);
}

TEST(Gzip, WhatStaysTheSameStaysTheSameCompressed) {
  const Scratch scratch;
  std::string content;
  unsigned seed = 1;
  for (int i = 0; i < 2'000'000; ++i) {
    seed = seed * 1664525 + 1013904223;
    content += static_cast<char>('a' + (seed >> 24) % 16);
  }
  const auto write = [&](const std::string& name, const std::string& bytes) {
    auto gzip = GzipWriter::create(scratch / name);
    EXPECT_TRUE(gzip->append(as_bytes(bytes)).ok());
    EXPECT_TRUE(gzip->finish().ok());
    std::string back;
    EXPECT_TRUE(gunzip(scratch / name, [&](ByteView part) -> Status {
                  back += as_text(part);
                  return kOk;
                }).ok());
    EXPECT_EQ(back, bytes);
    return read_whole(scratch / name);
  };
  const std::string one = write("one", content);
  std::string changed = content;
  changed.insert(5000, "something new");
  const std::string two = write("two", changed);
  std::size_t same = 0;
  while (same < one.size() - 8 && one[one.size() - 9 - same] == two[two.size() - 9 - same]) ++same;
  EXPECT_GT(same, one.size() * 8 / 10);
  write("zeros", std::string(3'000'000, '\0'));
  EXPECT_LT(std::filesystem::file_size(scratch / "zeros"), 30'000U);
  write("nothing", "");
  std::filesystem::resize_file(scratch / "one", one.size() / 2);
  EXPECT_EQ(gunzip(scratch / "one", [](ByteView) -> Status { return kOk; }).error().code,
            Errc::kCorrupt);
}

}  // namespace
}  // namespace backcast::kinds
