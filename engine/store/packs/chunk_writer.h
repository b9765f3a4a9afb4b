// From plain bytes to a chunk in a pack, once: identify, look up, compress, seal, append.
#pragma once

#include <atomic>
#include <mutex>
#include <unordered_set>

#include "engine/store/format/chunker.h"
#include "engine/store/format/codec.h"
#include "engine/store/format/index.h"
#include "engine/store/packs/pack_sink.h"

namespace backcast::store {

// What a writing session added. Read at the end, or by whoever shows progress.
struct AddedCounts {
  std::atomic<std::uint64_t> chunks{0}, plain_bytes{0}, stored_bytes{0};
};

// One writing session, shared by its threads. It looks at every pack before it refers to what the
// pack holds: a chunk whose pack is missing, or not as long as the index says, is stored again.
class ChunkStore {
 public:
  // `index` must outlive it and is not changed.
  ChunkStore(Repository& repository, const Index& index)
      : repository_(repository), index_(index), looks_(index.packs().size()), sink_(repository) {}

  Repository& repository() { return repository_; }
  const Index& index() const { return index_; }
  PackSink& sink() { return sink_; }
  AddedCounts& added() { return added_; }
  void count_added(std::uint64_t plain_bytes, std::uint64_t stored_bytes);
  // True for exactly one caller per chunk that the repository lacks: it stores the chunk.
  bool claim(const Id& id);
  // Whether a snapshot of this session may refer to the chunk.
  bool has(const Id& id);
  // The same, but not what this session itself stored.
  bool had(const Id& id);
  // Looks again at all packs of the index that a snapshot of this session may refer to.
  Status check_relied_on();
  // Packs that were found missing or of another length.
  std::vector<Id> bad_packs() const;

 private:
  enum class Look : std::uint8_t { kNone, kThere, kBad };
  bool is_there(std::uint32_t pack);

  Repository& repository_;
  const Index& index_;
  std::vector<std::atomic<Look>> looks_;  // by pack
  PackSink sink_;
  AddedCounts added_;
  std::mutex mutex_;
  std::unordered_set<Id, IdHash> claimed_;
};

// One per thread.
class ChunkWriter {
 public:
  ChunkWriter(ChunkStore& store, int level);
  // The id of the bytes, after storing them if the repository lacks them. At most kMaxChunkBytes.
  Result<Id> put(BlobKind kind, ByteView plain);

 private:
  struct SealingKey {
    Secret secret;
    DataKey key;
    std::uint64_t sealed_bytes = UINT64_MAX;  // renewed before the first use
    std::uint32_t sealed_chunks = 0;
  };
  Result<SealingKey*> fresh_enough(BlobKind kind);

  ChunkStore& store_;
  ChunkCipher cipher_;
  Compressor compressor_;
  SealingKey data_key_, reference_key_;
  std::vector<std::uint8_t> packed_, sealed_;
};

}  // namespace backcast::store
