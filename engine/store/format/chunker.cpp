#include "engine/store/format/chunker.h"

#include <sodium.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace backcast::store {

Chunker::Chunker(const Secret& gear_key, ChunkSizes sizes) : sizes_(sizes) {
  const StackWipe wipe;
  std::array<std::uint8_t, sizeof(gear_)> stream;
  const std::array<std::uint8_t, crypto_stream_chacha20_NONCEBYTES> nonce{};
  crypto_stream_chacha20(stream.data(), stream.size(), nonce.data(), gear_key.view().data());
  std::memcpy(gear_.data(), stream.data(), stream.size());
  sodium_memzero(stream.data(), stream.size());
  // The top bits of the hash depend on all 64 bytes of the window, the low ones on few: a cut is
  // where enough of the top bits are zero.
  const int bits = std::countr_zero(sizes.target);
  rare_below_ = std::uint64_t{1} << (64 - (bits + 2));
  frequent_below_ = std::uint64_t{1} << (64 - (bits - 2));
}

std::size_t Chunker::first_chunk(ByteView bytes, bool at_end) const {
  const std::size_t end = std::min<std::size_t>(bytes.size(), sizes_.maximum);
  const std::uint8_t* const data = bytes.data();
  // Four bytes a step: their hashes need only the one before the step, not each other, and one
  // branch tells that none of them is a cut.
  const auto cut_from = [&](std::size_t from, std::size_t to, std::uint64_t below,
                            std::uint64_t& hash) -> std::size_t {
    std::size_t i = from;
    for (; i + 4 <= to; i += 4) {
      const std::uint64_t a = gear_[data[i]], b = gear_[data[i + 1]];
      const std::uint64_t c = gear_[data[i + 2]], d = gear_[data[i + 3]];
      const std::uint64_t ab = (a << 1) + b;
      const std::uint64_t first = (hash << 1) + a, second = (hash << 2) + ab;
      const std::uint64_t third = (hash << 3) + (ab << 1) + c;
      const std::uint64_t fourth = (hash << 4) + (ab << 2) + (c << 1) + d;
      if (std::min(std::min(first, second), std::min(third, fourth)) < below) {
        return i + (first < below ? 1 : second < below ? 2 : third < below ? 3 : 4);
      }
      hash = fourth;
    }
    for (; i < to; ++i) {
      hash = (hash << 1) + gear_[data[i]];
      if (hash < below) return i + 1;
    }
    return 0;
  };
  if (end > sizes_.minimum) {
    // Starting 64 bytes early gives every tested position a full window.
    std::uint64_t hash = 0;
    const std::size_t start = sizes_.minimum - 64;
    for (std::size_t i = start; i < sizes_.minimum; ++i) hash = (hash << 1) + gear_[data[i]];
    const std::size_t middle = std::min<std::size_t>(end, sizes_.target);
    if (const auto cut = cut_from(sizes_.minimum, middle, rare_below_, hash)) return cut;
    if (const auto cut = cut_from(middle, end, frequent_below_, hash)) return cut;
  }
  if (end == sizes_.maximum || at_end) return end;
  return 0;
}

}  // namespace backcast::store
