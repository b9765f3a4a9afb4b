// A backup that milvus-backup made, in its folder: kept byte for byte, given back whole or in part
// as a folder from which milvus-backup restores.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/text.h"
#include "engine/kinds/capture/sources.h"
#include "engine/kinds/formats/json_fields.h"
#include "engine/kinds/formats/milvus_backup.h"

namespace backcast::kinds {
namespace fs = std::filesystem;
namespace {

using nlohmann::json;

constexpr const char* kDefault = "default";  // how Milvus calls the database "" of older backups

std::string database_of(const json& collection) {
  const std::string name = text_in(collection, "db_name");
  return name.empty() ? kDefault : name;
}

std::string describe_backup(const json& backup) {
  std::map<std::string, json> databases;
  for (const json& collection : list_in(backup, "collection_backups")) {
    std::uint64_t rows = 0;
    for (const json& partition : list_in(collection, "partition_backups")) {
      for (const json& segment : list_in(partition, "segment_backups")) {
        rows += count_in(segment, "num_of_rows");
      }
    }
    databases.try_emplace(database_of(collection), json::array())
        .first->second.push_back({{"name", text_in(collection, "collection_name")},
                                  {"rows", rows},
                                  {"bytes", count_in(collection, "size")},
                                  {"shards", number_in(collection, "shards_num")},
                                  {"loaded", text_in(collection, "load_state") == "Loaded"},
                                  {"aliases", list_in(collection, "aliases")}});
  }
  json list = json::array();
  for (auto& [name, collections] : databases) {
    list.push_back({{"name", name}, {"collections", std::move(collections)}});
  }
  return dumped({{"version", text_in(backup, "milvus_version")}, {"databases", list}});
}

Status place_binlogs(const json& backup, const Path& from, const Path& to, Progress& progress) {
  for (const json& collection : list_in(backup, "collection_backups")) {
    BACKCAST_TRY(const auto files, binlogs_of(collection));
    for (const BinlogFile& file : files) {
      BACKCAST_CHECK(go_on(progress));
      BACKCAST_CHECK(check_binlog(from, file));
      BACKCAST_CHECK(make_folders((to / file.path).parent_path()));
      BACKCAST_CHECK(place_file(from / file.path, to / file.path));
      progress.bytes += file.size_bytes;
    }
  }
  return kOk;
}

class MilvusFolder : public ClusterSource {
 public:
  MilvusFolder(Path path, env::Env& env) : path_(std::move(path)), env_(env) {}

  Status choose(std::vector<CollectionName> collections) override {
    chosen_.clear();
    for (CollectionName& one : collections) {
      chosen_.push_back({std::move(one.database), std::move(one.name)});
    }
    return kOk;
  }

  Result<std::string> describe() override {
    BACKCAST_TRY(const json backup, read_milvus_backup(path_));
    return describe_backup(backup);
  }

  Result<Captured> capture(const Path& into, Progress& progress) override {
    BACKCAST_TRY(json backup, read_milvus_backup(path_));
    Captured captured;
    if (!chosen_.empty()) {
      RestoreChoice choice;
      choice.collections = chosen_;
      BACKCAST_CHECK(pick(backup, choice));
      BACKCAST_CHECK(place_binlogs(backup, path_, into, progress));
      captured.contents = describe_backup(backup);
      BACKCAST_CHECK(write_milvus_meta(env_, into, std::move(backup)));
      BACKCAST_TRY(captured.logical_bytes, folder_bytes(into));
      return captured;
    }
    BACKCAST_CHECK(place_binlogs(backup, path_, into, progress));
    BACKCAST_CHECK(make_folders(into / "meta"));
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(path_ / "meta", error)) {
      BACKCAST_CHECK(copy_whole(entry.path(), into / "meta" / entry.path().filename()));
    }
    if (error) return file_error("list", path_ / "meta", error);
    captured.contents = describe_backup(backup);
    BACKCAST_TRY(captured.logical_bytes, folder_bytes(into));
    return captured;
  }

  // Written beside the folder, which it becomes by rename.
  Status restore(const Path& from, const RestoreChoice& choice, Progress& progress) override {
    BACKCAST_TRY(json backup, read_milvus_backup(from));
    BACKCAST_CHECK(pick(backup, choice));
    std::error_code error;
    if (!choice.replace && fs::exists(path_, error) && !fs::is_empty(path_, error)) {
      return Error{Errc::kExists,
                   path_.string() + " is not empty; nothing was restored",
                   {},
                   "restore into an empty folder, or let the restore replace what is there"};
    }
    const Aside aside(path_.string() + ".restoring");
    BACKCAST_CHECK(place_binlogs(backup, from, aside.path(), progress));
    BACKCAST_CHECK(write_milvus_meta(env_, aside.path(), std::move(backup)));
    BACKCAST_CHECK(sync_folder_tree(env_, aside.path()));
    fs::remove_all(path_, error);
    fs::rename(aside.path(), path_, error);
    if (error) return file_error("put into its place", path_, error);
    return kOk;
  }

 private:
  static void set_load_state(json& collection, LoadChoice load) {
    if (load == LoadChoice::kAsSaved) return;
    const char* state = load == LoadChoice::kLoaded ? "Loaded" : "NotLoad";
    collection["load_state"] = state;
    for (json& partition : collection["partition_backups"]) partition["load_state"] = state;
  }

  static Status pick(json& backup, const RestoreChoice& choice) {
    if (!choice.logins.empty()) return bad_input("a folder of milvus-backup holds no passwords");
    if (!choice.users) backup.erase("rbac_meta");
    json all = std::move(backup["collection_backups"]), kept = json::array();
    if (choice.collections.empty()) {
      for (json& collection : all) set_load_state(collection, choice.load);
      kept = std::move(all);
    }
    std::set<std::pair<std::string, std::string>> names;
    for (const CollectionChoice& one : choice.collections) {
      const auto found = std::find_if(all.begin(), all.end(), [&](const json& collection) {
        return database_of(collection) == one.database &&
               text_in(collection, "collection_name") == one.name;
      });
      if (found == all.end()) {
        return Error{Errc::kNotFound,
                     "the backup has no collection " + printable(one.name) + " in the database " +
                         printable(one.database),
                     {},
                     ""};
      }
      json collection = *found;
      if (!one.to_database.empty()) collection["db_name"] = one.to_database;
      if (!one.to_name.empty()) {
        collection["collection_name"] = one.to_name;
        if (collection["schema"].is_object()) collection["schema"]["name"] = one.to_name;
      }
      collection.erase("aliases");
      set_load_state(collection, one.load);
      if (!names.emplace(database_of(collection), text_in(collection, "collection_name")).second) {
        return Error{Errc::kExists, "two collections would have one name", {}, ""};
      }
      kept.push_back(std::move(collection));
    }
    for (json& collection : kept) {
      const auto shards = count_in(collection, "shards_num");
      if (choice.max_shards > 0 && shards > choice.max_shards) {
        collection["shards_num"] = choice.max_shards;
      }
    }
    backup["collection_backups"] = std::move(kept);
    return kOk;
  }

  Path path_;
  env::Env& env_;
  std::vector<CollectionChoice> chosen_;
};

}  // namespace

Opened open_milvus_folder(const Node& source, env::Env& env) {
  only_fields(source, {"path"});
  return std::make_unique<MilvusFolder>(path_in(source, "path"), env);
}

}  // namespace backcast::kinds
