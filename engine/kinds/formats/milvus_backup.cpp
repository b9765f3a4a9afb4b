#include "engine/kinds/formats/milvus_backup.h"

#include <fmt/format.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/base/document.h"
#include "engine/kinds/formats/json_fields.h"

namespace backcast::kinds {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxMetaBytes = 1ULL << 30;
constexpr std::array<char, 4> kEnvelope{'\xbc', '\xfa', '\xff', '\0'};  // 0x00fffabc
constexpr std::array<char, 4> kParquet{'P', 'A', 'R', '1'};
constexpr int kBareParquet = 2;  // storage_version from which there is no envelope

Error damaged(const Path& where, const std::string& why) {
  return Error{Errc::kCorrupt, where.string() + ": " + why, {}, ""};
}

Result<json> read_meta(const Path& folder, const char* name) {
  const Path path = folder / "meta" / name;
  BACKCAST_TRY(const std::string text, read_text_file(path.string(), kMaxMetaBytes));
  json meta = json::parse(text, nullptr, false);
  if (!meta.is_object()) return damaged(path, "no JSON object");
  return meta;
}

// Of the four levels, by the ids they have in common.
Result<json> join_levels(const Path& folder) {
  BACKCAST_TRY(json backup, read_meta(folder, "backup_meta.json"));
  if (text_in(backup, "format") == "snapshot") return backup;
  BACKCAST_TRY(const json collections, read_meta(folder, "collection_meta.json"));
  BACKCAST_TRY(const json partitions, read_meta(folder, "partition_meta.json"));
  BACKCAST_TRY(const json segments, read_meta(folder, "segment_meta.json"));
  json joined = json::array();
  for (json collection : list_in(collections, "infos")) {
    if (!collection.is_object()) continue;
    const std::int64_t id = number_in(collection, "collection_id");
    json parts = json::array(), level0 = json::array();
    for (json partition : list_in(partitions, "infos")) {
      if (!partition.is_object() || number_in(partition, "collection_id") != id) continue;
      json inside = json::array();
      for (const json& segment : list_in(segments, "infos")) {
        if (number_in(segment, "collection_id") == id &&
            number_in(segment, "partition_id") == number_in(partition, "partition_id")) {
          inside.push_back(segment);
        }
      }
      partition["segment_backups"] = std::move(inside);
      parts.push_back(std::move(partition));
    }
    for (const json& segment : list_in(segments, "infos")) {
      if (number_in(segment, "collection_id") == id && number_in(segment, "partition_id") == -1) {
        level0.push_back(segment);
      }
    }
    collection["partition_backups"] = std::move(parts);
    if (!level0.empty()) collection["l0_segments"] = std::move(level0);
    joined.push_back(std::move(collection));
  }
  backup["collection_backups"] = std::move(joined);
  return backup;
}

std::uint64_t bytes_of_logs(const json& segment) {
  std::uint64_t sum = 0;
  for (const char* kind : {"binlogs", "deltalogs"}) {
    for (const json& field : list_in(segment, kind)) {
      for (const json& log : list_in(field, "binlogs")) sum += count_in(log, "log_size");
    }
  }
  return sum;
}

// Lists of objects where lists must be: what is anything else counts as nothing.
json& objects_in(json& of, const char* field) {
  json& list = of[field];
  if (!list.is_array()) list = json::array();
  for (std::size_t i = list.size(); i-- > 0;) {
    if (!list[i].is_object()) list.erase(i);
  }
  return list;
}

// Sets every size from its parts; true if all were so already.
bool add_up(json& backup) {
  bool fits = true;
  const auto set = [&](json& of, std::uint64_t size) {
    fits = fits && count_in(of, "size") == size;
    of["size"] = size;
    return size;
  };
  std::uint64_t whole = 0;
  for (json& collection : objects_in(backup, "collection_backups")) {
    std::uint64_t in_collection = 0;
    for (json& partition : objects_in(collection, "partition_backups")) {
      std::uint64_t in_partition = 0;
      for (json& segment : objects_in(partition, "segment_backups")) {
        in_partition += set(segment, bytes_of_logs(segment));
      }
      in_collection += set(partition, in_partition);
    }
    for (json& segment : objects_in(collection, "l0_segments")) {
      in_collection += set(segment, bytes_of_logs(segment));
    }
    whole += set(collection, in_collection);
  }
  set(backup, whole);
  return fits;
}

Result<std::string> log_name(const json& log) {
  std::string name = std::to_string(number_in(log, "log_id"));
  if (name == "0") {
    const Path path = text_in(log, "log_path");
    name = path.filename().string();
  }
  BACKCAST_CHECK(check_name("the binlog", name));
  return name;
}

Status add_logs(const json& segment, std::int64_t collection, std::vector<BinlogFile>& files) {
  const std::int64_t group = number_in(segment, "group_id");
  const std::string place =
      fmt::format("{}/{}/{}{}", collection, number_in(segment, "partition_id"),
                  group != 0 ? fmt::format("{}/", group) : "", number_in(segment, "segment_id"));
  const bool has_envelope = number_in(segment, "storage_version") < kBareParquet;
  for (const json& field : list_in(segment, "binlogs")) {
    for (const json& log : list_in(field, "binlogs")) {
      BACKCAST_TRY(const std::string name, log_name(log));
      files.push_back(
          {fmt::format("binlogs/insert_log/{}/{}/{}", place, number_in(field, "fieldID"), name),
           count_in(log, "log_size"), has_envelope});
    }
  }
  for (const json& field : list_in(segment, "deltalogs")) {
    for (const json& log : list_in(field, "binlogs")) {
      BACKCAST_TRY(const std::string name, log_name(log));
      files.push_back({fmt::format("binlogs/delta_log/{}/{}", place, name),
                       count_in(log, "log_size"), has_envelope});
    }
  }
  return kOk;
}

}  // namespace

Result<json> read_milvus_backup(const Path& folder) {
  auto backup = read_meta(folder, "full_meta.json");
  if (!backup.ok() && backup.error().code == Errc::kNotFound) backup = join_levels(folder);
  if (!backup.ok()) return backup;
  if (text_in(*backup, "format") == "snapshot") {
    return Error{Errc::kCorrupt,
                 folder.string() + " is a bundle of Milvus' newer snapshot form, which is not read",
                 {},
                 "let milvus-backup write the form \"binlog\""};
  }
  if (!add_up(*backup)) {
    return damaged(folder / "meta", "sizes do not add up from segments to the backup");
  }
  return backup;
}

Status write_milvus_meta(env::Env& env, const Path& folder, json backup) {
  add_up(backup);
  BACKCAST_CHECK(make_folders(folder / "meta"));
  const auto write = [&](const char* name, const json& meta) {
    return write_text(env, folder / "meta" / name, dumped(meta));
  };
  BACKCAST_CHECK(write("full_meta.json", backup));
  json collections = json::array(), partitions = json::array(), segments = json::array();
  for (json& collection : backup["collection_backups"]) {
    for (json& partition : collection["partition_backups"]) {
      for (const json& segment : partition["segment_backups"]) segments.push_back(segment);
      partition.erase("segment_backups");
      partitions.push_back(partition);
    }
    for (const json& segment : list_in(collection, "l0_segments")) segments.push_back(segment);
    collection.erase("partition_backups");
    collection.erase("l0_segments");
    collections.push_back(collection);
  }
  backup.erase("collection_backups");
  BACKCAST_CHECK(write("segment_meta.json", {{"infos", segments}}));
  BACKCAST_CHECK(write("partition_meta.json", {{"infos", partitions}}));
  BACKCAST_CHECK(write("collection_meta.json", {{"infos", collections}}));
  // The one by which the vendor's tool knows that a backup is there.
  return write("backup_meta.json", backup);
}

Result<std::vector<BinlogFile>> binlogs_of(const json& collection) {
  std::vector<BinlogFile> files;
  const std::int64_t id = number_in(collection, "collection_id");
  for (const json& partition : list_in(collection, "partition_backups")) {
    for (const json& segment : list_in(partition, "segment_backups")) {
      BACKCAST_CHECK(add_logs(segment, id, files));
    }
  }
  for (const json& segment : list_in(collection, "l0_segments")) {
    BACKCAST_CHECK(add_logs(segment, id, files));
  }
  return files;
}

Status check_binlog(const Path& folder, const BinlogFile& file) {
  BACKCAST_TRY(const std::uint64_t size, file_bytes(folder / file.path));
  if (size != file.size_bytes) {
    return damaged(folder / file.path,
                   fmt::format("has {} bytes, the metadata says {}", size, file.size_bytes));
  }
  std::array<char, 4> magic{};
  std::ifstream(folder / file.path, std::ios::binary).read(magic.data(), magic.size());
  if (magic != (file.has_envelope ? kEnvelope : kParquet)) {
    return damaged(folder / file.path, file.has_envelope ? "is no binlog" : "is no Parquet");
  }
  return kOk;
}

}  // namespace backcast::kinds
