#include "engine/store/chunker.h"

#include <sodium.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace backcast::store {

Chunker::Chunker(const Secret& gear_key, ChunkSizes sizes) : sizes_(sizes) {
  std::array<std::uint8_t, sizeof(gear_)> stream;
  const std::array<std::uint8_t, crypto_stream_chacha20_NONCEBYTES> nonce{};
  crypto_stream_chacha20(stream.data(), stream.size(), nonce.data(), gear_key.view().data());
  std::memcpy(gear_.data(), stream.data(), stream.size());
  // The top bits of the hash depend on all 64 bytes of the window, the low ones on few.
  const int bits = std::countr_zero(sizes.target);
  rare_mask_ = ~std::uint64_t{0} << (64 - (bits + 2));
  frequent_mask_ = ~std::uint64_t{0} << (64 - (bits - 2));
}

std::size_t Chunker::first_chunk(ByteView bytes, bool at_end) const {
  const std::size_t end = std::min<std::size_t>(bytes.size(), sizes_.maximum);
  const auto cut_from = [&](std::size_t from, std::size_t to, std::uint64_t mask,
                            std::uint64_t& hash) -> std::size_t {
    for (std::size_t i = from; i < to; ++i) {
      hash = (hash << 1) + gear_[bytes[i]];
      if ((hash & mask) == 0) return i + 1;
    }
    return 0;
  };
  if (end > sizes_.minimum) {
    // Starting 64 bytes early gives every tested position a full window.
    std::uint64_t hash = 0;
    const std::size_t start = sizes_.minimum - 64;
    for (std::size_t i = start; i < sizes_.minimum; ++i) hash = (hash << 1) + gear_[bytes[i]];
    const std::size_t middle = std::min<std::size_t>(end, sizes_.target);
    if (const auto cut = cut_from(sizes_.minimum, middle, rare_mask_, hash)) return cut;
    if (const auto cut = cut_from(middle, end, frequent_mask_, hash)) return cut;
  }
  if (end == sizes_.maximum || at_end) return end;
  return 0;
}

}  // namespace backcast::store
