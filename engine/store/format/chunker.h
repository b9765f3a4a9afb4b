// Content-defined chunking: a keyed Gear hash over 64 bytes, with normalised sizes.
#pragma once

#include <array>
#include <cstdint>

#include "engine/store/format/crypto.h"

namespace backcast::store {

// Sizes in bytes; target is a power of two. No cut before `minimum`; between it and `target` cuts
// are four times rarer than 1/target, beyond it four times likelier; always at `maximum`.
// Measured on source trees, databases and vectors: around 128 KiB stores least over generations
// (smaller chunks lose in compression what they win in deduplication), and a longer minimum spares
// half of the scan. The sizes are the writer's choice: a reader takes anything up to the maximum.
struct ChunkSizes {
  std::uint32_t minimum = 0, target = 0, maximum = 0;
  bool operator==(const ChunkSizes&) const = default;
};
inline constexpr ChunkSizes kDataSizes{64 << 10, 128 << 10, 512 << 10};
inline constexpr ChunkSizes kTreeSizes{4 << 10, 16 << 10, 128 << 10};
inline constexpr std::uint32_t kMaxChunkBytes = 512 << 10;  // what a reader accepts

class Chunker {
 public:
  // The table comes from the secret, so that boundaries say little about known content.
  Chunker(const Secret& gear_key, ChunkSizes sizes);

  // Length of the first chunk of `bytes`. If `at_end` is false and no cut lies within `bytes`, 0:
  // more is needed. Never longer than sizes().maximum.
  std::size_t first_chunk(ByteView bytes, bool at_end) const;
  const ChunkSizes& sizes() const { return sizes_; }

 private:
  std::array<std::uint64_t, 256> gear_;
  ChunkSizes sizes_;
  std::uint64_t rare_below_, frequent_below_;  // a hash below it is a cut
};

}  // namespace backcast::store
