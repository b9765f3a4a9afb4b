// A repository that format 1 wrote once. Every later version must open, check and restore it:
// nobody's backups become unreadable by an update. Never regenerate it; a new format gets a golden
// repository of its own beside it.
#include <gtest/gtest.h>

#include <filesystem>

#include "engine/store/upkeep/check.h"
#include "engine/store/work/backup.h"
#include "engine/store/work/restore.h"
#include "tests/source/trees.h"

namespace backcast::store {
namespace {

constexpr const char* kGolden = "tests/store/golden/format1";
constexpr const char* kPassphrase = "golden passphrase";
// The tar streams of its two snapshots, oldest first.
constexpr const char* kContents[] = {
    "b812b3779e26bfc7aa3a4e4129727656731c86f20baa03609e085392aa823d54",
    "318e00a9db7b4bc18e0797b23eff2e6f77dd461a4e195d501dd6689efd34a199"};

struct Golden {
  source::Scratch scratch;
  std::string path = scratch.path("repository");
  std::unique_ptr<Repository> repository;

  // A copy: even reading takes a lease.
  Golden() {
    std::filesystem::copy(kGolden, path, std::filesystem::copy_options::recursive);
    // Version control keeps no empty folders.
    for (const char* name : {"marks", "journal", "leases"}) {
      std::filesystem::create_directory(path + "/" + name);
    }
    OpenOptions options;
    options.read_data = true;
    options.passphrase = [] { return SecretText(kPassphrase); };
    auto opened = Repository::open(env::posix_env(), path, options);
    EXPECT_TRUE(opened.ok()) << to_string(opened.error());
    repository = *std::move(opened);
  }
};

TEST(GoldenFormat1, OpensAndChecks) {
  Golden golden;
  CheckOptions options;
  options.read_data = true;
  CheckProgress progress;
  const auto result = check(*golden.repository, options, progress);
  ASSERT_TRUE(result.ok()) << to_string(result.error());
  EXPECT_TRUE(result->ok());
  EXPECT_EQ(result->snapshots, 2u);
  EXPECT_EQ(result->intact.size(), 2u);
  EXPECT_TRUE(result->opened_trees);
}

TEST(GoldenFormat1, GivesBackTheSameBytes) {
  Golden golden;
  const auto snapshots = load_snapshots(*golden.repository);
  ASSERT_TRUE(snapshots.ok()) << to_string(snapshots.error());
  ASSERT_EQ(snapshots->size(), 2u);
  for (std::size_t i = 0; i < 2; ++i) {
    std::string tar;
    const auto dumped =
        dump_tar(*golden.repository, (*snapshots)[i], Selection(), [&](ByteView bytes) -> Status {
          tar += as_text(bytes);
          return kOk;
        });
    ASSERT_TRUE(dumped.ok()) << to_string(dumped.error());
    EXPECT_EQ(to_hex(mac_of(Secret(), as_bytes(tar))), kContents[i]) << "snapshot " << i;
  }
}

TEST(GoldenFormat1, TakesAFurtherBackup) {
  Golden golden;
  source::Scratch source;
  source.write("new", "written by a later version");
  BackupOptions options;
  options.walk.roots = {source.path()};
  BackupProgress progress;
  const auto result = backup(*golden.repository, options, progress);
  ASSERT_TRUE(result.ok()) << to_string(result.error());
  EXPECT_EQ(load_snapshots(*golden.repository)->size(), 3u);
}

TEST(GoldenFormat1, ANewerFormatIsSaidToBeNewer) {
  Golden golden;
  const auto folder = env::posix_env().open_folder(golden.path, false);
  std::string text = *env::read_file(**folder, "config", 1 << 20);
  text.replace(text.find("\"format\": 1"), 11, "\"format\": 2");
  ASSERT_TRUE(
      env::publish_file(env::posix_env(), **folder, "config", as_bytes(text), {.replace = true})
          .ok());
  OpenOptions options;
  options.passphrase = [] { return SecretText(kPassphrase); };
  const auto opened = Repository::open(env::posix_env(), golden.path, options);
  ASSERT_FALSE(opened.ok());
  EXPECT_NE(opened.error().message.find("format 2"), std::string::npos);
  EXPECT_NE(opened.error().hint.find("newer"), std::string::npos);
}

}  // namespace
}  // namespace backcast::store
