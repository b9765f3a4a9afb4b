// The one same work of every engine: M services, each with a daily start with jitter; each start
// schedules the next start and one job end. Two events per service and day, 16 bytes of state.
#pragma once

#include <cstdint>
#include <vector>

namespace bench_des {

inline constexpr std::uint32_t kEnd = 0, kStart = 1;
inline constexpr std::int64_t kDaySeconds = 86'400;

// splitmix64's finalizer (Steele, Lea, Flood, OOPSLA 2014).
inline std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}
inline std::int64_t scaled(std::uint32_t random, std::uint32_t range) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(random) * range >> 32);
}

struct Service {
  std::uint64_t checksum = 0;
  std::uint32_t day = 0;
  std::uint32_t ended = 0;
};

struct Work {
  std::vector<Service> services;
  std::uint32_t days;

  Work(std::uint32_t service_count, std::uint32_t day_count)
      : services(service_count), days(day_count) {}

  std::int64_t first_start(std::uint32_t service) const {
    return scaled(static_cast<std::uint32_t>(mix(service)), 82'800);
  }
  std::uint64_t events() const { return 2ULL * services.size() * days; }

  // schedule(second, kind, service) files an event.
  template <typename Schedule>
  void start(std::int64_t now, std::uint32_t service, Schedule&& schedule) {
    Service& state = services[service];
    const std::uint64_t random = mix(static_cast<std::uint64_t>(service) << 32 | state.day);
    schedule(now + 60 + scaled(static_cast<std::uint32_t>(random), 7'140), kEnd, service);
    if (++state.day < days) {
      const std::int64_t jitter = scaled(static_cast<std::uint32_t>(random >> 32), 3'600);
      schedule(state.day * kDaySeconds + first_start(service) + jitter, kStart, service);
    }
  }
  void end(std::int64_t now, std::uint32_t service) {
    Service& state = services[service];
    state.checksum = (state.checksum ^ static_cast<std::uint64_t>(now)) * 0x9E3779B97F4A7C15ULL;
    ++state.ended;
  }
  std::uint64_t checksum() const {
    std::uint64_t sum = 0;
    for (const Service& s : services) sum += s.checksum * (s.ended + 1);
    return sum;
  }
};

// Each runs the whole work and returns the seconds its event loop took; the events that start the
// work are filed before the clock starts.
using Engine = double (*)(Work&);
double run_kernel(Work& work);
double run_textbook(Work& work);
double run_presorted(Work& work);
double run_lanes(Work& work);
double run_ns3(Work& work);
double run_simgrid_timers(Work& work);

// One night on one shared link: every transfer starts at once and all share it equally.
inline constexpr double kLinkBytesPerSecond = 125'000'000;
inline double transfer_bytes(std::uint32_t i) {
  return 1e8 + static_cast<double>(scaled(static_cast<std::uint32_t>(mix(i)), 4'000'000'000U));
}
struct LinkRun {
  double seconds = 0;      // of wall time
  double sum_of_ends = 0;  // instants at which transfers ended, in seconds
};
LinkRun run_link(std::uint32_t transfers);
LinkRun run_simgrid_link(std::uint32_t transfers);

}  // namespace bench_des
