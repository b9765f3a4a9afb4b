// Bytes that several hold and one store keeps once: closed forms and bounds.
#include "sim/sums/common_part.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "sim/model/draws.h"

namespace backcast::sim {
namespace {

struct Store {
  explicit Store(std::uint64_t bytes)
      : part(bytes, [this](CommonPart::Holder holder, std::uint64_t bytes_elsewhere) {
          elsewhere[holder] = bytes_elsewhere;
        }) {}
  void holds(CommonPart::Holder holder, std::uint64_t bytes) {
    held[holder] = bytes;
    part.holds(holder, bytes);
  }
  std::uint64_t stored() {
    std::uint64_t sum = 0;
    for (const auto& [holder, bytes] : held) sum += bytes - elsewhere[holder];
    return sum;
  }

  std::map<CommonPart::Holder, std::uint64_t> held, elsewhere;
  CommonPart part;
};

TEST(CommonPart, WhatAllHoldWholeIsStoredOnce) {
  Store store(1'000'000'007);
  for (CommonPart::Holder h = 0; h < 50; ++h) store.holds(h, 1'000'000'007);
  EXPECT_EQ(store.stored(), 1'000'000'007u);
  EXPECT_EQ(store.elsewhere[0], 0u);
  EXPECT_EQ(store.elsewhere[49], 1'000'000'007u);
}

TEST(CommonPart, OfIndependentSharesTheUnionIsStored) {
  Store store(1'000'000);
  store.holds(4, 500'000);
  store.holds(2, 500'000);
  EXPECT_EQ(store.stored(), 750'000u);
  store.holds(9, 100'000);
  EXPECT_EQ(store.stored(), 775'000u);
  EXPECT_EQ(store.part.elsewhere_if_joined(100'000), 77'500u);
}

TEST(CommonPart, ThatOfTheOldestHolderGoesOverToTheNextWhenItLeaves) {
  Store store(1000);
  store.holds(7, 1000);
  store.holds(3, 1000);
  EXPECT_EQ(store.elsewhere[3], 1000u);
  EXPECT_EQ(store.part.kept_by_others(7, 1000), 1000u);
  store.holds(7, 0);
  EXPECT_EQ(store.elsewhere[3], 0u);
  EXPECT_EQ(store.part.kept_by_others(3, 1000), 0u);  // the last: all of it goes
  store.holds(7, 1000);                               // back again, as the youngest
  EXPECT_EQ(store.elsewhere[7], 1000u);
  EXPECT_EQ(store.stored(), 1000u);
}

TEST(CommonPart, NothingIsCommonOfNothing) {
  Store store(0);
  store.holds(1, 5);
  store.holds(2, 5);
  EXPECT_EQ(store.elsewhere[1] + store.elsewhere[2], 0u);
}

// Whatever comes and goes: between the most of one and the sum of all, near the union.
TEST(CommonPart, IsNeverLessThanOneHoldsNorMoreThanAll) {
  const Draws draws(1, 0);
  std::uint64_t index = 0;
  for (int round = 0; round < 200; ++round) {
    constexpr std::uint64_t kBytes = 1 << 30;
    Store store(kBytes);
    for (int step = 0; step < 40; ++step) {
      const auto holder =
          static_cast<CommonPart::Holder>(draws.below(8, 0, Purpose::kTest, index++));
      const std::uint64_t kind = draws.below(4, 0, Purpose::kTest, index++);
      store.holds(holder, kind == 0   ? 0
                          : kind == 1 ? kBytes
                                      : draws.below(kBytes, 0, Purpose::kTest, index++));
      std::uint64_t most = 0, sum = 0;
      double missing = 1;
      for (const auto& [h, bytes] : store.held) {
        ASSERT_LE(store.elsewhere[h], bytes);
        most = std::max(most, bytes);
        sum += bytes;
        missing *= 1 - static_cast<double>(bytes) / kBytes;
      }
      ASSERT_GE(store.stored() + 8, most);  // a byte of rounding for each
      ASSERT_LE(store.stored(), sum);
      ASSERT_NEAR(static_cast<double>(store.stored()), kBytes * (1 - missing), 9);
    }
  }
}

}  // namespace
}  // namespace backcast::sim
