// How many bytes backups store, out of what restic counts before compression.
#include "engine/policy/retention/stored_counts.h"

#include <gtest/gtest.h>
// After gtest, which it needs.
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace backcast::policy {
namespace {

using Counts = std::vector<RawCounts>;

TEST(StoredCounts, BytesThatStayCompressAsTheMeanDid) {
  const auto counts = stored_counts(Counts{{500, 500, 150}, {510, 40, 30}, {510, 60, 45}});
  ASSERT_TRUE(counts.is_stored);
  EXPECT_EQ(counts.backups[0].size_bytes, 150u);
  EXPECT_EQ(counts.backups[0].new_bytes, 150u);
  EXPECT_EQ(counts.backups[1].size_bytes, 171u);  // 470 of 30 %, and 30
  EXPECT_EQ(counts.backups[1].new_bytes, 30u);
  EXPECT_EQ(counts.backups[2].size_bytes, 196u);  // 450 × 171 ÷ 510 = 150.9, and 45
  EXPECT_EQ(counts.note,
            "restic: sizes and new bytes are as stored; of new bytes 75 % are stored, of the whole "
            "30 %");
  EXPECT_EQ(stored_counts(Counts{{500, 500, 150}}).note,
            "restic: sizes and new bytes are as stored; of the whole 30 % are stored");
}

TEST(StoredCounts, RawWhereTheWholeIsNotKnownAndNeverMixed) {
  const auto raw = [](const Counts& backups, const std::string& said) {
    const auto counts = stored_counts(backups);
    EXPECT_FALSE(counts.is_stored);
    EXPECT_NE(counts.note.find(said), std::string::npos) << counts.note;
    for (std::size_t i = 0; i < backups.size(); ++i) {
      EXPECT_EQ(counts.backups[i].size_bytes, backups[i].size_bytes);
      EXPECT_EQ(counts.backups[i].new_bytes, backups[i].new_bytes);
    }
  };
  raw({{500, 300, 150}, {510, 40, 30}}, "no backup in the list adds all that it holds");
  raw({{500, 500, 150}, {510, 40, std::nullopt}}, "not every backup says");
  raw({{500, 0, std::nullopt}}, "not every backup says");
  raw({{500, 500, 0}}, "no backup in the list");
}

TEST(StoredCounts, WhatCameBeforeTheFirstWholeCompressesAsItDoes) {
  const auto counts = stored_counts(Counts{{1000, 100, 20}, {1000, 900, 360}, {1000, 0, 0}});
  ASSERT_TRUE(counts.is_stored);
  EXPECT_EQ(counts.backups[0].size_bytes, 380u);  // 900 of 40 %, and 20
  EXPECT_EQ(counts.backups[1].size_bytes, 398u);  // 100 of 38 %, and 360
  EXPECT_EQ(counts.backups[2].size_bytes, 398u);
}

TEST(StoredCounts, FoldersCountAsNewBytesButNotInSizes) {
  const auto counts = stored_counts(Counts{{1000, 1010, 300}, {0, 7, 5}, {1000, 1000, 300}});
  ASSERT_TRUE(counts.is_stored);
  EXPECT_EQ(counts.backups[0].size_bytes, 300u);
  EXPECT_EQ(counts.backups[1].size_bytes, 0u);
  EXPECT_EQ(counts.backups[2].size_bytes, 300u);
  EXPECT_EQ(stored_counts(Counts{{10, 12, std::nullopt}}).backups[0].new_bytes, 10u);
  EXPECT_TRUE(stored_counts(Counts{}).backups.empty());
}

// A list that begins with all it holds; sizes up to the largest number there is.
Counts any_list() {
  const int bits = *rc::gen::inRange(1, 65);
  const auto up_to = [](std::uint64_t most) {
    const auto any = *rc::gen::arbitrary<std::uint64_t>();
    return most == UINT64_MAX ? any : any % (most + 1);
  };
  const std::uint64_t most = bits == 64 ? UINT64_MAX : (1ULL << bits) - 1;
  const std::uint64_t first = 1 + up_to(most - 1);
  Counts backups{{first, first, 1 + up_to(first - 1)}};
  for (int left = *rc::gen::inRange(0, 40); left > 0; --left) {
    const std::uint64_t size = up_to(most), added = up_to(size);
    backups.push_back({size, added, up_to(added)});
  }
  return backups;
}

RC_GTEST_PROP(StoredCounts, AreAtMostRawAndAtLeastWhatIsNew, ()) {
  const Counts backups = any_list();
  const auto counts = stored_counts(backups);
  RC_ASSERT(counts.is_stored);
  RC_ASSERT(counts.backups.size() == backups.size());
  for (std::size_t i = 0; i < backups.size(); ++i) {
    RC_ASSERT(counts.backups[i].new_bytes == backups[i].packed_bytes);
    RC_ASSERT(counts.backups[i].new_bytes <= counts.backups[i].size_bytes);
    RC_ASSERT(counts.backups[i].size_bytes <= backups[i].size_bytes);
  }
}

RC_GTEST_PROP(StoredCounts, AreTheRawOnesWhereNothingCompresses, ()) {
  Counts backups = any_list();
  // What seals add to them changes nothing.
  for (RawCounts& backup : backups) backup.packed_bytes = std::max(backup.new_bytes, UINT64_C(1));
  const auto counts = stored_counts(backups);
  RC_ASSERT(counts.is_stored);
  for (std::size_t i = 0; i < backups.size(); ++i) {
    RC_ASSERT(counts.backups[i].size_bytes == backups[i].size_bytes);
    RC_ASSERT(counts.backups[i].new_bytes == backups[i].new_bytes);
  }
}

}  // namespace
}  // namespace backcast::policy
