#include "sim/model/outside/link.h"

#include <gtest/gtest.h>

namespace backcast::sim {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;

TEST(Link, two_transfers_share_equally_and_the_longer_speeds_up) {
  Link link(100);
  link.start(0, 1, 1000);
  link.start(0, 2, 500);
  const auto first = link.pop(100 * kSecondNs);
  const auto second = link.pop(100 * kSecondNs);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->id, 2u);
  EXPECT_EQ(first->end_ns, 10 * kSecondNs);
  EXPECT_EQ(second->end_ns, 15 * kSecondNs);
  EXPECT_EQ(link.moved_bytes(), 1500u);
}

TEST(Link, a_link_that_is_down_ends_nothing_until_it_is_up_again) {
  Link link(100);
  link.start(0, 1, 1000);
  link.set_rate(4 * kSecondNs, 0);
  EXPECT_FALSE(link.next_end_ns());
  link.set_rate(20 * kSecondNs, 100);
  EXPECT_EQ(link.next_end_ns(), 26 * kSecondNs);
}

TEST(Link, a_limit_per_transfer_leaves_the_rest_of_the_link_unused) {
  Link link(100, 30);
  link.start(0, 1, 300);
  EXPECT_EQ(link.next_end_ns(), 10 * kSecondNs);
  for (std::uint64_t id = 2; id <= 5; ++id) link.start(0, id, 300);
  EXPECT_EQ(link.next_end_ns(), 15 * kSecondNs);
}

TEST(Link, cancelling_returns_what_is_left) {
  Link link(100);
  const auto handle = link.start(0, 1, 1000);
  link.start(0, 2, 1000);
  EXPECT_EQ(link.cancel(4 * kSecondNs, handle), 800u);
  EXPECT_EQ(link.next_end_ns(), 12 * kSecondNs);
}

}  // namespace
}  // namespace backcast::sim
