// Folders of milvus-backup: read, kept byte for byte, written whole and in part.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "engine/kinds/capture/cluster_source.h"
#include "tests/kinds/folder_client.h"

namespace backcast::kinds {
namespace {

using testing::HasSubstr;
using json = nlohmann::json;

// As the tool of Milvus writes it: 64-bit ids as numbers, empty fields left out.
class Folder {
 public:
  explicit Folder(std::filesystem::path path) : path_(std::move(path)) {
    json collections = json::array();
    collections.push_back(collection(444'000'000'000'000'001, "docs", "", 1, 0));
    collections.push_back(collection(444'000'000'000'000'002, "pictures", "art", 2, 7));
    backup_ = {{"id", "b-1"},
               {"name", "nightly"},
               {"backup_timestamp", 1'700'000'000},
               {"milvus_version", "v2.4.1"},
               {"rbac_meta", {{"users", {{{"user", "root"}}}}}},
               {"collection_backups", collections}};
    std::uint64_t size = 0;
    for (const json& c : collections) size += c["size"].get<std::uint64_t>();
    backup_["size"] = size;
  }
  void write(bool with_full) const {
    if (with_full) put("full_meta.json", backup_);
    json top = backup_, collections = json::array(), partitions = json::array(),
         segments = json::array();
    for (json c : backup_["collection_backups"]) {
      for (json p : c["partition_backups"]) {
        for (const json& s : p["segment_backups"]) segments.push_back(s);
        p.erase("segment_backups");
        partitions.push_back(p);
      }
      if (c.contains("l0_segments")) {
        for (const json& s : c["l0_segments"]) segments.push_back(s);
        c.erase("l0_segments");
      }
      c.erase("partition_backups");
      collections.push_back(c);
    }
    top.erase("collection_backups");
    put("backup_meta.json", top);
    put("collection_meta.json", {{"infos", collections}});
    put("partition_meta.json", {{"infos", partitions}});
    put("segment_meta.json", {{"infos", segments}});
  }
  json& backup() { return backup_; }

 private:
  void put(const char* name, const json& meta) const {
    write_whole(path_ / "meta" / name, meta.dump());
  }
  json log(const std::string& place, std::int64_t id, int storage) const {
    const std::string bytes =
        (storage < 2 ? std::string("\xbc\xfa\xff\0", 4) : std::string("PAR1")) + place +
        std::string(static_cast<std::size_t>(id % 1000), 'x');
    write_whole(path_ / "binlogs" / place / std::to_string(id), bytes);
    return {{"log_path", "files/" + place + "/" + std::to_string(id)},
            {"log_size", bytes.size()},
            {"log_id", id}};
  }
  json segment(std::int64_t collection, std::int64_t partition, std::int64_t id, int group,
               int storage) const {
    const std::string place = std::to_string(collection) + "/" + std::to_string(partition) + "/" +
                              (group != 0 ? std::to_string(group) + "/" : "") + std::to_string(id);
    json binlogs = json::array(), deltas = json::array();
    std::uint64_t size = 0;
    if (partition != -1) {
      for (const int field : {0, 1, 100}) {
        const json one =
            log("insert_log/" + place + "/" + std::to_string(field), id + 10 + field, storage);
        size += one["log_size"].get<std::uint64_t>();
        binlogs.push_back({{"fieldID", field}, {"binlogs", {one}}});
      }
    }
    const json delta = log("delta_log/" + place, id + 500, storage);
    size += delta["log_size"].get<std::uint64_t>();
    deltas.push_back({{"binlogs", {delta}}});
    json segment{{"segment_id", id},          {"collection_id", collection},
                 {"partition_id", partition}, {"num_of_rows", partition == -1 ? 0 : 1000},
                 {"deltalogs", deltas},       {"size", size}};
    if (!binlogs.empty()) segment["binlogs"] = binlogs;
    if (group != 0) segment["group_id"] = group;
    if (storage != 0) segment["storage_version"] = storage;
    if (partition == -1) segment["is_l0"] = true;
    return segment;
  }
  json collection(std::int64_t id, const std::string& name, const std::string& database,
                  int storage, int group) const {
    json partitions = json::array();
    std::uint64_t whole = 0;
    for (const int p : {10, 11}) {
      json segments = {segment(id, id + p, id + p + 100, group, storage),
                       segment(id, id + p, id + p + 200, group, storage)};
      const auto size =
          segments[0]["size"].get<std::uint64_t>() + segments[1]["size"].get<std::uint64_t>();
      whole += size;
      partitions.push_back({{"partition_id", id + p},
                            {"partition_name", "p" + std::to_string(p)},
                            {"collection_id", id},
                            {"segment_backups", segments},
                            {"size", size},
                            {"load_state", "Loaded"}});
    }
    const json level0 = segment(id, -1, id + 900, 0, storage);
    whole += level0["size"].get<std::uint64_t>();
    json c{
        {"collection_id", id},        {"collection_name", name}, {"shards_num", 4},
        {"schema", {{"name", name}}}, {"size", whole},           {"partition_backups", partitions},
        {"l0_segments", {level0}},    {"load_state", "Loaded"},  {"aliases", {name + "_alias"}}};
    if (!database.empty()) c["db_name"] = database;
    return c;
  }

  std::filesystem::path path_;
  json backup_;
};

std::unique_ptr<ClusterSource> open(const std::filesystem::path& path) {
  return *open_source("milvus-backup", json{{"path", path.string()}}.dump(), env::posix_env());
}

TEST(MilvusBackup, Z_FILE_05_AFolderComesBackWithBinlogsByteForByte) {
  for (const bool with_full : {true, false}) {
    const Scratch scratch;
    Folder(scratch / "nightly").write(with_full);
    Progress progress;
    const auto captured = open(scratch / "nightly")->capture(scratch.make("backup"), progress);
    ASSERT_TRUE(captured.ok()) << to_string(captured.error());
    EXPECT_EQ(tree_of(scratch / "backup"), tree_of(scratch / "nightly"));
    const json contents = json::parse(captured->contents);
    EXPECT_EQ(contents["version"], "v2.4.1");
    EXPECT_EQ(contents["databases"][0]["name"], "art");
    EXPECT_EQ(contents["databases"][1]["collections"][0]["rows"], 4000);
    EXPECT_EQ(contents["databases"][1]["collections"][0]["loaded"], true);
    RestoreChoice choice;
    choice.users = true;
    const Status restored = open(scratch / "new")->restore(scratch / "backup", choice, progress);
    ASSERT_TRUE(restored.ok()) << to_string(restored.error());
    EXPECT_EQ(tree_of(scratch / "new/binlogs"), tree_of(scratch / "nightly/binlogs"));
    // All five files, and either way of reading them gives the same.
    const std::string with = *open(scratch / "new")->describe();
    EXPECT_EQ(with, captured->contents);
    std::filesystem::remove(scratch / "new/meta/full_meta.json");
    EXPECT_EQ(*open(scratch / "new")->describe(), with);
    EXPECT_THAT(read_whole(scratch / "new/meta/backup_meta.json"), HasSubstr("rbac_meta"));
  }
}

TEST(MilvusBackup, Z_FILE_05_PartsComeUnderOtherNamesAndSizesStillAddUp) {
  const Scratch scratch;
  Folder(scratch / "nightly").write(true);
  Progress progress;
  ASSERT_TRUE(open(scratch / "nightly")->capture(scratch.make("backup"), progress).ok());
  RestoreChoice choice;
  choice.max_shards = 2;
  choice.collections = {{"art", "pictures", "default", "pictures_back", LoadChoice::kReleased}};
  ASSERT_TRUE(open(scratch / "new")->restore(scratch / "backup", choice, progress).ok());
  const json contents = json::parse(*open(scratch / "new")->describe());
  ASSERT_EQ(contents["databases"].size(), 1u);
  const json& back = contents["databases"][0]["collections"][0];
  EXPECT_EQ(back["name"], "pictures_back");
  EXPECT_EQ(back["loaded"], false);
  EXPECT_EQ(back["shards"], 2);
  EXPECT_EQ(back["rows"], 4000);
  const json full = json::parse(read_whole(scratch / "new/meta/full_meta.json"));
  EXPECT_EQ(full["size"], full["collection_backups"][0]["size"]);
  EXPECT_FALSE(full.contains("rbac_meta"));
  EXPECT_FALSE(std::filesystem::exists(scratch / "new/binlogs/insert_log/444000000000000001"));
  // What is there stays.
  const auto before = tree_of(scratch / "new");
  EXPECT_EQ(open(scratch / "new")->restore(scratch / "backup", choice, progress).error().code,
            Errc::kExists);
  choice.collections = {{"art", "nothing"}};
  EXPECT_EQ(open(scratch / "x")->restore(scratch / "backup", choice, progress).error().code,
            Errc::kNotFound);
  EXPECT_EQ(tree_of(scratch / "new"), before);
}

TEST(MilvusBackup, ChosenCollectionsAloneAreTaken) {
  const Scratch scratch;
  Folder(scratch / "nightly").write(true);
  Progress progress;
  const auto source = open(scratch / "nightly");
  ASSERT_TRUE(source->choose({{"art", "pictures"}}).ok());
  const auto captured = source->capture(scratch.make("backup"), progress);
  ASSERT_TRUE(captured.ok()) << to_string(captured.error());
  EXPECT_THAT(captured->contents, testing::Not(HasSubstr("docs")));
  EXPECT_EQ(*open(scratch / "backup")->describe(), captured->contents);
}

TEST(MilvusBackup, DamageIsToldWithItsPlace) {
  const Scratch scratch;
  Progress progress;
  const auto error_of = [&](const char* name) {
    return to_string(
        open(scratch / name)->capture(scratch.make(std::string(name) + ".b"), progress).error());
  };
  Folder sums(scratch / "sums");
  sums.backup()["collection_backups"][1]["size"] = 5;
  sums.write(true);
  EXPECT_THAT(error_of("sums"), HasSubstr("add up"));
  Folder bundle(scratch / "bundle");
  bundle.backup()["format"] = "snapshot";
  bundle.write(true);
  EXPECT_THAT(error_of("bundle"), HasSubstr("bundle"));
  Folder(scratch / "torn").write(true);
  const std::string log =
      "binlogs/insert_log/444000000000000001/444000000000000011/444000000000000111/100/"
      "444000000000000221";
  const std::string bytes = read_whole(scratch / "torn" / log);
  write_whole(scratch / "torn" / log, bytes + "x");
  EXPECT_THAT(error_of("torn"), HasSubstr("444000000000000221"));
  write_whole(scratch / "torn" / log, std::string(bytes.size(), 'x'));
  std::filesystem::remove_all(scratch / "torn.b");
  EXPECT_THAT(error_of("torn"), HasSubstr("no binlog"));
  EXPECT_THAT(error_of("nowhere"), HasSubstr("backup_meta.json"));
  Folder paths(scratch / "paths");
  auto& logs = paths.backup()["collection_backups"][0]["partition_backups"][0]["segment_backups"][0]
                             ["binlogs"][0]["binlogs"][0];
  logs["log_id"] = 0;
  logs["log_path"] = "../../..";
  paths.write(true);
  EXPECT_THAT(error_of("paths"), HasSubstr("cannot be the name"));
}

}  // namespace
}  // namespace backcast::kinds
