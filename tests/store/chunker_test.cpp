// Content-defined chunking: sizes within bounds, cuts that follow the content, and a secret table.
#include "engine/store/format/chunker.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace backcast::store {
namespace {

std::vector<std::uint8_t> noise(std::size_t size, unsigned seed) {
  std::mt19937_64 random(seed);
  std::vector<std::uint8_t> bytes(size);
  for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
  return bytes;
}

std::vector<std::size_t> cut(const Chunker& chunker, ByteView bytes) {
  std::vector<std::size_t> sizes;
  while (!bytes.empty()) {
    sizes.push_back(chunker.first_chunk(bytes, true));
    bytes = bytes.subspan(sizes.back());
  }
  return sizes;
}

const Secret kKey = Secret().derive(1);

TEST(Chunker, KeepsItsBoundsAndItsMean) {
  const Chunker chunker(kKey, kDataSizes);
  const auto sizes = cut(chunker, noise(64 << 20, 1));
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i) {
    EXPECT_GE(sizes[i], kDataSizes.minimum);
    EXPECT_LE(sizes[i], kDataSizes.maximum);
  }
  const double mean = double(64 << 20) / double(sizes.size());
  EXPECT_GT(mean, 110e3) << "around 128 KiB stores least";
  EXPECT_LT(mean, 170e3);
}

// A version that cuts elsewhere would store everything again.
TEST(Chunker, CutsWhereEarlierVersionsDid) {
  const auto sizes = cut(Chunker(kKey, {32 << 10, 64 << 10, 512 << 10}), noise(1 << 20, 7));
  EXPECT_EQ(sizes, (std::vector<std::size_t>{65864, 91849, 81092, 66646, 42307, 94040, 116669,
                                             95811, 76771, 63695, 55198, 90848, 80670, 27116}));
}

TEST(Chunker, FindsTheSameCutsAfterAnInsertion) {
  const Chunker chunker(kKey, kDataSizes);
  auto bytes = noise(8 << 20, 2);
  const auto ends_of = [&](std::size_t shift) {
    std::set<std::size_t> ends;
    std::size_t at = 0;
    for (const std::size_t size : cut(chunker, bytes)) ends.insert((at += size) - shift);
    return ends;
  };
  const auto before = ends_of(0);
  bytes.insert(bytes.begin(), 12345, 0x5a);
  const auto after = ends_of(12345);
  std::size_t common = 0;
  for (const std::size_t end : before) common += after.count(end);
  EXPECT_GE(common + 6, before.size());
}

TEST(Chunker, AsksForMoreExactlyWhereNoCutIsKnown) {
  const Chunker chunker(kKey, kDataSizes);
  const auto bytes = noise(16 << 20, 3);
  ByteView rest = bytes;
  // However far the bytes reach beyond the cut: the scan goes in steps, the answer does not.
  while (const std::size_t whole = chunker.first_chunk(rest, false)) {
    for (std::size_t more = 0; more < 5 && whole + more <= rest.size(); ++more) {
      EXPECT_EQ(chunker.first_chunk(rest.first(whole + more), false), whole);
    }
    if (whole < kDataSizes.maximum) {
      EXPECT_EQ(chunker.first_chunk(rest.first(whole - 1), false), 0u);
    }
    EXPECT_EQ(chunker.first_chunk(rest.first(whole - 1), true), whole - 1);
    rest = rest.subspan(whole);
  }
  EXPECT_LT(rest.size(), kDataSizes.maximum);
}

TEST(Chunker, RepeatedBytesEndAtTheMaximum) {
  const Chunker chunker(kKey, kDataSizes);
  const std::vector<std::uint8_t> zeros(4 << 20);
  for (const std::size_t size : cut(chunker, zeros)) EXPECT_GE(size, kDataSizes.minimum);
}

TEST(Chunker, AnotherSecretCutsElsewhere) {
  const auto bytes = noise(4 << 20, 4);
  EXPECT_NE(cut(Chunker(kKey, kDataSizes), bytes),
            cut(Chunker(Secret().derive(2), kDataSizes), bytes));
}

}  // namespace
}  // namespace backcast::store
