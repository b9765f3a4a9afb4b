// Snapshots of a Qdrant server: sparse tars as GNU tar writes them are read, dense ones written.
#include "engine/kinds/formats/collection_snapshot.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "engine/kinds/capture/cluster_source.h"
#include "tests/kinds/servers.h"

namespace backcast::kinds {
namespace {

using testing::HasSubstr;
using json = nlohmann::json;

// A collection as it lies in the storage of a server.
void fill(const std::filesystem::path& path, const std::string& text) {
  write_whole(path / "version.info", "1.9.3");
  write_whole(path / "config.json", R"({"params": {"vectors": {"size": 4}, "shard_number": 2}})");
  write_whole(path / "payload_index.json", "{}");
  for (const char* shard : {"0", "1"}) {
    write_whole(path / shard / "shard_config.json", R"({"type": "Local"})");
    write_whole(path / shard / "replica_state.json", "{}");
    write_whole(path / shard / "newest_clocks.json", "[]");
    write_whole(path / shard / "wal/open-1", std::string("wal\0", 4) + text);
    std::filesystem::resize_file(path / shard / "wal/open-1", 1 << 20);
    const auto segment = path / shard / "segments/0a1b2c3d-0000-4000-8000-000000000001";
    write_whole(segment / "segment.json", R"({"version": 7})");
    write_whole(segment / "vector_storage/vectors.dat", text + std::string(5000, 'v'));
  }
}

std::unique_ptr<ClusterSource> open(const char* field, const std::filesystem::path& path) {
  return *open_source("qdrant", json{{field, path.string()}}.dump(), env::posix_env());
}

// The shard of the server's own tests: 10,240 bytes that hold a log of 1 MiB.
TEST(CollectionSnapshot, Q_SNP_10_ASparseTarOf10240BytesListsItsWholeLog) {
  const Scratch scratch;
  const auto shard = scratch.make("shard");
  write_whole(shard / "wal/closed-255", std::string("wal\0", 4));
  std::filesystem::resize_file(shard / "wal/closed-255", 1 << 20);
  write_whole(shard / "newest_clocks.json", std::string(366, 'c'));
  write_whole(shard / "replica_state.json", std::string(87, 'r'));
  write_whole(shard / "shard_config.json", std::string(21, 's'));
  for (const char* format : {"gnu", "posix"}) {
    const auto file = scratch / (std::string(format) + ".snapshot");
    shell(
        fmt::format("tar --sparse --format={} -C {} -cf {} wal/closed-255 newest_clocks.json "
                    "replica_state.json shard_config.json",
                    format, shard.string(), file.string()));
    // The newer format takes two records more.
    EXPECT_EQ(std::filesystem::file_size(file), format == std::string("gnu") ? 10'240u : 20'480u);
    const auto snapshot = read_collection_snapshot(file);
    ASSERT_TRUE(snapshot.ok()) << to_string(snapshot.error());
    ASSERT_EQ(snapshot->files.size(), 4u);
    EXPECT_EQ(snapshot->files[0].path, "wal/closed-255");
    EXPECT_EQ(snapshot->files[0].size_bytes, 1'048'576u);
    EXPECT_EQ(snapshot->logical_bytes, 1'048'576u + 366 + 87 + 21);
    EXPECT_TRUE(snapshot->shards.empty());
    const auto back = scratch / (std::string(format) + ".back");
    const std::atomic<bool> stop{false};
    const Status unpacked = unpack_collection_snapshot(env::posix_env(), file, back, stop);
    ASSERT_TRUE(unpacked.ok()) << to_string(unpacked.error());
    EXPECT_EQ(tree_of(back), tree_of(shard)) << format;
  }
}

TEST(CollectionSnapshot, Q_SNP_10_ADenseTarIsWrittenThatEveryTarReads) {
  const Scratch scratch;
  fill(scratch / "docs", "first");
  std::atomic<std::uint64_t> bytes{0};
  const std::atomic<bool> stop{false};
  const auto file = scratch / "docs.snapshot";
  ASSERT_TRUE(write_collection_snapshot(scratch / "docs", file, bytes, stop).ok());
  const auto snapshot = read_collection_snapshot(file);
  ASSERT_TRUE(snapshot.ok()) << to_string(snapshot.error());
  EXPECT_EQ(snapshot->version, "1.9.3");
  EXPECT_EQ(snapshot->shards, (std::vector<std::string>{"0", "1"}));
  EXPECT_EQ(snapshot->segments, 2u);
  const std::string names = shell("tar tf " + file.string());
  EXPECT_THAT(names, HasSubstr("0/segments/0a1b2c3d-0000-4000-8000-000000000001.tar"));
  EXPECT_THAT(shell("tar xOf " + file.string() +
                    " 0/segments/0a1b2c3d-0000-4000-8000-000000000001.tar | tar t"),
              HasSubstr("snapshot/files/vector_storage/vectors.dat"));
  ASSERT_TRUE(unpack_collection_snapshot(env::posix_env(), file, scratch / "back", stop).ok());
  EXPECT_EQ(tree_of(scratch / "back"), tree_of(scratch / "docs"));
}

TEST(CollectionSnapshot, ATarOfAWholeFolderListsTheFolderItself) {
  const Scratch scratch;
  fill(scratch / "docs", "first");
  const auto file = scratch / "docs.tar";
  shell(fmt::format("tar -C {} -cf {} .", (scratch / "docs").string(), file.string()));
  const std::atomic<bool> stop{false};
  const Status done = untar(env::posix_env(), file, scratch / "back", stop);
  ASSERT_TRUE(done.ok()) << to_string(done.error());
  EXPECT_EQ(tree_of(scratch / "back"), tree_of(scratch / "docs"));
}

TEST(CollectionSnapshot, ALinkWithinASegmentIsRefused) {
  const Scratch scratch;
  fill(scratch / "docs", "first");
  const auto segments = scratch / "docs/0/segments";
  std::filesystem::create_symlink("/etc/passwd", segments / "link");
  std::filesystem::create_symlink("/etc/passwd",
                                  segments / "0a1b2c3d-0000-4000-8000-000000000001/link");
  std::atomic<std::uint64_t> bytes{0};
  const std::atomic<bool> stop{false};
  const auto file = scratch / "docs.snapshot";
  ASSERT_TRUE(write_collection_snapshot(scratch / "docs", file, bytes, stop).ok());
  EXPECT_EQ(shell("tar xOf " + file.string() +
                  " 0/segments/0a1b2c3d-0000-4000-8000-000000000001.tar | tar t | grep -c link;"
                  " tar tf " +
                  file.string() + " | grep -c link; true"),
            "0\n0\n");
  const auto segment = segments / "0a1b2c3d-0000-4000-8000-000000000001.tar";
  shell(fmt::format("tar -C {0} -cf {0}.tar link", (segments / "x").parent_path().string()));
  std::filesystem::rename(segments.string() + ".tar", segment);
  shell(fmt::format("tar -C {} -cf {} 0/segments/{} 0/shard_config.json config.json",
                    (scratch / "docs").string(), (scratch / "evil").string(),
                    segment.filename().string()));
  EXPECT_EQ(unpack_collection_snapshot(env::posix_env(), scratch / "evil", scratch / "in", stop)
                .error()
                .code,
            Errc::kCorrupt);
}

TEST(CollectionSnapshot, WhatIsNoneOrDamagedIsRefused) {
  const Scratch scratch;
  fill(scratch / "docs", "first");
  std::atomic<std::uint64_t> bytes{0};
  const std::atomic<bool> stop{false};
  const auto file = scratch / "docs.snapshot";
  ASSERT_TRUE(write_collection_snapshot(scratch / "docs", file, bytes, stop).ok());
  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  EXPECT_EQ(read_collection_snapshot(file).error().code, Errc::kCorrupt);
  write_whole(scratch / "text", "no tar at all, but long enough to be looked at");
  EXPECT_EQ(read_collection_snapshot(scratch / "text").error().code, Errc::kCorrupt);
  write_whole(scratch / "evil", "x");
  for (const char* name : {"../outside", "/outside"}) {
    shell(fmt::format("tar -C {} -P --transform 's,.*,{},' -cf {} evil", scratch.path().string(),
                      name, (scratch / "evil.tar").string()));
    EXPECT_EQ(read_collection_snapshot(scratch / "evil.tar").error().code, Errc::kCorrupt);
    EXPECT_FALSE(untar(env::posix_env(), scratch / "evil.tar", scratch / "in", stop).ok());
  }
  EXPECT_FALSE(std::filesystem::exists(scratch / "outside"));
}

TEST(VectorServer, StorageComesBackWithItsAliasesOrUnderAnotherName) {
  const Scratch scratch;
  fill(scratch / "storage/collections/docs", "first");
  fill(scratch / "storage/collections/more", "second");
  write_whole(scratch / "storage/aliases/data.json", R"({"current": "docs"})");
  Progress progress;
  const auto captured =
      open("storage", scratch / "storage")->capture(scratch.make("backup"), progress);
  ASSERT_TRUE(captured.ok()) << to_string(captured.error());
  EXPECT_THAT(captured->contents, HasSubstr(R"("version":"1.9.3")"));
  const json mapping = json::parse(read_whole(scratch / "backup/config.json"));
  EXPECT_EQ(mapping["collections_mapping"]["docs"], "docs.snapshot");
  EXPECT_EQ(mapping["collections_aliases"]["current"], "docs");
  const Status restored =
      open("storage", scratch / "new")->restore(scratch / "backup", {}, progress);
  ASSERT_TRUE(restored.ok()) << to_string(restored.error());
  EXPECT_EQ(tree_of(scratch / "new/collections"), tree_of(scratch / "storage/collections"));
  EXPECT_EQ(read_whole(scratch / "new/aliases/data.json"), R"({"current":"docs"})");
  const auto before = tree_of(scratch / "new");
  EXPECT_EQ(
      open("storage", scratch / "new")->restore(scratch / "backup", {}, progress).error().code,
      Errc::kExists);
  EXPECT_EQ(tree_of(scratch / "new"), before);
  RestoreChoice choice;
  choice.collections = {{"default", "docs", "", "docs_back"}};
  ASSERT_TRUE(open("storage", scratch / "new")->restore(scratch / "backup", choice, progress).ok());
  EXPECT_EQ(tree_of(scratch / "new/collections/docs_back"),
            tree_of(scratch / "storage/collections/docs"));
}

TEST(VectorServer, InPlaceNothingStaysThatTheBackupDoesNotHave) {
  const Scratch scratch;
  fill(scratch / "storage/collections/docs", "first");
  Progress progress;
  ASSERT_TRUE(open("storage", scratch / "storage")->capture(scratch.make("backup"), progress).ok());
  const auto before = tree_of(scratch / "storage/collections");
  fill(scratch / "storage/collections/docs", "changed");
  fill(scratch / "storage/collections/newer", "second");
  write_whole(scratch / "storage/aliases/data.json", R"({"current": "newer"})");
  RestoreChoice choice;
  choice.replace = true;
  ASSERT_TRUE(
      open("storage", scratch / "storage")->restore(scratch / "backup", choice, progress).ok());
  EXPECT_EQ(tree_of(scratch / "storage/collections"), before);
  EXPECT_EQ(read_whole(scratch / "storage/aliases/data.json"), "{}");
}

TEST(VectorServer, TheServersOwnSnapshotsAreKeptByteForByteWithTheirChecksums) {
  const Scratch scratch;
  fill(scratch / "docs", "first");
  std::atomic<std::uint64_t> bytes{0};
  const std::atomic<bool> stop{false};
  const auto folder = scratch.make("snapshots/docs");
  for (const char* date : {"2026-01-01-00-00-00", "2026-01-02-00-00-00"}) {
    const auto file = folder / (std::string("docs-7-") + date + ".snapshot");
    ASSERT_TRUE(write_collection_snapshot(scratch / "docs", file, bytes, stop).ok());
    write_whole(file.string() + ".checksum", *sha256_of(file));
  }
  const std::string newest = "docs-7-2026-01-02-00-00-00.snapshot";
  EXPECT_EQ(shell("sha256sum " + (folder / newest).string()).substr(0, 64),
            *sha256_of(folder / newest));
  Progress progress;
  ASSERT_TRUE(
      open("snapshots", scratch / "snapshots")->capture(scratch.make("backup"), progress).ok());
  EXPECT_EQ(read_whole(scratch / ("backup/" + newest)), read_whole(folder / newest));
  const Status restored =
      open("snapshots", scratch / "new")->restore(scratch / "backup", {}, progress);
  ASSERT_TRUE(restored.ok()) << to_string(restored.error());
  EXPECT_EQ(read_whole(scratch / ("new/docs/" + newest)), read_whole(folder / newest));
  EXPECT_EQ(read_whole(scratch / ("new/docs/" + newest + ".checksum")),
            *sha256_of(folder / newest));
  write_whole(folder / (newest + ".checksum"), std::string(64, '0'));
  EXPECT_EQ(open("snapshots", scratch / "snapshots")
                ->capture(scratch.make("again"), progress)
                .error()
                .code,
            Errc::kCorrupt);
}

}  // namespace
}  // namespace backcast::kinds
