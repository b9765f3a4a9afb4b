// A repository that format 1 wrote once. Every later version must open, check and restore it:
// nobody's backups become unreadable by an update. Never regenerate it; a new format gets a golden
// repository of its own beside it.
#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>
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
// What the tar streams of its two snapshots say (told_by), oldest first.
constexpr const char* kContents[] = {
    "c6ae10df430b7401683514a7bd5ae136265fb08d261972176c4b16395877b03b",
    "796e39cef7a01b946e1dec4162f5c1e484769d870dfbcd1dafa90dd0fa0509f8"};

// Everything a tar stream says, in a form that does not depend on who wrote it.
std::string told_by(const std::string& tar) {
  std::string told;
  ::archive* reader = archive_read_new();
  archive_read_support_format_tar(reader);
  archive_read_set_options(reader, "hdrcharset=BINARY");
  EXPECT_EQ(archive_read_open_memory(reader, tar.data(), tar.size()), ARCHIVE_OK);
  ::archive_entry* entry = nullptr;
  while (archive_read_next_header(reader, &entry) >= ARCHIVE_WARN) {
    const auto text = [](const char* given) { return std::string(given ? given : ""); };
    std::string content(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
    EXPECT_EQ(archive_read_data(reader, content.data(), content.size()),
              static_cast<la_ssize_t>(content.size()));
    told +=
        fmt::format("{} {:o} {} {} {} {} {}.{:09} {}{} ", text(archive_entry_pathname(entry)),
                    archive_entry_mode(entry), archive_entry_uid(entry), archive_entry_gid(entry),
                    text(archive_entry_uname(entry)), text(archive_entry_gname(entry)),
                    archive_entry_mtime(entry), archive_entry_mtime_nsec(entry),
                    text(archive_entry_symlink(entry)), text(archive_entry_hardlink(entry)));
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (archive_entry_xattr_reset(entry);
         archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK;) {
      told += name + std::string("=") + std::string(static_cast<const char*>(value), size) + ' ';
    }
    told += content + '\n';
  }
  archive_read_free(reader);
  return told;
}

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
    EXPECT_EQ(to_hex(mac_of(Secret(), as_bytes(told_by(tar)))), kContents[i]) << "snapshot " << i;
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
