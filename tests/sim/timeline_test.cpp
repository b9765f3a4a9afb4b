// Spans in which a limit is broken, against looking at every single second.
#include "sim/requirements/newest_age.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace backcast::sim {
namespace {

Instant sec(int s) {
  return from_unix_seconds(s);
}

std::vector<PointInTime> some_points() {
  std::vector<PointInTime> points;
  const int count = *rc::gen::inRange(0, 8);
  for (int i = 0; i < count; ++i) {
    const int born = *rc::gen::inRange(0, 100);
    const int available = born + *rc::gen::inRange(0, 20);
    const int deleted = available + *rc::gen::inRange(0, 60);
    points.push_back({sec(born), sec(available),
                      *rc::gen::arbitrary<bool>() ? kNever : sec(deleted),
                      static_cast<std::uint32_t>(i)});
  }
  return points;
}

bool is_there(const PointInTime& p, Instant t) {
  return p.available <= t && t < p.deleted;
}

// The seconds in which a predicate fails, as spans.
template <typename Fails>
std::vector<Span> brute_force(int from, int until, Fails fails) {
  std::vector<Span> spans;
  for (int s = from; s < until; ++s) {
    if (fails(sec(s))) spans.push_back({sec(s), sec(s + 1)});
  }
  return joined(spans);
}

RC_GTEST_PROP(Timeline, StaleSpansAreThoseOfEverySecond, ()) {
  const auto points = some_points();
  const int limit = *rc::gen::inRange(1, 50), from = *rc::gen::inRange(0, 50);
  const Span checked{sec(from), sec(120)};
  const auto newest = [&](Instant t) {
    Instant best = sec(0);
    for (const auto& p : points) {
      if (is_there(p, t)) best = std::max(best, p.born);
    }
    return best;
  };
  const auto steps = age_steps(points, checked, sec(0));
  const auto spans = stale_spans(steps, std::chrono::seconds(limit));
  RC_ASSERT(spans == brute_force(from, 120, [&](Instant t) {
              return t - newest(t) >= std::chrono::seconds(limit);
            }));
  // The largest age just before each second's end.
  Duration expected{0};
  for (int s = from; s < 120; ++s) expected = std::max(expected, sec(s + 1) - newest(sec(s)));
  RC_ASSERT(worst(steps)->until - worst(steps)->born == expected);
}

RC_GTEST_PROP(Timeline, SparseSpansAreThoseOfEverySecond, ()) {
  const auto points = some_points();
  const auto at_least = static_cast<std::uint32_t>(*rc::gen::inRange(1, 4));
  const int within = *rc::gen::inRange(0, 60);
  const auto count = [&](Instant t) {
    return std::count_if(points.begin(), points.end(), [&](const PointInTime& p) {
      return is_there(p, t) && (within == 0 || t < p.born + std::chrono::seconds(within));
    });
  };
  std::uint32_t fewest = 0;
  const auto spans =
      sparse_spans(points, {sec(0), sec(120)}, at_least, std::chrono::seconds(within), &fewest);
  std::int64_t least = count(sec(0));
  for (int s = 0; s < 120; ++s) least = std::min<std::int64_t>(least, count(sec(s)));
  RC_ASSERT(fewest == static_cast<std::uint32_t>(least));
  RC_ASSERT(spans == brute_force(0, 120, [&](Instant t) {
              return count(t) < static_cast<std::int64_t>(at_least);
            }));
}

RC_GTEST_PROP(Timeline, UncoveredSpansAreThoseOfEverySecond, ()) {
  const auto points = some_points();
  const int youngest = *rc::gen::inRange(0, 40), oldest = youngest + *rc::gen::inRange(1, 40);
  const auto spans = uncovered_spans(points, {sec(10), sec(120)}, std::chrono::seconds(youngest),
                                     std::chrono::seconds(oldest));
  RC_ASSERT(spans == brute_force(10, 120, [&](Instant t) {
              return std::none_of(points.begin(), points.end(), [&](const PointInTime& p) {
                return is_there(p, t) && t >= p.born + std::chrono::seconds(youngest) &&
                       t < p.born + std::chrono::seconds(oldest);
              });
            }));
}

TEST(Timeline, NoPointAtAllIsStaleFromTheLimitOn) {
  const auto steps = age_steps({}, {sec(0), sec(100)}, sec(0));
  const auto spans = stale_spans(steps, std::chrono::seconds(30));
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].from, sec(30));
  EXPECT_EQ(worst(steps)->until - worst(steps)->born, std::chrono::seconds(100));
}

TEST(Timeline, SpansAboveALimit) {
  std::uint64_t highest = 0;
  const auto spans = spans_above({{sec(0), 5}, {sec(10), 20}, {sec(15), 21}, {sec(30), 3}},
                                 {sec(0), sec(40)}, 19, &highest);
  EXPECT_EQ(spans, (std::vector<Span>{{sec(10), sec(30)}}));
  EXPECT_EQ(highest, 21u);
}

}  // namespace
}  // namespace backcast::sim
