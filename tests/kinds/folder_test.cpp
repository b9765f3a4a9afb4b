// Clusters in a folder: captured while clients write, restored whole, in part and in place.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include <atomic>
#include <thread>

#include "engine/kinds/capture/cluster_source.h"
#include "tests/kinds/folder_client.h"

namespace backcast::kinds {
namespace {

using testing::HasSubstr;
using json = nlohmann::json;

std::unique_ptr<ClusterSource> folder(const std::filesystem::path& path) {
  auto opened = open_source("folder", json{{"path", path.string()}}.dump(), env::posix_env());
  EXPECT_TRUE(opened.ok());
  return *std::move(opened);
}

Captured capture(const std::filesystem::path& cluster, const std::filesystem::path& into) {
  Progress progress;
  std::filesystem::create_directories(into);
  auto captured = folder(cluster)->capture(into, progress);
  EXPECT_TRUE(captured.ok()) << to_string(captured.error());
  return captured.ok() ? *captured : Captured{};
}

Status restore(const std::filesystem::path& cluster, const std::filesystem::path& from,
               const RestoreChoice& choice = {}) {
  Progress progress;
  return folder(cluster)->restore(from, choice, progress);
}

void fill(const std::filesystem::path& path) {
  FolderClient client(path);
  client.create("default", "docs",
                {{"loaded", true}, {"shards", 8}, {"aliases", {"d"}}, {"ttl_seconds", 60}});
  client.create("default", "pictures");
  client.create("other", "docs");
  for (int i = 0; i < 5; ++i) client.insert({{"default", "docs"}, {"other", "docs"}}, float(i));
  client.change([](json& catalog) {
    catalog["users"] = {{{"name", "db_admin"}, {"password_hash", "old"}, {"roles", {"admin"}}},
                        {{"name", "reader"}, {"password_hash", "hash"}, {"roles", {"read"}}}};
    catalog["roles"] = {{{"name", "read"}, {"grants", {"default.*:search"}}}};
    catalog["scaling"] = {{"max_cu", 8}};
  });
}

TEST(Folder, ComesBackRowForRowInANewPlace) {
  const Scratch scratch;
  fill(scratch / "cluster");
  const Captured captured = capture(scratch / "cluster", scratch / "backup");
  EXPECT_GT(captured.logical_bytes, 0U);
  const auto was = FolderClient(scratch / "cluster").rows("default", "docs");
  std::filesystem::remove_all(scratch / "cluster");
  ASSERT_TRUE(restore(scratch / "new", scratch / "backup").ok());
  const FolderClient back(scratch / "new");
  EXPECT_EQ(back.rows("default", "docs"), was);
  EXPECT_EQ(was.size(), 5U);
  EXPECT_EQ(back.rows("other", "docs").size(), 5U);
  EXPECT_TRUE(back.rows("default", "pictures").empty());
  json catalog = back.catalog();
  const json& docs = FolderClient::collection_in(catalog, "default", "docs");
  EXPECT_EQ(docs["loaded"], true);
  EXPECT_EQ(docs["shards"], 8);
  EXPECT_EQ(docs["aliases"], json({"d"}));
  EXPECT_TRUE(catalog["users"].empty());
}

TEST(Folder, TimeToLiveAndScalingStayBehindAndAreNamed) {
  const Scratch scratch;
  fill(scratch / "cluster");
  const Captured captured = capture(scratch / "cluster", scratch / "backup");
  EXPECT_THAT(captured.warnings, testing::ElementsAre(HasSubstr("scaling"), HasSubstr("docs")));
  ASSERT_TRUE(restore(scratch / "new", scratch / "backup").ok());
  json catalog = FolderClient(scratch / "new").catalog();
  EXPECT_EQ(FolderClient::collection_in(catalog, "default", "docs")["ttl_seconds"], 0);
  EXPECT_EQ(catalog["scaling"], json::object());
}

TEST(Folder, UsersRolesAndANewPasswordComeOnRequest) {
  const Scratch scratch;
  fill(scratch / "cluster");
  const Captured captured = capture(scratch / "cluster", scratch / "backup");
  EXPECT_THAT(captured.contents, testing::Not(HasSubstr("hash")));
  RestoreChoice choice;
  choice.users = true;
  choice.logins = {{"db_admin", "fresh password"}};
  ASSERT_TRUE(restore(scratch / "new", scratch / "backup", choice).ok());
  const json catalog = FolderClient(scratch / "new").catalog();
  ASSERT_EQ(catalog["users"].size(), 2U);
  EXPECT_THAT(catalog["users"][0]["password_hash"].get<std::string>(), HasSubstr("$argon2"));
  EXPECT_EQ(catalog["users"][1]["password_hash"], "hash");
  EXPECT_EQ(catalog["roles"][0]["grants"], json({"default.*:search"}));
}

TEST(Folder, PartsComeUnderOtherNamesLoadStatesAndDatabases) {
  const Scratch scratch;
  fill(scratch / "cluster");
  capture(scratch / "cluster", scratch / "backup");
  FolderClient client(scratch / "cluster");
  RestoreChoice choice;
  choice.max_shards = 2;
  choice.collections = {{"default", "docs", "", "docs_back", LoadChoice::kReleased},
                        {"other", "docs", "third", "", LoadChoice::kLoaded}};
  ASSERT_TRUE(restore(scratch / "cluster", scratch / "backup", choice).ok());
  EXPECT_EQ(client.rows("default", "docs_back"), client.rows("default", "docs"));
  EXPECT_EQ(client.rows("third", "docs"), client.rows("other", "docs"));
  json catalog = client.catalog();
  EXPECT_EQ(FolderClient::collection_in(catalog, "default", "docs_back")["loaded"], false);
  EXPECT_EQ(FolderClient::collection_in(catalog, "default", "docs_back")["shards"], 2);
  EXPECT_EQ(FolderClient::collection_in(catalog, "third", "docs")["loaded"], true);
  EXPECT_EQ(FolderClient::collection_in(catalog, "default", "docs")["shards"], 8);
  // And clients go on with what came.
  client.insert({{"default", "docs_back"}}, 9);
  EXPECT_EQ(client.rows("default", "docs_back").size(), 6U);
}

TEST(Folder, ATakenNameChangesNothing) {
  const Scratch scratch;
  fill(scratch / "cluster");
  capture(scratch / "cluster", scratch / "backup");
  const auto before = tree_of(scratch / "cluster");
  RestoreChoice taken;
  taken.collections = {{"default", "pictures", "", "fresh"}, {"other", "docs", "default", "docs"}};
  RestoreChoice alias;
  alias.collections = {{"default", "pictures", "", "d"}};
  RestoreChoice twice;
  twice.collections = {{"default", "docs", "", "same"}, {"other", "docs", "default", "same"}};
  RestoreChoice everything;
  for (const auto& choice : {taken, alias, twice, everything}) {
    const Status done = restore(scratch / "cluster", scratch / "backup", choice);
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, Errc::kExists);
  }
  RestoreChoice absent;
  absent.collections = {{"default", "nothing"}};
  EXPECT_EQ(restore(scratch / "cluster", scratch / "backup", absent).error().code, Errc::kNotFound);
  RestoreChoice outside;
  outside.collections = {{"default", "docs", "../outside", "x"}};
  EXPECT_EQ(restore(scratch / "cluster", scratch / "backup", outside).error().code,
            Errc::kBadInput);
  auto after = tree_of(scratch / "cluster");
  after.erase("lock");
  auto expected = before;
  expected.erase("lock");
  EXPECT_EQ(after, expected);
}

TEST(Folder, InPlaceLaterWritesAreGone) {
  const Scratch scratch;
  fill(scratch / "cluster");
  const auto was = FolderClient(scratch / "cluster").rows("default", "docs");
  capture(scratch / "cluster", scratch / "backup");
  FolderClient client(scratch / "cluster");
  client.create("default", "later");
  client.insert({{"default", "docs"}}, 77);
  RestoreChoice choice;
  choice.replace = true;
  ASSERT_TRUE(restore(scratch / "cluster", scratch / "backup", choice).ok());
  EXPECT_EQ(client.rows("default", "docs"), was);
  EXPECT_THAT(client.catalog().dump(), testing::Not(HasSubstr("later")));
  // Twice is the same as once.
  ASSERT_TRUE(restore(scratch / "cluster", scratch / "backup", choice).ok());
  EXPECT_EQ(client.rows("default", "docs"), was);
}

// Both collections get each row in one step, so a capture of one moment has as many of one as of
// the other; and the rows are the first that were written.
TEST(Folder, IsOfOneMomentWhileClientsWriteAndMerge) {
  const Scratch scratch;
  FolderClient client(scratch / "cluster");
  client.create("a", "x");
  client.create("b", "y");
  std::atomic<bool> done{false};
  std::thread writer([&] {
    FolderClient writing(scratch / "cluster");
    for (int i = 0; !done; ++i) {
      writing.insert({{"a", "x"}, {"b", "y"}}, float(i));
      if (i % 7 == 6) writing.merge("a", "x");
      if (i % 11 == 10) writing.merge("b", "y");
    }
  });
  std::size_t most = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "backup" + std::to_string(i);
    capture(scratch / "cluster", scratch / name);
    ASSERT_TRUE(restore(scratch / ("new" + name), scratch / name).ok());
    const FolderClient back(scratch / ("new" + name));
    const auto rows = back.rows("a", "x");
    EXPECT_EQ(rows, back.rows("b", "y"));
    for (std::size_t row = 0; row < rows.size(); ++row) EXPECT_EQ(rows[row].second, float(row));
    EXPECT_GE(rows.size(), most);
    most = rows.size();
  }
  done = true;
  writer.join();
  EXPECT_GT(most, 0U);
}

TEST(Folder, DamageAndMissingDataAreToldAtOnce) {
  const Scratch scratch;
  fill(scratch / "cluster");
  json catalog = FolderClient(scratch / "cluster").catalog();
  const std::string segment =
      FolderClient::collection_in(catalog, "default", "docs")["segments"][0]["file"];
  const auto vectors = scratch / ("cluster/default/docs/" + segment + ".vectors");
  write_whole(vectors, "short");
  Progress progress;
  auto torn = folder(scratch / "cluster")->capture(scratch.make("a"), progress);
  ASSERT_FALSE(torn.ok());
  EXPECT_EQ(torn.error().code, Errc::kCorrupt);
  EXPECT_THAT(torn.error().message, HasSubstr(segment + ".vectors"));
  std::filesystem::remove(vectors);
  auto missing = folder(scratch / "cluster")->capture(scratch.make("b"), progress);
  EXPECT_EQ(missing.error().code, Errc::kNotFound);
  auto gone = folder(scratch / "nowhere")->capture(scratch.make("c"), progress);
  EXPECT_THAT(to_string(gone.error()), HasSubstr("nowhere/cluster.json"));
  progress.stop = true;
  fill(scratch / "other");
  EXPECT_EQ(folder(scratch / "other")->capture(scratch.make("d"), progress).error().code,
            Errc::kInterrupted);
}

TEST(Folder, NamesInACatalogueCannotLeadOutside) {
  const Scratch scratch;
  for (const std::string name : {"..", "../../etc", "a/b", "", ".hidden"}) {
    write_whole(scratch / "cluster/cluster.json",
                json{{"databases", {{{"name", name}, {"collections", json::array()}}}}}.dump());
    EXPECT_EQ(folder(scratch / "cluster")->describe().error().code, Errc::kBadInput) << name;
  }
}

TEST(Folder, AKilledRestoreLeavesNothingForGood) {
  const Scratch scratch;
  fill(scratch / "cluster");
  capture(scratch / "cluster", scratch / "backup");
  write_whole(scratch / "cluster/default/docs.r0123456789abcdef/s1.vectors", "half");
  RestoreChoice choice;
  choice.collections = {{"default", "docs", "", "again"}};
  ASSERT_TRUE(restore(scratch / "cluster", scratch / "backup", choice).ok());
  EXPECT_FALSE(std::filesystem::exists(scratch / "cluster/default/docs.r0123456789abcdef"));
  EXPECT_EQ(FolderClient(scratch / "cluster").rows("default", "again").size(), 5U);
}

TEST(OpenSource, WrongSourcesAreRefusedWithTheirPlace) {
  const auto error_of = [](const std::string& kind, const std::string& source) {
    return to_string(open_source(kind, source, env::posix_env()).error());
  };
  EXPECT_THAT(error_of("folder", "{}"), HasSubstr("/path"));
  EXPECT_THAT(error_of("folder", R"({"path": "relative"})"), HasSubstr("absolute"));
  EXPECT_THAT(error_of("folder", R"({"path": "/a", "pathh": 1})"), HasSubstr("did you mean"));
  EXPECT_THAT(error_of("folder", "[]"), HasSubstr("object"));
  EXPECT_THAT(error_of("flder", R"({"path": "/a"})"), HasSubstr("folder"));
}

}  // namespace
}  // namespace backcast::kinds
