// Transfers that start at any time over one link, with and without a limit per transfer: every end
// must be the one that SimGrid's solver finds.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <simgrid/s4u.hpp>
#include <string>
#include <vector>

#include "sim/model/draws.h"
#include "sim/model/outside/link.h"

namespace backcast::sim {
namespace {

namespace s4u = simgrid::s4u;

constexpr std::uint64_t kRate = 1'000'000, kTransfers = 300;

struct Transfer {
  std::int64_t start_ns = 0;
  std::uint64_t bytes = 0;
};

std::vector<Transfer> transfers(std::uint32_t entity) {
  const Draws draws(41, 0);
  std::vector<Transfer> result;
  std::int64_t now_ns = 0;
  for (std::uint64_t i = 0; i < kTransfers; ++i) {
    now_ns += static_cast<std::int64_t>(draws.below(400'000'000, entity, Purpose::kTest, 2 * i));
    const std::uint64_t bytes = 1 + draws.below(500'000, entity, Purpose::kTest, 2 * i + 1);
    result.push_back({now_ns, bytes});
  }
  return result;
}

std::vector<double> by_link(const std::vector<Transfer>& all, std::uint64_t per_transfer) {
  Link link(kRate, per_transfer);
  std::vector<double> ends(all.size());
  const auto drain = [&](std::int64_t until_ns) {
    while (const auto done = link.pop(until_ns)) {
      ends[done->id] = static_cast<double>(done->end_ns) / 1e9;
    }
  };
  for (std::size_t i = 0; i < all.size(); ++i) {
    drain(all[i].start_ns);
    link.start(all[i].start_ns, i, all[i].bytes);
  }
  drain(INT64_MAX);
  EXPECT_TRUE(link.obeys_littles_law());
  return ends;
}

// One engine serves the whole process; each case has hosts and a link of its own in it.
struct Platform {
  static inline int argc = 4;
  static inline char name[] = "oracle", quiet[] = "--log=root.thres:error",
                     plain[] = "--cfg=network/model:CM02",
                     one_way[] = "--cfg=network/crosstraffic:0";
  static inline char* argv[] = {name, quiet, plain, one_way, nullptr};
  s4u::Engine engine{&argc, argv};
};

std::vector<double> by_simgrid(const std::vector<Transfer>& all, std::uint64_t per_transfer) {
  Platform platform;
  auto* zone = s4u::create_full_zone("zone");
  auto* link = zone->create_link("link", static_cast<double>(kRate))->set_latency(0)->seal();
  std::vector<double> ends(all.size());
  std::vector<s4u::Host*> sources, targets;
  for (std::size_t i = 0; i < all.size(); ++i) {
    sources.push_back(zone->create_host("from" + std::to_string(i), "1Gf"));
    targets.push_back(zone->create_host("to" + std::to_string(i), "1Gf"));
    std::vector<s4u::LinkInRoute> route{s4u::LinkInRoute(link)};
    if (per_transfer > 0) {  // a limit of its own is a narrow link of its own
      route.emplace_back(
          zone->create_link("own" + std::to_string(i), static_cast<double>(per_transfer))
              ->set_latency(0)
              ->seal());
    }
    zone->add_route(sources[i]->get_netpoint(), targets[i]->get_netpoint(), nullptr, nullptr,
                    route);
  }
  zone->seal();
  for (std::size_t i = 0; i < all.size(); ++i) {
    s4u::Actor::create("transfer", sources[i], [&, i] {
      s4u::this_actor::sleep_until(static_cast<double>(all[i].start_ns) / 1e9);
      s4u::Comm::sendto(sources[i], targets[i], all[i].bytes);
      ends[i] = s4u::Engine::get_clock();
    });
  }
  platform.engine.run();
  return ends;
}

void expect_same_ends(std::uint32_t entity, std::uint64_t per_transfer) {
  const auto all = transfers(entity);
  const auto ours = by_link(all, per_transfer), theirs = by_simgrid(all, per_transfer);
  double our_sum = 0, their_sum = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    ASSERT_NEAR(ours[i], theirs[i], 1e-6) << "transfer " << i;
    our_sum += ours[i];
    their_sum += theirs[i];
  }
  EXPECT_NEAR(our_sum / their_sum, 1, 1e-9);
}

// Each in a process of its own: SimGrid has one engine per process (ctest runs them apart).
TEST(LinkOracle, shared_by_all) {
  expect_same_ends(0, 0);
}

TEST(LinkOracle, with_a_limit_per_transfer) {
  expect_same_ends(1, kRate / 4);
}

}  // namespace
}  // namespace backcast::sim
