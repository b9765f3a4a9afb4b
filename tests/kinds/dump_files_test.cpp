// Dumps of services that Debian does not have: held to their ending, their magic and their content.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/kinds/jobs.h"

namespace backcast::kinds {
namespace {

using testing::HasSubstr;
using json = nlohmann::json;

DataPlace place(const std::string& kind, const std::filesystem::path& path) {
  return {kind, json{{"dumps", path.string()}}.dump()};
}

Result<Captured> capture(const DataPlace& data, const std::filesystem::path& into) {
  Progress progress;
  return (*open_source(data.kind, data.source, env::posix_env()))->capture(into, progress);
}

void make_search_dump(const std::filesystem::path& file) {
  std::string lines;
  for (int i = 0; i < 1000; ++i) {
    lines +=
        json{{"_index", i % 4 == 0 ? "logs" : "shop"}, {"_id", i}, {"_source", {{"n", i}}}}.dump() +
        "\n";
  }
  write_whole(file, lines);
  shell("gzip " + file.string());
}

void make_index_dump(const Scratch& scratch, const std::filesystem::path& file) {
  const auto folder = scratch.make("content");
  write_whole(folder / "metadata.json", R"({"dumpVersion": "V6", "dbVersion": "1.3.0"})");
  write_whole(folder / "indexes/movies/metadata.json", R"({"uid": "movies"})");
  write_whole(folder / "indexes/movies/documents.jsonl", "{\"id\": 1}\n{\"id\": 2}\n");
  std::filesystem::create_directories(file.parent_path());
  shell("tar czf " + file.string() + " -C " + folder.string() + " metadata.json indexes");
}

TEST(DumpFiles, P_FMT_04_DumpsOfElasticsearchAndMeilisearchComeBackByteForByte) {
  const Scratch scratch;
  make_search_dump(scratch / "search/shop");
  make_index_dump(scratch, scratch / "indexes/20260101.dump");
  const auto search = place("elasticsearch", scratch / "search");
  const auto indexes = place("meilisearch", scratch / "indexes");
  Jobs jobs;
  const Stored first = jobs.back_up(search), second = jobs.back_up(indexes);
  EXPECT_THAT(first.contents, HasSubstr(R"({"name":"logs","rows":250})"));
  EXPECT_THAT(second.contents, HasSubstr(R"({"name":"movies","rows":2})"));
  EXPECT_EQ(jobs.download(first), read_whole(scratch / "search/shop.gz"));
  EXPECT_EQ(jobs.download(second), read_whole(scratch / "indexes/20260101.dump"));
  ASSERT_TRUE(jobs.restore(second, place("meilisearch", scratch / "new")).ok());
  EXPECT_EQ(tree_of(scratch / "new"), tree_of(scratch / "indexes"));
  EXPECT_EQ(jobs.restore(second, place("meilisearch", scratch / "new")).error().code,
            Errc::kExists);
}

TEST(DumpFiles, P_FMT_04_WhatIsNoSuchDumpIsRefused) {
  const Scratch scratch;
  const auto refused = [&](const char* kind, const std::string& name, const std::string& content) {
    const auto folder = scratch.make(name + ".d");
    write_whole(folder / name, content);
    const auto captured = capture(place(kind, folder), scratch.make(name + ".b"));
    return captured.ok() ? "taken" : to_string(captured.error());
  };
  // Ending, magic, content.
  EXPECT_THAT(refused("elasticsearch", "shop.json", "{}"), HasSubstr("holds no file *.gz"));
  EXPECT_THAT(refused("elasticsearch", "shop.gz", "no gzip"), HasSubstr("cannot read"));
  write_whole(scratch / "lines", "{\"no\": \"index\"}\n");
  shell("gzip " + (scratch / "lines").string());
  EXPECT_THAT(refused("elasticsearch", "other.gz", read_whole(scratch / "lines.gz")),
              HasSubstr("no document of an index"));
  EXPECT_THAT(refused("meilisearch", "a.tar.gz", "x"), HasSubstr("holds no file *.dump"));
  EXPECT_THAT(refused("meilisearch", "b.dump", "no tar, but long enough to look like one"),
              HasSubstr("cannot read the tar"));
  shell("tar czf " + (scratch / "c.dump").string() + " -C " + scratch.path().string() +
        " lines.gz");
  EXPECT_THAT(refused("meilisearch", "c.dump", read_whole(scratch / "c.dump")),
              HasSubstr("metadata.json"));
}

}  // namespace
}  // namespace backcast::kinds
