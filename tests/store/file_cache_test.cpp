// What the cache of the last backup may be believed: only what is still true of the source and of
// the repository. Every case ends with a restore of what was saved.
#include <gtest/gtest.h>

#include "engine/store/repository/file_cache.h"
#include "tests/reliability/lab.h"

namespace backcast::store {
namespace {

// Without a look at the file: newer kernels give one that was looked at a finer time.
void write_quickly(const std::string& path, const std::string& bytes) {
  const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  ASSERT_GE(file, 0);
  EXPECT_EQ(::write(file, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  ::close(file);
}

class FileCacheTest : public testing::Test {
 protected:
  FileCacheTest() {
    std::filesystem::remove_all(lab_.source().path("large"));
    lab_.use_cache(cache_.get());
  }

  void restore_to(const source::Scratch& target, const Id& id) {
    const auto repository = *lab_.open();
    RestoreRequest request;
    request.target = target.path();
    RestoreProgress progress;
    const auto done = restore(*repository, *load_snapshot(*repository, id), request, progress);
    ASSERT_TRUE(done.ok() && done->failures.empty());
  }
  Result<BackupResult> back_up(BackupProgress& progress) {
    const auto repository = *lab_.open();
    BackupOptions options;
    options.walk.roots = {lab_.source().path()};
    options.host = "lab";
    options.threads = 1;
    options.cache = cache_.get();
    return backup(*repository, options, progress);
  }

  Lab lab_{1000};
  env::FaultEnv cache_env_;
  std::unique_ptr<env::Folder> cache_ = *cache_env_.open_folder("/cache", true);
};

TEST_F(FileCacheTest, AnUnchangedTreeIsNotReadAgain) {
  lab_.commit();
  BackupProgress progress;
  ASSERT_TRUE(back_up(progress).ok());
  EXPECT_EQ(progress.read_bytes, 0u);
  EXPECT_GT(progress.files_unmodified, 0u);
}

// The cache names chunks that prune deleted: everything is read and stored again.
TEST_F(FileCacheTest, ABackupAfterAllWasForgottenAndPrunedStoresEverythingAgain) {
  const Id first = lab_.commit();
  ASSERT_TRUE(lab_.forget(first).ok());
  lab_.committed().erase(first);
  ASSERT_TRUE(lab_.prune_all().ok());
  ASSERT_TRUE(lab_.prune_all().ok());
  BackupProgress progress;
  const auto again = back_up(progress);
  ASSERT_TRUE(again.ok()) << to_string(again.error());
  EXPECT_TRUE(again->problems.empty());
  EXPECT_EQ(progress.files_unmodified, progress.files - progress.files_changed);
  EXPECT_GT(progress.files_changed, 0u);
  lab_.commit();
  lab_.verify("after the second backup");
}

// Files of one size written within one tick of the clock have equal times; renaming the folders
// that hold them changes none of it.
TEST_F(FileCacheTest, FoldersThatChangePlacesAreSavedAsTheyAre) {
  const auto& source = lab_.source();
  std::filesystem::create_directory(source.path("a"));
  std::filesystem::create_directory(source.path("b"));
  for (int i = 0; i < 50; ++i) {
    write_quickly(source.path(fmt::format("a/{:03}", i)), random_bytes(2 * i, 500));
    write_quickly(source.path(fmt::format("b/{:03}", i)), random_bytes(2 * i + 1, 500));
  }
  int twins = 0;
  for (int i = 0; i < 50; ++i) {
    struct stat a {
    }, b{};
    ASSERT_EQ(::stat(source.path(fmt::format("a/{:03}", i)).c_str(), &a), 0);
    ASSERT_EQ(::stat(source.path(fmt::format("b/{:03}", i)).c_str(), &b), 0);
    twins += a.st_ctim.tv_nsec == b.st_ctim.tv_nsec && a.st_ctim.tv_sec == b.st_ctim.tv_sec &&
             a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
  }
  ASSERT_GT(twins, 0) << "no two files were written within one tick";
  lab_.commit();
  std::filesystem::rename(source.path("a"), source.path("c"));
  std::filesystem::rename(source.path("b"), source.path("a"));
  std::filesystem::rename(source.path("c"), source.path("b"));
  const source::Scratch target(true);
  restore_to(target, lab_.commit());
  for (int i = 0; i < 50; ++i) {
    for (const char* folder : {"a", "b"}) {
      const std::string name = fmt::format("{}/{:03}", folder, i);
      EXPECT_EQ(target.read(source.path(name).substr(1)) == source.read(name), true) << name;
    }
  }
}

// What a killed backup was writing is removed by the next; what a running one writes is not.
TEST_F(FileCacheTest, LeftoversOfKilledBackupsAreRemoved) {
  lab_.commit();
  const auto other = cache_env_.another_process();
  const auto theirs = *other->open_folder("/cache", false);
  const Secret key = lab_.keys().writer.derive(7);
  FileCacheWriter running(*other, theirs.get(), "theirs", key);
  cache_env_.set_bytes("cache/.tmp-of-a-dead-one", "part");
  EXPECT_EQ(cache_env_.files().size(), 3u);
  lab_.commit();
  EXPECT_EQ(cache_env_.files().size(), 2u);
  running.commit();
  EXPECT_EQ(cache_env_.bytes("cache/theirs").substr(cache_env_.bytes("cache/theirs").size() - 8),
            "BKCACHE3");
  lab_.commit();
  EXPECT_EQ(cache_env_.files().size(), 2u);
}

// A cache of an earlier format, cut short or damaged is no cache.
TEST_F(FileCacheTest, ADamagedCacheCostsAFullRead) {
  lab_.commit();
  ASSERT_EQ(cache_env_.files().size(), 1u);
  const std::string name = cache_env_.files()[0];
  const std::string whole = cache_env_.bytes(name);
  for (const std::string& bytes : {std::string(), whole.substr(0, whole.size() / 2),
                                   whole.substr(0, whole.size() - 1) + '2'}) {
    cache_env_.set_bytes(name, bytes);
    BackupProgress progress;
    ASSERT_TRUE(back_up(progress).ok());
    EXPECT_EQ(progress.files_unmodified, 0u);
  }
}

}  // namespace
}  // namespace backcast::store
