#include "engine/source/exclude.h"

#include <gtest/gtest.h>

namespace backcast::source {
namespace {

bool excluded(const std::vector<std::string>& patterns, std::string_view path,
              bool is_folder = false) {
  return Excludes::compile(patterns)->excludes(path, is_folder);
}

TEST(Excludes, FollowTheDocumentedRules) {
  EXPECT_TRUE(excluded({"*.o"}, "home/me/a.o"));
  EXPECT_FALSE(excluded({"*.o"}, "home/me/a.oo"));
  EXPECT_TRUE(excluded({"cache"}, "home/me/cache", true));
  EXPECT_FALSE(excluded({"cache"}, "home/me/cached", true));
  EXPECT_TRUE(excluded({"/home/*/tmp"}, "home/me/tmp"));
  EXPECT_FALSE(excluded({"/home/*/tmp"}, "home/me/more/tmp"));
  EXPECT_FALSE(excluded({"/tmp"}, "home/tmp"));
  EXPECT_TRUE(excluded({"me/tmp"}, "home/me/tmp"));
  EXPECT_FALSE(excluded({"me/tmp"}, "home/me/x/tmp"));
  EXPECT_TRUE(excluded({"/home/**/tmp"}, "home/tmp"));
  EXPECT_TRUE(excluded({"/home/**/tmp"}, "home/a/b/c/tmp"));
  EXPECT_TRUE(excluded({"**/a/**/b"}, "x/a/y/a/z/b"));
  EXPECT_FALSE(excluded({"**/a/**/b"}, "x/y/z/b"));
  EXPECT_TRUE(excluded({"/a/**"}, "a/b"));
  EXPECT_TRUE(excluded({"x?[0-9]"}, "ab/xy7"));
  EXPECT_FALSE(excluded({"x?[!0-9]"}, "ab/xy7"));
  EXPECT_TRUE(excluded({"\\*"}, "a/*"));
  EXPECT_FALSE(excluded({"\\*"}, "a/b"));
}

TEST(Excludes, FolderPatternsSpareFiles) {
  EXPECT_TRUE(excluded({"build/"}, "a/build", true));
  EXPECT_FALSE(excluded({"build/"}, "a/build", false));
}

TEST(Excludes, TheLastMatchDecides) {
  EXPECT_FALSE(excluded({"*.log", "!keep.log"}, "var/keep.log"));
  EXPECT_TRUE(excluded({"*.log", "!keep.log"}, "var/other.log"));
  EXPECT_TRUE(excluded({"!keep.log", "*.log"}, "var/keep.log"));
}

TEST(Excludes, BadPatternsAreRefusedByName) {
  for (const char* pattern : {"", "/", "!", "a[b", "a\\", "!/"}) {
    const auto result = Excludes::compile({"fine", pattern});
    ASSERT_FALSE(result.ok()) << pattern;
    EXPECT_EQ(result.error().code, Errc::kBadInput);
  }
}

TEST(Excludes, ManyStarsStayQuick) {
  std::string pattern, path;
  for (int i = 0; i < 40; ++i) {
    pattern += "**/a/";
    path += "a/";
  }
  EXPECT_FALSE(excluded({"/" + pattern + "b"}, path + "c"));
}

TEST(Excludes, FilesOfPatternsHaveComments) {
  EXPECT_EQ(exclude_lines("# note\n\n  *.o \nb\r\n"), (std::vector<std::string>{"*.o", "b"}));
}

}  // namespace
}  // namespace backcast::source
