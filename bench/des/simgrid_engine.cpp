// SimGrid's timers (callbacks in a Fibonacci heap, with one actor to keep the engine running) and
// its max-min solver on one link.
#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u.hpp>

#include <chrono>

#include "bench/des/work.h"

namespace bench_des {
namespace {

using simgrid::kernel::timer::Timer;
namespace s4u = simgrid::s4u;

struct Platform {
  static inline int argc = 4;
  static inline char name[] = "des_bench", quiet[] = "--log=root.thres:error",
                     plain[] = "--cfg=network/model:CM02",
                     one_way[] = "--cfg=network/crosstraffic:0";
  static inline char* argv[] = {name, quiet, plain, one_way, nullptr};
  s4u::Engine engine{&argc, argv};
  s4u::Host *home, *away;

  Platform() {
    auto* zone = s4u::create_full_zone("zone");
    home = zone->create_host("home", "1Gf");
    away = zone->create_host("away", "1Gf");
    auto* link = zone->create_link("link", kLinkBytesPerSecond)->set_latency(0)->seal();
    zone->add_route(home->get_netpoint(), away->get_netpoint(), nullptr, nullptr,
                    {s4u::LinkInRoute(link)});
    zone->seal();
  }
};

Platform& platform() {
  static Platform instance;
  return instance;
}

void schedule(Work& work, double base, std::int64_t second, std::uint32_t kind,
              std::uint32_t service) {
  Timer::set(base + static_cast<double>(second), [&work, base, second, kind, service] {
    if (kind == kEnd) {
      work.end(second, service);
      return;
    }
    work.start(second, service, [&](std::int64_t s, std::uint32_t k, std::uint32_t id) {
      schedule(work, base, s, k, id);
    });
  });
}

}  // namespace

double run_simgrid_timers(Work& work) {
  platform();
  const double base = s4u::Engine::get_clock();
  for (std::uint32_t s = 0; s < work.services.size(); ++s) {
    schedule(work, base, work.first_start(s), kStart, s);
  }
  const double end = base + static_cast<double>(work.days + 1) * kDaySeconds;
  s4u::Actor::create("clock", platform().home, [end] { s4u::this_actor::sleep_until(end); });
  const auto begin = std::chrono::steady_clock::now();
  platform().engine.run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

LinkRun run_simgrid_link(std::uint32_t transfers) {
  Platform& p = platform();
  LinkRun run;
  const double base = s4u::Engine::get_clock();
  s4u::Actor::create("night", p.home, [&] {
    std::vector<s4u::CommPtr> pending;
    for (std::uint32_t i = 0; i < transfers; ++i) {
      pending.push_back(
          s4u::Comm::sendto_async(p.home, p.away, static_cast<std::uint64_t>(transfer_bytes(i))));
    }
    while (!pending.empty()) {
      const auto done = s4u::Comm::wait_any(pending);
      run.sum_of_ends += s4u::Engine::get_clock() - base;
      pending.erase(pending.begin() + done);
    }
  });
  const auto begin = std::chrono::steady_clock::now();
  p.engine.run();
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return run;
}

}  // namespace bench_des
