#include "sim/kernel/kernel.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <queue>

#include "sim/model/draws.h"

namespace backcast::sim {
namespace {

using Reference = std::priority_queue<EventKey, std::vector<EventKey>, std::greater<EventKey>>;

TEST(EventQueue, a_key_gives_back_its_event) {
  const Event event{kMaxSecond, 63, kMaxEntities - 1};
  EXPECT_EQ(unpack(pack(event)), event);
  EXPECT_LT(pack({7, 63, kMaxEntities - 1}), pack({8, 0, 0}));
  EXPECT_LT(pack({7, 1, kMaxEntities - 1}), pack({7, 2, 0}));
}

TEST(EventQueue, an_event_pushed_for_the_same_second_comes_next_whatever_its_kind) {
  EventQueue queue;
  queue.push({100, 5, 1});
  queue.push({101, 0, 2});
  EXPECT_EQ(queue.pop(), (Event{100, 5, 1}));
  queue.push({100, 2, 9});
  EXPECT_EQ(queue.pop(), (Event{100, 2, 9}));
  EXPECT_EQ(queue.pop(), (Event{101, 0, 2}));
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueue, pushing_below_a_window_that_top_has_opened_keeps_the_order) {
  EventQueue queue;
  queue.push({1'000'000, 0, 1});
  EXPECT_EQ(queue.top().second, 1'000'000);
  queue.push({5, 0, 2});
  EXPECT_EQ(queue.pop(), (Event{5, 0, 2}));
  queue.push({999'999'999, 0, 3});
  EXPECT_EQ(queue.pop(), (Event{1'000'000, 0, 1}));
  EXPECT_EQ(queue.pop(), (Event{999'999'999, 0, 3}));
}

TEST(EventQueueDeathTest, an_event_in_the_past_stops_the_program) {
  EventQueue queue;
  queue.push({10, 0, 0});
  queue.pop();
  EXPECT_DEATH(queue.push({9, 0, 0}), "now_");
}

// Gaps from nothing to decades, in bursts and lulls, so that windows are retuned both ways.
RC_GTEST_PROP(EventQueue, agrees_with_a_priority_queue, ()) {
  EventQueue queue;
  Reference reference;
  const Draws draws(*rc::gen::arbitrary<std::uint64_t>(), 0);
  const auto reach_log2 = *rc::gen::inRange(0, 31);
  std::int64_t now = 0;
  std::uint64_t index = 0;
  const auto draw = [&](std::uint64_t bound) {
    return draws.below(bound, 0, Purpose::kTest, index++);
  };
  const auto push = [&] {
    const Event event{now + static_cast<std::int64_t>(draw(1ULL << draw(reach_log2 + 1))),
                      static_cast<std::uint32_t>(draw(4)), static_cast<std::uint32_t>(draw(1000))};
    queue.push(event);
    reference.push(pack(event));
  };
  for (int i = 0; i < 500; ++i) push();
  for (int i = 0; i < 4000; ++i) {
    if (reference.empty()) push();
    if (draw(8) == 0) RC_ASSERT(pack(queue.top()) == reference.top());
    const Event event = queue.pop();
    RC_ASSERT(pack(event) == reference.top());
    reference.pop();
    now = event.second;
    for (std::uint64_t n = draw(3); n > 0; --n) push();
    RC_ASSERT(queue.size() == reference.size());
  }
}

TEST(EventQueue, a_million_events_of_one_second_come_in_order) {
  EventQueue queue;
  constexpr std::uint32_t kCount = 1'000'000;
  for (std::uint64_t i = 0; i < kCount; ++i) {
    queue.push({50, 3, static_cast<std::uint32_t>(i * 7919 % kCount)});
  }
  for (std::uint32_t i = 0; i < kCount; ++i) ASSERT_EQ(queue.pop().entity, i);
}

TEST(EventQueue, windows_follow_the_density_of_events) {
  // A thousand services over years, then a burst of a million events within one minute.
  EventQueue queue;
  Reference reference;
  const Draws draws(7, 0);
  for (std::uint32_t i = 0; i < 1000; ++i) {
    const Event event{i * 86, 1, i};
    queue.push(event);
    reference.push(pack(event));
  }
  std::int64_t now = 0;
  for (std::uint64_t i = 0; i < 400'000; ++i) {
    if (i == 200'000) {
      for (std::uint32_t k = 0; k < 200'000; ++k) {
        const Event event{now + k % 60, 2, k};
        queue.push(event);
        reference.push(pack(event));
      }
    }
    const Event event = queue.pop();
    ASSERT_EQ(pack(event), reference.top());
    reference.pop();
    now = event.second;
    if (event.kind != 1) continue;
    const Event next{now + 86'400 + static_cast<std::int64_t>(i % 100), 1, event.entity};
    queue.push(next);
    reference.push(pack(next));
  }
}

}  // namespace
}  // namespace backcast::sim
