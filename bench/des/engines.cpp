// Our kernel, the textbook queue, and the limits: a presorted array, and no order at all.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <queue>

#include "bench/des/work.h"
#include "sim/kernel/kernel.h"
#include "sim/model/outside/link.h"

namespace bench_des {
namespace {

using backcast::sim::Event;
using backcast::sim::EventQueue;
using backcast::sim::pack;
using backcast::sim::unpack;

// Far enough to hide a miss, near enough to stay in the first cache.
constexpr std::size_t kPrefetchDistance = 16;

template <typename Loop>
double seconds_of(Loop&& loop) {
  const auto begin = std::chrono::steady_clock::now();
  loop();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// What tutorials write: 24 bytes, compared by time and then by order of insertion.
struct TextbookEvent {
  std::int64_t second;
  std::uint64_t sequence;
  std::uint32_t kind, service;

  bool operator<(const TextbookEvent& other) const {
    if (second != other.second) return second > other.second;
    return sequence > other.sequence;
  }
};
static_assert(sizeof(TextbookEvent) == 24);

}  // namespace

double run_kernel(Work& work) {
  EventQueue queue;
  for (std::uint32_t s = 0; s < work.services.size(); ++s) {
    queue.push({work.first_start(s), kStart, s});
  }
  const auto schedule = [&](std::int64_t second, std::uint32_t kind, std::uint32_t service) {
    queue.push({second, kind, service});
  };
  return seconds_of([&] {
    while (!queue.empty()) {
      __builtin_prefetch(&work.services[queue.entity_ahead(kPrefetchDistance)], 1);
      const Event event = queue.pop();
      if (event.kind == kStart) {
        work.start(event.second, event.entity, schedule);
      } else {
        work.end(event.second, event.entity);
      }
    }
  });
}

double run_textbook(Work& work) {
  std::priority_queue<TextbookEvent> queue;
  std::uint64_t sequence = 0;
  const auto schedule = [&](std::int64_t second, std::uint32_t kind, std::uint32_t service) {
    queue.push({second, sequence++, kind, service});
  };
  for (std::uint32_t s = 0; s < work.services.size(); ++s) {
    schedule(work.first_start(s), kStart, s);
  }
  return seconds_of([&] {
    while (!queue.empty()) {
      const TextbookEvent event = queue.top();
      queue.pop();
      if (event.kind == kStart) {
        work.start(event.second, event.service, schedule);
      } else {
        work.end(event.second, event.service);
      }
    }
  });
}

double run_presorted(Work& work) {
  std::vector<backcast::sim::EventKey> keys;
  keys.reserve(work.events());
  const auto record = [&](std::int64_t second, std::uint32_t kind, std::uint32_t service) {
    keys.push_back(pack({second, kind, service}));
  };
  for (std::uint32_t s = 0; s < work.services.size(); ++s) {
    std::int64_t now = work.first_start(s);
    record(now, kStart, s);
    while (work.services[s].day < work.days) {
      work.start(now, s, record);
      now = unpack(keys.back()).second;
    }
  }
  std::sort(keys.begin(), keys.end());
  work.services.assign(work.services.size(), {});
  std::int64_t scheduled = 0;
  const auto schedule = [&](std::int64_t second, std::uint32_t, std::uint32_t) {
    scheduled += second;
  };
  const double seconds = seconds_of([&] {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      const std::size_t ahead = std::min(i + kPrefetchDistance, keys.size() - 1);
      __builtin_prefetch(&work.services[unpack(keys[ahead]).entity], 1);
      const Event event = unpack(keys[i]);
      if (event.kind == kStart) {
        work.start(event.second, event.entity, schedule);
      } else {
        work.end(event.second, event.entity);
      }
    }
  });
  benchmark::DoNotOptimize(scheduled);
  return seconds;
}

double run_lanes(Work& work) {
  return seconds_of([&] {
    for (std::uint32_t s = 0; s < work.services.size(); ++s) {
      std::int64_t now = work.first_start(s);
      while (work.services[s].day < work.days) {
        std::int64_t end = 0, next = 0;
        work.start(now, s, [&](std::int64_t second, std::uint32_t kind, std::uint32_t) {
          (kind == kEnd ? end : next) = second;
        });
        work.end(end, s);
        now = next;
      }
    }
  });
}

LinkRun run_link(std::uint32_t transfers) {
  LinkRun run;
  run.seconds = seconds_of([&] {
    backcast::sim::Link link(static_cast<std::uint64_t>(kLinkBytesPerSecond));
    for (std::uint32_t i = 0; i < transfers; ++i) {
      link.start(0, i, static_cast<std::uint64_t>(transfer_bytes(i)));
    }
    while (const auto done = link.pop(INT64_MAX)) {
      run.sum_of_ends += static_cast<double>(done->end_ns) / 1e9;
    }
  });
  return run;
}

}  // namespace bench_des
