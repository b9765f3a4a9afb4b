// Content-defined chunking: sizes within bounds, cuts that follow the content, and a secret table.
#include "engine/store/chunker.h"

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
  EXPECT_GT(mean, 60e3) << "64 to 128 KiB stores least";
  EXPECT_LT(mean, 135e3);
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
  const auto bytes = noise(2 << 20, 3);
  const std::size_t whole = chunker.first_chunk(bytes, false);
  ASSERT_GT(whole, 0u);
  EXPECT_EQ(chunker.first_chunk(ByteView(bytes).first(whole), false), whole);
  EXPECT_EQ(chunker.first_chunk(ByteView(bytes).first(whole - 1), false), 0u);
  EXPECT_EQ(chunker.first_chunk(ByteView(bytes).first(whole - 1), true), whole - 1);
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
