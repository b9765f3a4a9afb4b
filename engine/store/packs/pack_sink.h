// Writes sealed chunks into packs from any number of threads. A thread of its own does the disk
// work, so sealing and writing overlap; memory is a handful of buffers, whatever is written.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "engine/store/packs/pack_disk.h"

namespace backcast::store {

inline constexpr std::uint64_t kTargetPackBytes = 32 << 20;

struct SealedChunk {
  ChunkLabel label;
  DataKey key;
  ByteView bytes;  // with its tag
};

class PackSink {
 public:
  explicit PackSink(Repository& repository, std::uint64_t target_pack_bytes = kTargetPackBytes)
      : repository_(repository), target_pack_bytes_(target_pack_bytes), disk_(repository) {}

  // Copies the bytes; may wait for the disk. After an error every later call fails. Packs that are
  // not in the index yet stay behind as files that nothing refers to; prune removes them.
  Status append(const SealedChunk& chunk);
  // Everything appended survives a power cut and is in the index. Call once.
  Result<WrittenPacks> finish();

 private:
  Status add(const SealedChunk& chunk);
  Status begin_pack(const SealedChunk& first);
  Status end_pack();
  Status need_buffer();
  Status put(ByteView bytes);
  std::uint16_t number_of(const DataKey& key);

  Repository& repository_;
  const std::uint64_t target_pack_bytes_;
  PackDisk disk_;

  std::mutex mutex_;
  std::shared_ptr<Pack> pack_;  // being filled; none between packs
  std::unique_ptr<DiskBuffer> buffer_;
  std::uint64_t end_bytes_ = 0;  // of the pack being filled
  std::optional<Error> error_;   // the first: the pack being filled is not whole
};

}  // namespace backcast::store
