// SimGrid's timers: callbacks in a Fibonacci heap, with one actor to keep the engine running.
#include <simgrid/kernel/Timer.hpp>
#include <simgrid/s4u.hpp>

#include <chrono>

#include "bench/des/work.h"

namespace bench_des {
namespace {

using simgrid::kernel::timer::Timer;
namespace s4u = simgrid::s4u;

s4u::Engine& engine() {
  static int argc = 1;
  static char name[] = "des_bench";
  static char* argv[] = {name, nullptr};
  static s4u::Engine instance(&argc, argv);
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
  s4u::Engine& e = engine();
  static s4u::Host* host = [&] {
    auto* zone = s4u::create_full_zone("zone");
    auto* made = zone->create_host("host", "1Gf");
    zone->seal();
    return made;
  }();
  const double base = s4u::Engine::get_clock();
  for (std::uint32_t s = 0; s < work.services.size(); ++s) {
    schedule(work, base, work.first_start(s), kStart, s);
  }
  const double end = base + static_cast<double>(work.days + 1) * kDaySeconds;
  s4u::Actor::create("clock", host, [end] { s4u::this_actor::sleep_until(end); });
  const auto begin = std::chrono::steady_clock::now();
  e.run();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace bench_des
