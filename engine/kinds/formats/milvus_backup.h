// Folders as milvus-backup writes them (https://github.com/zilliztech/milvus-backup):
//
//   meta/full_meta.json                                      everything, nested
//   meta/{backup,collection,partition,segment}_meta.json     the same, level by level
//   binlogs/insert_log/COLLECTION/PARTITION/[GROUP/]SEGMENT/FIELD/LOG
//   binlogs/delta_log/COLLECTION/PARTITION/[GROUP/]SEGMENT/LOG
//
// Binlogs stay byte for byte what they are; rows are counted by the metadata.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/kinds/formats/files.h"

namespace backcast::kinds {

struct BinlogFile {
  std::string path;  // beneath the folder
  std::uint64_t size_bytes = 0;
  bool has_envelope = false;  // begins with the magic of events; otherwise it is bare Parquet
};

// The whole as full_meta.json has it, joined from the four level files where that is missing.
// Errors: kNotFound; kCorrupt for damage, for sizes that do not add up from segments to the backup,
// and for the newer form of a bundle, which is not read.
Result<nlohmann::json> read_milvus_backup(const Path& folder);
// All five files of meta/, with the sizes that follow from the segments.
Status write_milvus_meta(env::Env& env, const Path& folder, nlohmann::json backup);
// Binlogs of one entry of collection_backups. kCorrupt for ids that are none.
Result<std::vector<BinlogFile>> binlogs_of(const nlohmann::json& collection);
// One that is as long as it should be and begins as it should. kNotFound, kCorrupt.
Status check_binlog(const Path& folder, const BinlogFile& file);

}  // namespace backcast::kinds
