// Tar streams as the system's own tar reads them.
#include "engine/source/tar.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/source/trees.h"

namespace backcast::source {
namespace {

// Writes the tree beneath `root` as tar, paths relative to it.
std::string tar_of(const std::string& root) {
  std::string tar;
  TarWriter writer([&](ByteView bytes) -> Status {
    tar += as_text(bytes);
    return kOk;
  });
  Walk walk(env::posix_tree(), {.roots = {root}}, nullptr);
  EXPECT_TRUE(walk.open().ok());
  while (const auto listing = walk.next()) {
    for (const Found& found : listing->found) {
      const std::string path = '/' + listing->path_of(found);
      if (!path.starts_with(root + '/')) continue;
      Node node = *stat_entry(*listing, found);
      std::string content;
      if (node.kind == NodeKind::kFile) {
        const auto file = *open_source(*listing, found, node);
        content.resize(node.size_bytes);
        EXPECT_TRUE(
            file.read_at(0, {reinterpret_cast<std::uint8_t*>(content.data()), content.size()})
                .ok());
      }
      EXPECT_TRUE(complete(*listing, found, node).ok());
      const auto wanted = writer.begin(path.substr(root.size() + 1), node);
      EXPECT_TRUE(wanted.ok());
      if (*wanted) {
        // In parts, as a repository hands it out.
        const std::size_t half = content.size() / 2;
        EXPECT_TRUE(writer.write(as_bytes(std::string_view(content).substr(0, half))).ok());
        EXPECT_TRUE(writer.write(as_bytes(std::string_view(content).substr(half))).ok());
      }
      EXPECT_TRUE(writer.end().ok());
    }
  }
  EXPECT_TRUE(writer.finish().ok());
  return tar;
}

TEST(Tar, TheSystemsTarRestoresTheSameTree) {
  const Scratch source, target, work;
  source.write("plain", "hello");
  source.write("empty", "");
  source.write("exactly-512", std::string(512, 'x'));
  source.write("d/" + std::string(200, 'l'), "long name");
  source.write("d/" + std::string(120, 'l') + "\xff", "long name that is not UTF-8");
  source.write("Z\u00fcrich/" + std::string(60, 'l') + "\u00fc", "UTF-8");
  source.write("\xff\xfe", "short name that is not UTF-8");
  source.write("hard-a", "same");
  std::filesystem::create_hard_link(source.path("hard-a"), source.path("hard-b"));
  std::filesystem::create_symlink("plain", source.path("link"));
  std::filesystem::create_symlink(std::string(300, 't'), source.path("long-link"));
  ASSERT_EQ(::mkfifo(source.path("fifo").c_str(), 0640), 0);
  source.write("sparse", "");
  ASSERT_EQ(::truncate(source.path("sparse").c_str(), 100000), 0);
  source.write("half-sparse", std::string(5000, 'h'));
  ASSERT_EQ(::truncate(source.path("half-sparse").c_str(), 100001), 0);
  ASSERT_EQ(::lsetxattr(source.path("plain").c_str(), "user.note", "v\n=\xff", 4, 0), 0);
  const timespec old[2] = {{0, 0}, {-5, 250'000'000}};
  ASSERT_EQ(::utimensat(AT_FDCWD, source.path("plain").c_str(), old, 0), 0);
  work.write("out.tar", tar_of(source.path()));
  const std::string command = fmt::format("tar -C {} --xattrs --xattrs-include='*' -xpf {} 2>&1",
                                          target.path(), work.path("out.tar"));
  ASSERT_EQ(std::system(command.c_str()), 0);
  auto expected = describe(source.path()), restored = describe(target.path());
  expected.erase("");  // the folder itself is not in the stream
  restored.erase("");
  EXPECT_EQ(restored, expected);
}

TEST(Tar, SizesBeyondOctalGoIntoTheExtendedHeader) {
  std::string tar;
  TarWriter writer([&](ByteView bytes) -> Status {
    tar += as_text(bytes);
    return kOk;
  });
  Node node;
  node.name = "big";
  node.size_bytes = 1ull << 40;
  node.uid = 4'000'000'000;
  node.mtime_ns = INT64_MIN;
  EXPECT_TRUE(*writer.begin("big", node));
  EXPECT_THAT(tar, testing::HasSubstr("22 size=1099511627776\n"));
  EXPECT_THAT(tar, testing::HasSubstr("18 uid=4000000000\n"));
  EXPECT_THAT(tar, testing::HasSubstr(" mtime=-9223372036.854775808\n"));
}

TEST(Tar, ContentMustMatchItsEntry) {
  TarWriter writer([](ByteView) -> Status { return kOk; });
  Node node;
  node.name = "a";
  node.size_bytes = 3;
  ASSERT_TRUE(*writer.begin("a", node));
  EXPECT_FALSE(writer.write(as_bytes("1234")).ok());
  ASSERT_TRUE(*writer.begin("a", node));
  ASSERT_TRUE(writer.write(as_bytes("12")).ok());
  EXPECT_FALSE(writer.end().ok());
}

TEST(Tar, AStreamThatWasNotFinishedDoesNotLookFinished) {
  std::string tar;
  {
    TarWriter writer([&](ByteView bytes) -> Status {
      tar += as_text(bytes);
      return kOk;
    });
    Node node;
    node.name = "a";
    ASSERT_FALSE(*writer.begin("a", node));
    ASSERT_TRUE(writer.end().ok());
  }
  EXPECT_EQ(tar.size(), 512u) << "no two blocks of zeros";
}

TEST(Tar, AFullPipeStopsTheStream) {
  TarWriter writer([](ByteView) -> Status { return failed("broken pipe"); });
  Node node;
  node.name = "a";
  EXPECT_FALSE(writer.begin("a", node).ok());
}

}  // namespace
}  // namespace backcast::source
