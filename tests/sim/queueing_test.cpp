// The shared link against queueing theory. Arrivals are Poisson; seeds are fixed; tolerances are
// about four standard errors of runs of this length.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "sim/model/draws.h"
#include "sim/model/outside/link.h"
#include "sim/model/portable_math.h"

namespace backcast::sim {
namespace {

constexpr double kNsPerSecond = 1e9;

struct Observed {
  double mean_sojourn_seconds = 0;
  double mean_live = 0;  // over time
  double arrivals_per_second = 0;
  double mean_per_byte_small = 0, mean_per_byte_large = 0;  // sojourn / size, by half of the law
};

// Runs until `jobs` transfers have come and gone and the link is empty.
Observed observe(Link link, double arrivals_per_second, const Distribution& size_bytes, int jobs) {
  const Draws draws(17, 0);
  Observed seen;
  std::map<std::uint64_t, std::pair<std::int64_t, std::uint64_t>> started;
  double now = 0, area = 0, small_count = 0, large_count = 0;
  std::int64_t last_ns = 0;
  const auto account = [&](std::int64_t until_ns, std::uint64_t live) {
    area += static_cast<double>(live) * static_cast<double>(until_ns - last_ns) / kNsPerSecond;
    last_ns = until_ns;
  };
  const auto drain = [&](std::int64_t until_ns) {
    while (true) {
      const std::uint64_t live = link.live();
      const auto done = link.pop(until_ns);
      if (!done) break;
      account(done->end_ns, live);
      const auto [start_ns, bytes] = started.at(done->id);
      started.erase(done->id);
      const double sojourn = static_cast<double>(done->end_ns - start_ns) / kNsPerSecond;
      seen.mean_sojourn_seconds += sojourn;
      const bool small = static_cast<double>(bytes) < size_bytes.quantile(0.5);
      (small ? seen.mean_per_byte_small : seen.mean_per_byte_large) +=
          sojourn / static_cast<double>(bytes);
      ++(small ? small_count : large_count);
    }
  };
  for (int i = 0; i < jobs; ++i) {
    const auto index = static_cast<std::uint64_t>(i);
    now -= portable_log(draws.uniform(0, Purpose::kTest, index)) / arrivals_per_second;
    const auto now_ns = static_cast<std::int64_t>(now * kNsPerSecond);
    drain(now_ns);
    account(now_ns, link.live());
    const auto bytes =
        static_cast<std::uint64_t>(std::max(1.0, size_bytes.draw(draws, 1, Purpose::kTest, index)));
    started[index] = {now_ns, bytes};
    link.start(now_ns, index, bytes);
  }
  drain(INT64_MAX);
  const double duration = static_cast<double>(last_ns) / kNsPerSecond;
  seen.mean_sojourn_seconds /= jobs;
  seen.mean_live = area / duration;
  seen.arrivals_per_second = jobs / duration;
  seen.mean_per_byte_small /= small_count;
  seen.mean_per_byte_large /= large_count;
  return seen;
}

constexpr std::uint64_t kRate = 1'000'000;

// Mean sojourn E[x] / (C (1 - load)) whatever the law of sizes, and proportional to size.
TEST(Queueing, one_shared_link_is_M_G_1_processor_sharing) {
  for (const Distribution law : {Distribution{Distribution::Kind::kFixed, 500'000, 0},
                                 Distribution{Distribution::Kind::kExponential, 500'000, 0},
                                 Distribution{Distribution::Kind::kLogNormal, 300'000, 1}}) {
    const double load = 0.6;
    const Observed seen = observe(Link(kRate), load * kRate / law.mean(), law, 150'000);
    const double expected = law.mean() / (kRate * (1 - load));
    EXPECT_NEAR(seen.mean_sojourn_seconds / expected, 1, 0.04) << static_cast<int>(law.kind);
    const double per_byte = 1 / (kRate * (1 - load));
    EXPECT_NEAR(seen.mean_per_byte_large / per_byte, 1, 0.04);
    if (law.kind != Distribution::Kind::kFixed) {
      EXPECT_NEAR(seen.mean_per_byte_small / per_byte, 1, 0.04);
    }
  }
}

// With a limit of a c-th of the link per transfer, up to c run at full speed: the number present is
// that of M/M/c, whose mean is Erlang's.
TEST(Queueing, a_limit_per_transfer_is_M_M_c) {
  constexpr int kServers = 4;
  const Distribution law{Distribution::Kind::kExponential, 100'000, 0};
  const double load = 0.75, offered = load * kServers;
  const Observed seen =
      observe(Link(kRate, kRate / kServers), load * kRate / law.mean(), law, 150'000);
  double term = 1, sum = 0;
  for (int k = 0; k < kServers; term *= offered / ++k) sum += term;
  const double waits = term / (1 - load) / (sum + term / (1 - load));  // Erlang C
  EXPECT_NEAR(seen.mean_live / (offered + waits * load / (1 - load)), 1, 0.04);
}

// L = lambda W holds in every run to rounding, for the link is empty at both ends.
TEST(Queueing, littles_law_holds_in_every_run) {
  for (const double load : {0.2, 0.9, 1.4}) {
    const Distribution law{Distribution::Kind::kLogNormal, 100'000, 1.5};
    const Observed seen = observe(Link(kRate, kRate / 3), load * kRate / law.mean(), law, 5'000);
    EXPECT_NEAR(seen.mean_live / (seen.arrivals_per_second * seen.mean_sojourn_seconds), 1, 1e-6);
  }
}

// Against a fluid simulation that recomputes every share at every change.
TEST(Queueing, agrees_with_a_fluid_brute_force_through_rate_changes_and_cancellations) {
  const Draws draws(23, 0);
  Link link(kRate, kRate / 2);
  struct Fluid {
    double left_bytes;
    Link::Handle handle;
  };
  std::map<std::uint64_t, Fluid> fluid;
  double rate = kRate;
  std::int64_t now = 0;
  std::uint64_t index = 0;
  const auto draw = [&](std::uint64_t bound) {
    return draws.below(bound, 0, Purpose::kTest, index++);
  };
  for (std::uint64_t step = 0; step < 20'000; ++step) {
    std::int64_t next = now + static_cast<std::int64_t>(draw(200'000'000));
    while (true) {  // fluid completions and the link's, side by side
      const double share =
          fluid.empty() ? 0 : std::min(rate / static_cast<double>(fluid.size()), kRate / 2.0);
      const auto first = std::min_element(fluid.begin(), fluid.end(), [](auto& a, auto& b) {
        return a.second.left_bytes < b.second.left_bytes;
      });
      const double end = first == fluid.end() || share == 0
                             ? INFINITY
                             : static_cast<double>(now) + first->second.left_bytes / share * 1e9;
      const auto done = link.pop(next);
      if (!done) {
        // The fluid may end a rounding error before `next`; the link at the next pop.
        if (end < static_cast<double>(next)) next = static_cast<std::int64_t>(end);
        for (auto& [id, f] : fluid) f.left_bytes -= share * static_cast<double>(next - now) / 1e9;
        now = next;
        break;
      }
      ASSERT_NEAR(end, static_cast<double>(done->end_ns), 1e4) << "ten microseconds";
      for (auto& [id, f] : fluid) {
        f.left_bytes -= share * static_cast<double>(done->end_ns - now) / 1e9;
      }
      ASSERT_NEAR(fluid.at(done->id).left_bytes, 0, 0.1);
      fluid.erase(done->id);
      now = done->end_ns;
    }
    const std::uint64_t what = draw(20);
    if (what == 0) {
      const std::uint64_t new_rate = draw(4) * kRate / 2;
      link.set_rate(now, new_rate);
      rate = static_cast<double>(new_rate);
    } else if (what == 1 && !fluid.empty()) {
      const auto victim = std::next(fluid.begin(), static_cast<std::ptrdiff_t>(draw(fluid.size())));
      ASSERT_NEAR(static_cast<double>(link.cancel(now, victim->second.handle)),
                  victim->second.left_bytes, 1.1);
      fluid.erase(victim);
    } else if (fluid.size() < 30) {
      const std::uint64_t bytes = 1 + draw(200'000);
      fluid[step] = {static_cast<double>(bytes), link.start(now, step, bytes)};
    }
  }
}

}  // namespace
}  // namespace backcast::sim
