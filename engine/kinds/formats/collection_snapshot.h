// Snapshots of collections as a Qdrant server writes them: a tar, often with sparse entries, of
//
//   version.info, config.json, payload_index.json, shard_key_mapping.json
//   SHARD/segments/UUID.tar (inside: snapshot/files/…), SHARD/wal/…, SHARD/shard_config.json, …
//
// or of one shard alone, without the number before. What lies in a segment is the server's
// business.
#pragma once

#include <string>
#include <vector>

#include "engine/kinds/formats/sha256.h"
#include "engine/kinds/formats/tar_folder.h"

namespace backcast::kinds {

struct SnapshotFile {
  std::string path;
  std::uint64_t size_bytes = 0;  // holes included
};

struct CollectionSnapshot {
  std::string version;              // of the server, as version.info says; "" in a shard's
  std::string config;               // config.json
  std::vector<std::string> shards;  // their numbers; none in a shard's
  std::uint64_t segments = 0;
  std::uint64_t logical_bytes = 0;  // of all files, holes included
  std::vector<SnapshotFile> files;
};

// Reads all of it. Errors: kCorrupt if it is no whole snapshot of a collection or a shard.
Result<CollectionSnapshot> read_collection_snapshot(const Path& file);
// The other way round: out of a collection's folder in the server's storage, as a dense tar.
Status write_collection_snapshot(const Path& collection, const Path& file,
                                 std::atomic<std::uint64_t>& bytes, const std::atomic<bool>& stop);
// Into a folder of the storage that does not exist yet, segments unpacked.
Status unpack_collection_snapshot(env::Env& env, const Path& file, const Path& collection,
                                  const std::atomic<bool>& stop);

}  // namespace backcast::kinds
